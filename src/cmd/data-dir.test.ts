import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createAuthority } from '../auth/certificates.ts';
import { claim, findDataDir, joinSecret, openDataDir, runningProcess } from './data-dir.ts';

const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'coracle-data-')), 'data');

describe('data folder', () => {
  test('belongs to its owner and keeps its instance', () => {
    const path = fresh();
    expect(findDataDir(path)).toBeUndefined();
    const first = openDataDir(path);
    expect(first.instance).toMatch(/^[0-9a-f]{6}$/);
    expect(openDataDir(path)).toEqual(first);
    expect(findDataDir(path)).toEqual(first);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  test('a token is made once, or taken over', async () => {
    const { path } = openDataDir(fresh());
    const { cert } = await createAuthority('x', Date.now());
    const made = joinSecret(path, undefined, cert);
    expect(joinSecret(path, undefined, cert)).toBe(made);
    expect(joinSecret(path, 'given', cert)).toBe('given');
    expect(joinSecret(path, undefined, cert)).toBe('given');
    expect(readFileSync(join(path, 'token'), 'utf8')).toMatch(/^K10[0-9a-f]{64}::given\n$/);
    expect(statSync(join(path, 'token')).mode & 0o777).toBe(0o600);
  });

  test('one process at a time; a stale claim does not count', async () => {
    const { path } = openDataDir(fresh());
    const held = claim(path);
    expect(runningProcess(path)).toBe(process.pid);
    expect(() => claim(path)).toThrow(/in use by process/);
    const text = readFileSync(join(path, 'coracle.pid'), 'utf8');
    await held.stop();
    expect(runningProcess(path)).toBeUndefined();
    writeFileSync(join(path, 'coracle.pid'), text.replace(/ .*/, ' 1'));
    expect(runningProcess(path)).toBeUndefined();
  });

  test('a folder that cannot be made is refused in one line', () => {
    expect(() => openDataDir('/dev/null/x')).toThrow(/--data-dir \/dev\/null\/x: cannot be used \(ENOTDIR\)/);
  });
});
