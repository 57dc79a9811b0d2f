/** Paths that are no resources: discovery, OpenAPI, health, version, keys of service account tokens. */
import type { SigningKeys } from '../auth/signing-keys.ts';
import type { Discovery } from './discovery/discovery.ts';
import type { OpenApi } from './openapi/openapi.ts';
import type { Exchange } from './exchange.ts';
import { answerHealth, type HealthCheck } from './health.ts';
import type { Metrics } from './metrics.ts';
import { sendBytes, sendText, sendValue } from './respond.ts';

/** A document made elsewhere. */
interface Document {
  readonly contentType: string;
  readonly body: Buffer;
  /** Quoted. */
  readonly etag: string | undefined;
  readonly immutable?: boolean;
}

export interface NonResourceOptions {
  readonly discovery: Discovery;
  readonly openapi: OpenApi;
  readonly metrics: Metrics;
  readonly version: VersionInfo;
  readonly readiness: readonly HealthCheck[];
  readonly serviceAccounts: { readonly issuer: string; readonly keys: SigningKeys; readonly url: () => string };
}

export interface VersionInfo {
  readonly gitVersion: string;
  readonly gitCommit?: string;
  readonly buildDate?: string;
}

const ping: HealthCheck = { name: 'ping', check: () => undefined };
const rootPaths = [
  '/api',
  '/api/v1',
  '/apis',
  '/healthz',
  '/livez',
  '/metrics',
  '/openapi/v2',
  '/openapi/v3',
  '/openid/v1/jwks',
  '/readyz',
  '/version',
  '/.well-known/openid-configuration',
];

/** False: nothing is there. */
export async function answerNonResource(exchange: Exchange, options: NonResourceOptions): Promise<boolean> {
  const path = exchange.info.path.length > 1 ? exchange.info.path.replace(/\/+$/, '') : exchange.info.path;
  const accept = exchange.request.headers.accept;
  if (path === '/api' || path === '/apis' || path.startsWith('/api/') || path.startsWith('/apis/')) {
    return sendDocument(exchange, options.discovery.document(path, accept));
  }
  if (path.startsWith('/openapi/')) return sendOpenApi(exchange, options.openapi.document(path, { accept, query: exchange.query }));
  if (/^\/(healthz|livez)(\/|$)/.test(path)) return answerHealth(exchange, [ping]);
  if (/^\/readyz(\/|$)/.test(path)) return answerHealth(exchange, [ping, ...options.readiness]);
  switch (path) {
    case '/':
      sendValue(exchange, 200, { paths: [...rootPaths, ...groupPaths(options)].sort() });
      return true;
    case '/version':
      sendValue(exchange, 200, versionOf(options.version));
      return true;
    case '/metrics':
      sendBytes(exchange, 200, { type: 'text/plain; version=0.0.4; charset=utf-8', parts: [Buffer.from(options.metrics.text())] });
      return true;
    case '/.well-known/openid-configuration':
      sendValue(exchange, 200, openidConfiguration(options.serviceAccounts));
      return true;
    case '/openid/v1/jwks':
      sendBytes(exchange, 200, {
        type: 'application/jwk-set+json',
        parts: [Buffer.from(JSON.stringify(await options.serviceAccounts.keys.jwks()))],
      });
      return true;
    default:
      return false;
  }
}

function groupPaths({ discovery }: NonResourceOptions): string[] {
  const document = discovery.document('/apis', undefined);
  if (document === undefined) return [];
  const { groups } = JSON.parse(document.body.toString()) as { groups: { name: string; versions: { groupVersion: string }[] }[] };
  return groups.flatMap(({ name, versions }) => [`/apis/${name}`, ...versions.map(({ groupVersion }) => `/apis/${groupVersion}`)]);
}

function sendOpenApi(exchange: Exchange, document: ReturnType<OpenApi['document']>): boolean {
  const { response } = exchange;
  if (document === 'not acceptable') response.writeHead(406, { 'Content-Length': '0' }).end();
  else if (document !== undefined && 'location' in document)
    response.writeHead(301, { Location: document.location, 'Content-Length': '0' }).end();
  else return sendDocument(exchange, document);
  return true;
}

const yearMs = 365 * 86_400_000;

function sendDocument(exchange: Exchange, document: Document | undefined): boolean {
  if (document === undefined) return false;
  const { response, request } = exchange;
  if (document.etag !== undefined) {
    response.setHeader('ETag', document.etag);
    response.setHeader('Vary', 'Accept');
    if (document.immutable === true) {
      response.setHeader('Cache-Control', 'public, immutable');
      response.setHeader('Expires', new Date(Date.now() + yearMs).toUTCString());
    }
    if (request.headers['if-none-match'] === document.etag) {
      response.statusCode = 304;
      response.end();
      return true;
    }
  }
  sendBytes(exchange, 200, { type: document.contentType, parts: [document.body] });
  return true;
}

function versionOf({ gitVersion, gitCommit = '', buildDate = '1970-01-01T00:00:00Z' }: VersionInfo): object {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion,
    gitCommit,
    gitTreeState: 'clean',
    buildDate,
    goVersion: 'go1.26',
    compiler: `node ${process.version}`,
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}

function openidConfiguration({ issuer, keys, url }: NonResourceOptions['serviceAccounts']): object {
  return {
    issuer,
    jwks_uri: `${url()}/openid/v1/jwks`,
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
