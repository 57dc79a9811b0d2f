/**
 * What an Ingress asks for by annotation. Names are ingress-nginx's after the slash, because charts bear them; they count with this
 * controller's prefix and, where that is missing, with ingress-nginx's. A ConfigMap that an IngressClass names as its parameters gives
 * the values for Ingresses that say nothing, by the same names without prefix.
 */

/** HTTP/1.1 in clear or with TLS, HTTP/2 in clear or with TLS. */
export type BackendProtocol = 'http' | 'https' | 'h2c' | 'h2';

export interface RoutePolicy {
  /** Whether plain HTTP is sent to HTTPS: where the Ingress has TLS for the host, always, or never. */
  readonly redirect: 'tls' | 'always' | 'never';
  /** Largest body of a request in bytes; undefined: any. */
  readonly maxBody: number | undefined;
  /** Until a backend has taken the connection, in ms; undefined: the server's. */
  readonly connectMs: number | undefined;
  /** How long a backend may be silent, in ms; undefined: the server's. */
  readonly silentMs: number | undefined;
  /** How the backend is spoken to; undefined: as the Service's port says (appProtocol). */
  readonly protocol: BackendProtocol | undefined;
  /** `Strict-Transport-Security` of answers over TLS that have none of their own; undefined: none. */
  readonly strictTransport: string | undefined;
}

export const usualPolicy: RoutePolicy = {
  redirect: 'tls',
  maxBody: undefined,
  connectMs: undefined,
  silentMs: undefined,
  protocol: undefined,
  strictTransport: undefined,
};

const prefixes = ['ingress.coracle.io/', 'nginx.ingress.kubernetes.io/'];

export interface Wishes {
  readonly policy: RoutePolicy;
  /** A sentence for each value that is not understood, and so does not count. */
  readonly faults: readonly string[];
}

/** `defaults` are a ConfigMap's data. */
export function policyOf(annotations: Readonly<Record<string, string>> = {}, defaults: Readonly<Record<string, string>> = {}): Wishes {
  const faults: string[] = [];
  const read = <V>(name: string, parse: (text: string) => V | undefined): V | undefined => {
    const places = [...prefixes.map((prefix) => [prefix + name, annotations] as const), [name, defaults] as const];
    for (const [key, values] of places) {
      const text = values[key];
      if (text === undefined) continue;
      const value = parse(text.trim());
      if (value !== undefined) return value;
      faults.push(`${key}: ${JSON.stringify(text)} is not understood`);
    }
    return undefined;
  };
  const forced = read('force-ssl-redirect', asBoolean) === true;
  const redirect = forced ? 'always' : read('ssl-redirect', asBoolean) === false ? 'never' : 'tls';
  const size = read('proxy-body-size', asSize);
  const policy: RoutePolicy = {
    redirect,
    // 0 is no limit, as nginx has it.
    maxBody: size === 0 ? undefined : size,
    connectMs: read('proxy-connect-timeout', asDuration),
    silentMs: read('proxy-read-timeout', asDuration),
    protocol: read('backend-protocol', asProtocol),
    strictTransport: read('hsts', asBoolean) === true ? strictTransport(read) : undefined,
  };
  return { policy, faults };
}

type Read = <V>(name: string, parse: (text: string) => V | undefined) => V | undefined;

/** RFC 6797, with ingress-nginx's names and defaults; but only where it is asked for. */
function strictTransport(read: Read): string {
  const age = read('hsts-max-age', asCount) ?? 31_536_000;
  const subdomains = read('hsts-include-subdomains', asBoolean) === false ? '' : '; includeSubDomains';
  return `max-age=${String(age)}${subdomains}${read('hsts-preload', asBoolean) === true ? '; preload' : ''}`;
}

/** How a Service says what its port speaks: names of KEP-3726, and of IANA as many charts write it. */
export function protocolOf(appProtocol: string | undefined): BackendProtocol {
  switch (appProtocol) {
    case 'kubernetes.io/h2c':
      return 'h2c';
    case 'kubernetes.io/wss':
    case 'https':
    case 'HTTPS':
      return 'https';
    default:
      return 'http';
  }
}

function asBoolean(text: string): boolean | undefined {
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

function asCount(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** nginx's sizes: bytes, or with k, m or g. */
function asSize(text: string): number | undefined {
  const found = /^(\d{1,12})([kmg]?)$/i.exec(text);
  if (found === null) return undefined;
  return Number(found[1]) * 1024 ** ['', 'k', 'm', 'g'].indexOf((found[2] ?? '').toLowerCase());
}

/** Seconds, or a number with ms, s, m or h; more than nothing. */
function asDuration(text: string): number | undefined {
  const found = /^(\d{1,9})(ms|s|m|h)?$/.exec(text);
  if (found === null) return undefined;
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[(found[2] ?? 's') as 'ms' | 's' | 'm' | 'h'];
  const ms = Number(found[1]) * unit;
  return ms > 0 ? Math.min(ms, 2 ** 31 - 1) : undefined;
}

function asProtocol(text: string): BackendProtocol | undefined {
  switch (text.toUpperCase()) {
    case 'HTTP':
      return 'http';
    case 'HTTPS':
      return 'https';
    case 'GRPC':
    case 'H2C':
      return 'h2c';
    case 'GRPCS':
      return 'h2';
    default:
      return undefined;
  }
}
