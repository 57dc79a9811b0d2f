/** An API server over memory (or a file) without controllers and admission, for trying things with kubectl and for benchmarks. */
import { writeFileSync } from 'node:fs';
import { inProcessClient } from '../src/apiserver/in-process.ts';
import { startApiServer } from '../src/apiserver/server.ts';
import { certificateAuthenticator } from '../src/auth/authenticator.ts';
import { allowAuthenticated } from '../src/auth/authorizer.ts';
import { createAuthority, createSigningKey, issue } from '../src/auth/certificates.ts';
import { createReviews } from '../src/auth/reviews.ts';
import { createServiceAccountTokens, defaultIssuer } from '../src/auth/service-account-tokens.ts';
import { openSigningKeys } from '../src/auth/signing-keys.ts';
import { staticTokenAuthenticator } from '../src/auth/static-tokens.ts';
import { realClock } from '../src/base/clock.ts';
import { createLogger } from '../src/base/logger.ts';
import type { Client } from '../src/client/client.ts';
import { systemUser } from '../src/registry/context.ts';
import { createRegistry, type DynamicRegistry } from '../src/registry/registry.ts';
import { builtinResources } from '../src/resources/index.ts';
import { openMemory } from '../src/storage/memory/memory.ts';
import { openSqlite } from '../src/storage/sqlite/sqlite.ts';
import { commandLine, wholeNumber } from '../test/support/command-line.ts';

const help = `node hack/dev-server.ts [--port 16600] [--sqlite FILE] [--log warn]
  prints where it listens and writes /tmp/coracle-dev-PORT.kubeconfig; the bearer token is dev`;
const { values } = commandLine(help, {
  port: { type: 'string', default: '16600' },
  sqlite: { type: 'string' },
  log: { type: 'string', default: 'warn' },
});
const clock = realClock;
const logger = createLogger(values.log);
const now = Date.now();
const ca = await createAuthority('dev-ca', now);
const server = await issue(ca, { commonName: 'kube-apiserver', hosts: ['127.0.0.1', '::1', 'localhost'], usage: 'server', days: 30 }, now);
const admin = await issue(ca, { commonName: 'system:admin', organizations: ['system:masters'], usage: 'client', days: 30 }, now);
const storage = values.sqlite === undefined ? openMemory({ clock }) : await openSqlite({ file: values.sqlite, clock, logger });
const holder: { registry?: DynamicRegistry } = {};
const registryNow = (): DynamicRegistry => {
  if (holder.registry === undefined) throw new Error('the registry does not stand yet');
  return holder.registry;
};
const client = (): Client => inProcessClient(registryNow(), systemUser('apiserver'));
const keys = openSigningKeys({ privateKey: await createSigningKey(), issuer: defaultIssuer });
const tokens = createServiceAccountTokens({ keys, issuer: defaultIssuer, clock, client });
const statics = staticTokenAuthenticator([{ token: 'dev', user: { name: 'admin', groups: ['system:masters'] } }]);
const registry = await createRegistry({
  storage,
  definitions: builtinResources({
    clock,
    serviceCIDRs: ['10.43.0.0/16', 'fd43::/112'],
    reviews: createReviews({ authenticators: [statics], tokens, authorizer: allowAuthenticated }),
    stores: (...name) => registryNow().lookup(...name),
  }),
  admission: [],
  clock,
  logger,
});
holder.registry = registry;
const api = await startApiServer({
  registry,
  listen: { host: undefined, port: wholeNumber('port', values.port) },
  tls: { ...server, clientCA: ca.cert },
  authenticators: [certificateAuthenticator, tokens.authenticator, statics],
  authorizer: allowAuthenticated,
  nodes: { ...admin, ca: ca.cert },
  serviceAccounts: { issuer: defaultIssuer, keys },
  version: { gitVersion: 'v1.36.3+coracle' },
  clock,
  logger,
});
for (const name of ['default', 'kube-system']) {
  await client()
    .resource({ group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace', namespaced: false })
    .create('', { metadata: { name } })
    .catch(() => undefined);
}
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const file = `/tmp/coracle-dev-${String(api.port)}.kubeconfig`;
writeFileSync(
  file,
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'dev', cluster: { server: api.url, 'certificate-authority-data': base64(ca.cert) } }],
    users: [{ name: 'dev', user: { 'client-certificate-data': base64(admin.cert), 'client-key-data': base64(admin.key) } }],
    contexts: [{ name: 'dev', context: { cluster: 'dev', user: 'dev' } }],
    'current-context': 'dev',
  }),
  { mode: 0o600 },
);
console.log(`${api.url} KUBECONFIG=${file}`);
process.once('SIGINT', () => {
  void (async () => {
    await api.stop();
    await registry.stop();
    await storage.stop();
    // Lets --cpu-prof write its file.
    process.exit(0);
  })();
});
