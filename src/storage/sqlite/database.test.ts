import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase, type SchemaVersions } from './database.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coracle-database-'));
  file = join(folder, 'state.db');
  const database = openDatabase(file);
  database.exec(`INSERT INTO log VALUES (2, '/a', 2, 0, 0, NULL, x'01')`);
  database.close();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** As many versions on from the present one as there are steps. */
const later = (...steps: readonly string[]): SchemaVersions => ({
  newest: 1 + steps.length,
  migrations: new Map(steps.map((sql, at) => [1 + at, (database) => database.exec(sql)])),
});

describe('a file of an older schema', () => {
  test('is migrated step by step, and not again', () => {
    const versions = later('ALTER TABLE log ADD COLUMN note TEXT', `UPDATE log SET note = 'seen by ' || id`);
    for (let time = 0; time < 2; time++) {
      const database = openDatabase(file, { versions });
      expect(database.prepare('SELECT key, note FROM log').all()).toEqual([{ key: '/a', note: 'seen by 2' }]);
      expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 3 });
      database.close();
    }
    // Who knows less refuses it now.
    expect(() => openDatabase(file)).toThrow(/newer version \(schema 3; this one knows up to 1\)/);
  });

  test('stays as it was when a step fails, or there is none', () => {
    expect(() => openDatabase(file, { versions: later('ALTER TABLE log ADD COLUMN note TEXT', 'nonsense') })).toThrow(/nonsense/);
    expect(() => openDatabase(file, { versions: { newest: 2, migrations: new Map() } })).toThrow('there is no way from schema 1 to 2');
    const database = openDatabase(file);
    expect(database.prepare('SELECT * FROM log').all()).toEqual([
      { id: 2, key: '/a', create_revision: 2, replaced: 0, deleted: 0, expires: null, value: new Uint8Array([1]) },
    ]);
    database.close();
  });
});
