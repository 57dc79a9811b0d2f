/** Paths that are no resources: discovery, OpenAPI, health, version, keys of service account tokens. */
import type { SigningKeys } from '../auth/signing-keys.ts';
import type { Discovery, DiscoveryDocument } from './discovery/discovery.ts';
import type { OpenApi } from './openapi/openapi.ts';
import { sendOpenApi } from './openapi-answers.ts';
import type { Exchange } from './exchange.ts';
import type { Health, HealthPath } from './health.ts';
import type { Metrics } from './metrics.ts';
import { sendBytes, sendPlainJson, sendText, sendValue, setFlowHeaders } from './respond.ts';
import type { MetricRegistry } from '../base/metrics.ts';
import { versionOf, type VersionInfo } from './version-info.ts';
import { checkRoute, mediaTypes, objectTypes } from './media-type.ts';
import { ApiError } from '../api/errors.ts';

export interface NonResourceOptions {
  readonly discovery: Discovery;
  readonly openapi: OpenApi;
  readonly metrics: Metrics;
  readonly version: VersionInfo;
  readonly health: Health;
  readonly serviceAccounts: { readonly issuer: string; readonly keys: SigningKeys; readonly url: () => string };
}

const rootPaths = [
  '/api',
  '/api/v1',
  '/apis',
  '/apis/',
  '/healthz',
  '/livez',
  '/metrics',
  '/metrics/slis',
  '/openapi/v2',
  '/openapi/v3',
  '/openapi/v3/',
  '/openid/v1/jwks',
  '/readyz',
  '/version',
  '/.well-known/openid-configuration',
];

/** Places that upstream's router knows by method; elsewhere any method is as good as GET. */
const routed = /^\/(api|version|openid\/v1\/jwks|\.well-known\/openid-configuration)$|^\/(api|apis\/[^/]+)\/[^/]+$/;

/** False: nothing is there. Throws 405 and 406. */
export async function answerNonResource(exchange: Exchange, options: NonResourceOptions): Promise<boolean> {
  const path = exchange.info.path.length > 1 ? exchange.info.path.replace(/\/+$/, '') : exchange.info.path;
  const { method = 'GET' } = exchange.request;
  if (/^\/apis\/\/|^\/openapi\/v2\//.test(exchange.info.path)) return false;
  if (path === '/api' || path === '/apis' || path.startsWith('/api/') || path.startsWith('/apis/'))
    return sendDiscovery(exchange, path, options);
  if (routed.test(path)) checkMethod(method);
  // What upstream's multiplexer serves and not its router is there under one name only.
  if (path.startsWith('/openapi/')) return sendOpenApi(exchange, options.openapi.document(exchange.info.path, openApiRequest(exchange)));
  if (exchange.info.path.length > path.length && /^\/(healthz|livez|readyz|metrics)(\/|$)/.test(path)) return false;
  if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) return options.health.answer(exchange);
  switch (path) {
    case '/':
      sendPlainJson(exchange, 200, { paths: [...rootPaths, ...healthPaths(options), ...groupPaths(options)].sort() });
      return true;
    case '/version':
      checkRoute(exchange.request.headers.accept, [mediaTypes.json]);
      sendPlainJson(exchange, 200, versionOf(options.version));
      return true;
    case '/metrics':
      sendMetrics(exchange, options.metrics.registry);
      return true;
    case '/metrics/slis':
      sendMetrics(exchange, options.health.results);
      return true;
    case '/.well-known/openid-configuration':
      checkRoute(exchange.request.headers.accept, [mediaTypes.json]);
      sendKeys(exchange, mediaTypes.json, openidConfiguration(options.serviceAccounts));
      return true;
    case '/openid/v1/jwks':
      checkRoute(exchange.request.headers.accept, ['application/jwk-set+json']);
      sendKeys(exchange, 'application/jwk-set+json', await options.serviceAccounts.keys.jwks());
      return true;
    default:
      return false;
  }
}

function sendMetrics(exchange: Exchange, metrics: MetricRegistry): void {
  const type = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';
  sendBytes(exchange, 200, { type, parts: [Buffer.from(metrics.text())] });
}

function healthPaths({ health }: NonResourceOptions): string[] {
  const paths = Object.keys(health.checks) as HealthPath[];
  return paths.flatMap((path) => health.checks[path].map(({ name }) => `/${path}/${name}`));
}

function checkMethod(method: string): void {
  if (method === 'GET') return;
  throw new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} });
}

function openApiRequest({ request, query }: Exchange): { accept: string | undefined; query: URLSearchParams } {
  return { accept: request.headers.accept, query };
}

/** Who verifies tokens may keep these for an hour (pkg/routes/openidmetadata.go). */
function sendKeys(exchange: Exchange, type: string, value: object): void {
  exchange.response.setHeader('Cache-Control', 'public, max-age=3600');
  sendBytes(exchange, 200, { type, parts: [Buffer.from(JSON.stringify(value))] });
}

function groupPaths({ discovery }: NonResourceOptions): string[] {
  const { groups } = (discovery.document('/apis')?.value ?? { groups: [] }) as {
    groups: { name: string; versions: { groupVersion: string }[] }[];
  };
  return groups.flatMap(({ name, versions }) => [`/apis/${name}`, ...versions.map(({ groupVersion }) => `/apis/${groupVersion}`)]);
}

function sendDiscovery(exchange: Exchange, path: string, { discovery }: NonResourceOptions): boolean {
  const { accept } = exchange.request.headers;
  const canBeAggregated = path === '/api' || path === '/apis';
  if (discovery.document(path) === undefined) return false;
  if (routed.test(path)) checkMethod(exchange.request.method ?? 'GET');
  checkRoute(accept, objectTypes);
  exchange.format = exchange.negotiator.format(accept, canBeAggregated ? 'discovery' : 'plain');
  const document = discovery.document(path, exchange.format);
  if (document !== undefined) sendDescription(exchange, document);
  return true;
}

/** Aggregated documents carry a hash (apiserver pkg/endpoints/discovery/aggregated/etag.go). */
function sendDescription(exchange: Exchange, { value, parameters, etag }: DiscoveryDocument): void {
  if (etag !== undefined) {
    exchange.response.setHeader('Vary', 'Accept');
    exchange.response.setHeader('Cache-Control', 'public');
    if (isKnown(exchange, etag)) return;
  }
  sendValue(exchange, 200, value, `${mediaTypes[exchange.format.encoding]}${parameters}`);
}

/** Says the hash; 304 when the client has that already. */
function isKnown(exchange: Exchange, etag: string): boolean {
  const { request, response, auditId } = exchange;
  response.setHeader('ETag', etag);
  if (request.headers['if-none-match'] !== etag) return false;
  setFlowHeaders(exchange);
  response.writeHead(304, { 'Audit-Id': auditId }).end();
  return true;
}

/** Keys are found where the issuer is, when that is an address: pods reach it whatever the server's own addresses are. */
function openidConfiguration({ issuer, keys, url }: NonResourceOptions['serviceAccounts']): object {
  return {
    issuer,
    jwks_uri: `${issuer.startsWith('https://') ? issuer : url()}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: keys.algorithms,
  };
}

/** What Go's multiplexer says. */
export function sendNotFound(exchange: Exchange): void {
  exchange.response.setHeader('X-Content-Type-Options', 'nosniff');
  sendText(exchange, 404, '404 page not found\n');
}
