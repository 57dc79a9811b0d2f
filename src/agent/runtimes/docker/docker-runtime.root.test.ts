/** Needs root and a Docker Engine. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { importImages } from '../../../../test/support/image.ts';
import { realClock } from '../../../base/clock.ts';
import { silentLogger } from '../../../base/logger.ts';
import { runtimeContract, sandboxConfig } from '../contract.ts';
import { startDocker } from './docker-runtime.ts';
import { createEngine } from './engine.ts';
import { sandboxImages } from './pause-image.ts';

const image = 'coracle.test/web:v1';

beforeAll(() => {
  importImages([{ name: image, changes: ['ENV VERSION=v1', 'CMD ["/bin/node","/srv/web.mjs","serve"]'] }]);
}, 60_000);

const socket = '/var/run/docker.sock';
const open = () => startDocker({ socket, clock: realClock, logger: silentLogger, instance: 'c0ffee', node: 'contract' });

test('sandbox images that were pruned are loaded again', async () => {
  const runtime = await open();
  const engine = createEngine(socket);
  try {
    for (const image of Object.values(sandboxImages))
      await engine.json({ method: 'DELETE', path: `/images/${image}`, query: { force: '1' } });
    const sandbox = await runtime.runSandbox(sandboxConfig(randomUUID()));
    expect(sandbox.running).toBe(true);
    await runtime.removeSandbox(sandbox.id);
  } finally {
    engine.close();
    await runtime.stop();
  }
}, 30_000);

runtimeContract({
  open,
  image,
  real: true,
});
