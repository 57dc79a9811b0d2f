import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestServer, type TestServer } from '../../src/apiserver/testing/server.ts';
import { refs } from '../../src/client/refs.ts';
import { samples } from '../compare/cases/samples.ts';
import { holes } from './holes.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.client.resource(refs.namespaces).create('', { metadata: { name: 'holes' }, spec: {} });
});
afterAll(() => server.stop());

test.each([...new Set(samples.map(({ kind }) => kind))])(
  'no place of a %s breaks the server',
  async (kind) => {
    const chosen = samples.filter((sample) => sample.kind === kind);
    expect(await holes(server.registry, 'holes', chosen)).toEqual([]);
  },
  120_000,
);
