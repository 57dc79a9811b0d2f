import { expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { controllers } from './index.ts';
import type { Controller } from './shared/controller.ts';

const helpers = ['shared', 'testing'];

function isController(value: unknown): value is Controller {
  return typeof value === 'object' && value !== null && 'start' in value && 'watches' in value;
}

test('every folder has its controllers in the list', async () => {
  const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !helpers.includes(entry.name),
  );
  for (const { name } of folders) {
    const files = readdirSync(join(import.meta.dirname, name)).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
    const modules = await Promise.all(files.map((file) => import(`./${name}/${file}`) as Promise<Record<string, unknown>>));
    const found = modules.flatMap((module) => Object.values(module)).filter(isController);
    expect([name, found.length]).not.toEqual([name, 0]);
    for (const controller of found) expect(controllers).toContain(controller);
  }
});

test('each has a name of its own', () => {
  const names = controllers.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});
