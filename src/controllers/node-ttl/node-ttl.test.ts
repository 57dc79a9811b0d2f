import { expect, test } from '@jest/globals';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { refs } from '../../client/refs.ts';
import { startBench } from '../testing/bench.ts';
import { nodeTtlController, stepFor } from './index.ts';

const seed = (client: FakeClient, at: number, annotations?: Record<string, string>): void =>
  void client.seed(refs.nodes, {
    metadata: { name: `n${String(at)}`, uid: String(at), ...(annotations === undefined ? {} : { annotations }) },
  });
const shown = (client: FakeClient, at: number): unknown => client.peek(refs.nodes, `n${String(at)}`)?.metadata.annotations;

test('every node is told; more than a hundred may keep what they read for 15 seconds, until fewer than 90 are left', async () => {
  await using bench = await startBench([nodeTtlController], { seed: (client) => seed(client, 0, { own: 'x' }) });
  expect(shown(bench.client, 0)).toEqual({ own: 'x', 'node.alpha.kubernetes.io/ttl': '0' });
  for (let at = 1; at <= 100; at++) seed(bench.client, at);
  for (let round = 0; round < 10; round++) await bench.settle();
  for (const at of [0, 50, 100]) expect(shown(bench.client, at)).toMatchObject({ 'node.alpha.kubernetes.io/ttl': '15' });
  for (let at = 100; at > 88; at--) bench.client.remove(refs.nodes, `n${String(at)}`);
  for (let round = 0; round < 10; round++) await bench.settle();
  expect(shown(bench.client, 0)).toMatchObject({ 'node.alpha.kubernetes.io/ttl': '0' });
});

test('what somebody writes over it is put right', async () => {
  await using bench = await startBench([nodeTtlController], { seed: (client) => seed(client, 0) });
  seed(bench.client, 0, { 'node.alpha.kubernetes.io/ttl': 'soon' });
  await bench.settle();
  expect(shown(bench.client, 0)).toEqual({ 'node.alpha.kubernetes.io/ttl': '0' });
});

test('steps overlap', () => {
  expect([stepFor(100, 0), stepFor(101, 0), stepFor(90, 1), stepFor(89, 1), stepFor(5000, 0), stepFor(1000, 4)]).toEqual([
    0, 1, 1, 0, 4, 3,
  ]);
});
