import { describe, expect, test } from '@jest/globals';
import { CommandError, type CommandRunner } from '../../base/command.ts';
import { installMissing, isInstalled, nodeNeeds } from './packages.ts';

/** Fails as many calls as there are texts, each with that text on standard error; '' succeeds. */
function recorder(results: string[]): { run: CommandRunner; calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    run: (command, args) => {
      calls.push([command, ...args].join(' '));
      const stderr = results.shift() ?? '';
      return stderr === '' ? Promise.resolve('') : Promise.reject(new CommandError(command, 100, stderr));
    },
  };
}

function said(): { reporter: { step(text: string): void; note(): void }; lines: string[] } {
  const lines: string[] = [];
  return { lines, reporter: { step: (text) => lines.push(text), note: () => undefined } };
}

describe('packages', () => {
  test('nothing is touched when all is there', async () => {
    const { run, calls } = recorder([]);
    expect(await installMissing(nodeNeeds, { run, reporter: said().reporter, installed: () => true })).toBeUndefined();
    expect(calls).toEqual([]);
  });

  test('each missing package is announced in one line; a stale package list is refreshed once', async () => {
    const { run, calls } = recorder(['E: Unable to locate package nftables\n']);
    const { reporter, lines } = said();
    expect(
      await installMissing(nodeNeeds, { run, reporter, installed: (program) => program === 'apt-get' || program === 'ip' }),
    ).toBeUndefined();
    expect(lines).toEqual([
      'installing Docker Engine (apt package docker.io)',
      'installing nftables (apt package nftables)',
      'installing conntrack (apt package conntrack)',
    ]);
    expect(calls).toEqual([
      'env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io nftables conntrack',
      'env DEBIAN_FRONTEND=noninteractive apt-get update -qq',
      'env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io nftables conntrack',
    ]);
  });

  test('a failure is one line with apt’s reason', async () => {
    const failed = 'W: x\nE: Could not get lock\n';
    const { run } = recorder([failed, '', failed]);
    const reason = await installMissing(nodeNeeds.slice(1, 2), {
      run,
      reporter: said().reporter,
      installed: (program) => program === 'apt-get',
    });
    expect(reason).toBe('apt-get install nftables failed: E: Could not get lock');
  });

  test('without apt the missing parts are named', async () => {
    const { run } = recorder([]);
    expect(await installMissing(nodeNeeds, { run, reporter: said().reporter, installed: () => false })).toMatch(
      /Docker Engine, nftables, iproute2, conntrack/,
    );
  });

  test('programs are looked for in sbin too', () => {
    expect(isInstalled('sh')).toBe(true);
    expect(isInstalled('no-such-program')).toBe(false);
  });
});
