/** Needs root and a Docker Engine. */
import { beforeAll } from '@jest/globals';
import { importImages } from '../../../../test/support/image.ts';
import { realClock } from '../../../base/clock.ts';
import { silentLogger } from '../../../base/logger.ts';
import { runtimeContract } from '../contract.ts';
import { startDocker } from './docker-runtime.ts';

const image = 'coracle.test/web:v1';

beforeAll(() => {
  importImages([{ name: image, changes: ['ENV VERSION=v1', 'CMD ["/bin/node","/srv/web.mjs","serve"]'] }]);
}, 60_000);

runtimeContract({
  open: () => startDocker({ socket: '/var/run/docker.sock', clock: realClock, logger: silentLogger, instance: 'c0ffee', node: 'contract' }),
  image,
  real: true,
});
