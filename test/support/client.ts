import { readFileSync } from 'node:fs';
import type { Running } from '../../src/base/lifecycle.ts';
import type { Client } from '../../src/client/client.ts';
import { httpsClient } from '../../src/client/https.ts';
import { readKubeconfig } from '../../src/cmd/kubeconfig.ts';

/** The admin's client, by a kubeconfig that `coracle server` wrote. */
export function clientOf(kubeconfig: string, userAgent: string): Client & Running {
  const { server, authority, client } = readKubeconfig(readFileSync(kubeconfig, 'utf8'));
  return httpsClient({ server, ca: authority, ...client, userAgent });
}
