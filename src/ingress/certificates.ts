/** Certificates by the name a client asks for (SNI), from the Secrets that Ingresses name; read again when a Secret changes. */
import { X509Certificate } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { createSecureContext } from 'node:tls';
import type { Ingress, Secret } from '../api/generated/types.ts';
import type { Logger } from '../base/logger.ts';
import { joinKey } from '../client/informer-store.ts';
import type { Expiry } from './metrics.ts';

/** PEM texts. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** By host name (or wildcard) the Secret with its certificate, `namespace/name`; of Ingresses that name one host the first has it. */
export function secretsByHost(ingresses: Iterable<Ingress>): Map<string, string> {
  const secrets = new Map<string, string>();
  for (const { metadata, spec } of ingresses) {
    for (const { hosts = [], secretName } of spec?.tls ?? []) {
      if (secretName === undefined || secretName === '') continue;
      // Without hosts it is for all that the rules name.
      const names = hosts.length > 0 ? hosts : (spec?.rules ?? []).flatMap(({ host }) => host ?? []);
      for (const name of names) {
        const host = name.toLowerCase();
        if (!secrets.has(host)) secrets.set(host, joinKey(metadata.namespace ?? '', secretName));
      }
    }
  }
  return secrets;
}

interface Loaded {
  readonly secret: Secret;
  readonly context: SecureContext | undefined;
}

export interface CertificatesOptions {
  readonly secret: (key: string) => Secret | undefined;
  /** For names without a certificate of their own. */
  readonly fallback: KeyPair;
  readonly logger: Logger;
}

export class Certificates {
  readonly #options: CertificatesOptions;
  readonly #fallback: SecureContext;
  readonly #loaded = new Map<string, Loaded>();
  #hosts: ReadonlyMap<string, string> = new Map();

  constructor(options: CertificatesOptions) {
    this.#options = options;
    this.#fallback = contextOf(options.fallback);
  }

  setHosts(hosts: ReadonlyMap<string, string>): void {
    this.#hosts = hosts;
    const used = new Set(hosts.values());
    for (const key of this.#loaded.keys()) if (!used.has(key)) this.#loaded.delete(key);
  }

  /** Of the certificates that are shown, one a host. */
  *expiries(): Iterable<Expiry> {
    for (const [host, key] of this.#hosts) {
      this.#load(key);
      const loaded = this.#loaded.get(key);
      const pair = loaded?.context === undefined ? undefined : keyPairOf(loaded.secret);
      if (pair === undefined) continue;
      const [namespace = '', secret = ''] = key.split('/');
      yield { namespace, secret, host, notAfter: Date.parse(new X509Certificate(pair.cert).validTo) / 1000 };
    }
  }

  contextFor(serverName: string): SecureContext {
    const name = serverName.toLowerCase();
    const dot = name.indexOf('.');
    const key = this.#hosts.get(name) ?? (dot < 0 ? undefined : this.#hosts.get(`*${name.slice(dot)}`));
    return (key === undefined ? undefined : this.#load(key)) ?? this.#fallback;
  }

  /** Undefined for a Secret that is not there or not usable; said once for each state of it. */
  #load(key: string): SecureContext | undefined {
    const secret = this.#options.secret(key);
    if (secret === undefined) return undefined;
    const known = this.#loaded.get(key);
    // The cache hands out the same object until the Secret changes.
    if (known?.secret === secret) return known.context;
    const pair = keyPairOf(secret);
    const context = pair && contextOf(pair);
    // Nothing of the key may be in this.
    if (pair === undefined) this.#options.logger.warn({ secret: key }, 'a certificate for Ingress cannot be used');
    this.#loaded.set(key, { secret, context });
    return context;
  }
}

/** Undefined when the Secret has no certificate and key that belong together. */
export function keyPairOf({ data }: Secret): KeyPair | undefined {
  const [cert = '', key = ''] = ['tls.crt', 'tls.key'].map((name) => Buffer.from(data?.[name] ?? '', 'base64').toString());
  if (cert === '' || key === '') return undefined;
  try {
    contextOf({ cert, key });
    return { cert, key };
  } catch {
    return undefined;
  }
}

function contextOf({ cert, key }: KeyPair): SecureContext {
  return createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
}
