/** A whole API server over memory for tests: built-in kinds, no admission, no controllers. Real HTTPS on a free port. */
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { certificateAuthenticator } from '../../auth/authenticator.ts';
import { allowAuthenticated } from '../../auth/authorizer.ts';
import { createAuthority, createSigningKey, issue, type KeyPair } from '../../auth/certificates.ts';
import { createReviews } from '../../auth/reviews.ts';
import { createServiceAccountTokens, defaultIssuer, type ServiceAccountTokens } from '../../auth/service-account-tokens.ts';
import { openSigningKeys } from '../../auth/signing-keys.ts';
import { staticTokenAuthenticator } from '../../auth/static-tokens.ts';
import { type Clock, realClock } from '../../base/clock.ts';
import { Lifecycle, type Running } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import { systemUser } from '../../registry/context.ts';
import { createRegistry, type DynamicRegistry } from '../../registry/registry.ts';
import { builtinResources } from '../../resources/index.ts';
import { makeServiceCIDR } from '../../resources/testing/deps.ts';
import { openMemory } from '../../storage/memory/memory.ts';
import { inProcessClient } from '../in-process.ts';
import { type ApiServer, startApiServer } from '../server.ts';

export interface Answer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body parsed; undefined when it is no JSON. */
  readonly body: Record<string, unknown> | undefined;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: unknown;
  /** null: none. Default: the administrator's. */
  readonly token?: string | null;
  readonly clientCertificate?: KeyPair;
}

export interface TestServer extends Running {
  readonly api: ApiServer;
  readonly ca: KeyPair;
  readonly registry: DynamicRegistry;
  readonly tokens: ServiceAccountTokens;
  readonly client: Client;
  /** One request on a connection of its own. Bodies that are no text are sent as JSON. */
  ask(path: string, options?: AskOptions): Promise<Answer>;
  /** As ask, for answers that go on. */
  open(path: string, options?: AskOptions): Promise<IncomingMessage>;
}

export const testToken = 'admin-token';

export interface TestServerOptions {
  readonly clock?: Clock;
  /** What the health checks ask in place of the store. */
  readonly storageCheck?: () => Promise<unknown>;
}

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = options.clock ?? realClock;
  const lifecycle = new Lifecycle();
  const now = Date.now();
  const ca = await createAuthority('test-ca', now);
  const serving = await issue(ca, { commonName: 'kube-apiserver', hosts: ['127.0.0.1'], usage: 'server', days: 1 }, now);
  const towardsNodes = await issue(
    ca,
    { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'], usage: 'client', days: 1 },
    now,
  );
  const holder: { registry?: DynamicRegistry } = {};
  const client = (): Client => inProcessClient(holder.registry as DynamicRegistry, systemUser('test'));
  const keys = openSigningKeys({ privateKey: await createSigningKey(), issuer: defaultIssuer });
  const tokens = createServiceAccountTokens({ keys, issuer: defaultIssuer, clock, client });
  const statics = staticTokenAuthenticator([{ token: testToken, user: { name: 'admin', groups: ['system:masters'] } }]);
  const storage = lifecycle.add(openMemory({ clock }));
  const reviews = createReviews({ authenticators: [statics], tokens, authorizer: allowAuthenticated });
  const stores: DynamicRegistry['lookup'] = (...name) => holder.registry?.lookup(...name);
  const definitions = builtinResources({ clock, serviceCIDRs: ['10.43.0.0/16'], reviews, stores });
  const registry = lifecycle.add(await createRegistry({ storage, definitions, admission: [], clock, logger: silentLogger }));
  holder.registry = registry;
  await makeServiceCIDR(registry, ['10.43.0.0/16']);
  const api = lifecycle.add(
    await startApiServer({
      registry,
      listen: { host: '127.0.0.1', port: 0 },
      tls: { ...serving, clientCA: ca.cert },
      authenticators: [certificateAuthenticator, tokens.authenticator, statics],
      authorizer: allowAuthenticated,
      nodes: { ...towardsNodes, ca: ca.cert },
      serviceAccounts: { issuer: defaultIssuer, keys },
      version: { gitVersion: 'v1.36.3+coracle' },
      ...(options.storageCheck === undefined ? {} : { storage: options.storageCheck }),
      clock,
      logger: silentLogger,
    }),
  );
  await api.fair;
  api.started();
  const open = (path: string, asked: AskOptions = {}): Promise<IncomingMessage> => send(api, ca.cert, { path, ...asked });
  const ask = async (path: string, asked: AskOptions = {}): Promise<Answer> => answerOf(await open(path, asked));
  return {
    api,
    ca,
    registry,
    tokens,
    client: client(),
    ask,
    open,
    stop: () => lifecycle.stop(),
    [Symbol.asyncDispose]: () => lifecycle.stop(),
  };
}

function send(api: ApiServer, ca: string, asked: AskOptions & { readonly path: string }): Promise<IncomingMessage> {
  const { path, method = 'GET', token = testToken, body, clientCertificate = {} } = asked;
  const payload = body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const headers = {
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }),
    ...asked.headers,
  };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: api.port, path, method, headers, ca, agent: false, ...clientCertificate });
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.end(payload);
  });
}

async function answerOf(message: IncomingMessage): Promise<Answer> {
  const body = await text(message);
  const isJson = body !== '' && (message.headers['content-type'] ?? '').startsWith('application/json');
  return {
    code: message.statusCode ?? 0,
    headers: message.headers,
    text: body,
    body: isJson ? (JSON.parse(body) as Record<string, unknown>) : undefined,
  };
}
