/** Certificates by the name a client asks for (SNI), from the Secrets that Ingresses name; read again when a Secret changes. */
import type { SecureContext } from 'node:tls';
import { createSecureContext } from 'node:tls';
import type { Ingress, Secret } from '../api/generated/types.ts';
import type { Logger } from '../base/logger.ts';
import { joinKey } from '../client/informer-store.ts';

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
    let context: SecureContext | undefined;
    try {
      const [cert = '', key = ''] = ['tls.crt', 'tls.key'].map((name) => Buffer.from(secret.data?.[name] ?? '', 'base64').toString());
      if (cert === '' || key === '') throw new Error('tls.crt or tls.key is missing');
      context = contextOf({ cert, key });
    } catch (error) {
      // OpenSSL's words name what is wrong and hold nothing of the key.
      this.#options.logger.warn(
        { secret: key, reason: (error as NodeJS.ErrnoException).code ?? 'tls.crt or tls.key is missing' },
        'a certificate for Ingress cannot be used',
      );
    }
    this.#loaded.set(key, { secret, context });
    return context;
  }
}

function contextOf({ cert, key }: KeyPair): SecureContext {
  return createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
}
