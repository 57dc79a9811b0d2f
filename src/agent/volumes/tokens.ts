/** Service account tokens bound to pods, asked for by TokenRequest and renewed in time (pkg/kubelet/token). */
import type { Pod } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { refs } from '../../client/refs.ts';

export interface TokenSource {
  /** A token with at least a fifth of its life left. Rejects when the API does not give one. */
  token(pod: Pod, audience: string, expirationSeconds: number): Promise<string>;
  /** When the first of the pod's tokens wants renewal, in ms since the epoch; undefined when it has none. */
  renewAt(uid: string): number | undefined;
  forget(uid: string): void;
}

interface Token {
  readonly text: string;
  readonly renewAt: number;
}

interface TokenAnswer {
  readonly status?: { readonly token?: string; readonly expirationTimestamp?: string };
}

const dayMs = 86_400_000;

/** After four fifths of its life or a day, whichever comes first. */
export function renewalTime(now: number, expires: number): number {
  return now + Math.min((expires - now) * 0.8, dayMs);
}

export function createTokens(client: Client, clock: Clock): TokenSource {
  const accounts = client.resource(refs.serviceAccounts);
  const pods = new Map<string, Map<string, Token>>();
  return {
    async token(pod, audience, expirationSeconds) {
      const { uid, name, namespace = '' } = pod.metadata;
      const key = `${audience}/${expirationSeconds}`;
      const known = pods.get(uid)?.get(key);
      const now = clock.now();
      if (known !== undefined && known.renewAt > now) return known.text;
      const account = pod.spec.serviceAccountName ?? 'default';
      const answer = (await accounts.createSubresource(namespace, account, 'token', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: {},
        spec: {
          audiences: audience === '' ? [] : [audience],
          expirationSeconds,
          boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid },
        },
      })) as TokenAnswer;
      const text = answer.status?.token ?? '';
      const expires = Date.parse(answer.status?.expirationTimestamp ?? '') || now + expirationSeconds * 1000;
      const tokens = pods.get(uid) ?? new Map<string, Token>();
      pods.set(uid, tokens.set(key, { text, renewAt: renewalTime(now, expires) }));
      return text;
    },
    renewAt: (uid) => {
      const times = [...(pods.get(uid)?.values() ?? [])].map((token) => token.renewAt);
      return times.length === 0 ? undefined : Math.min(...times);
    },
    forget: (uid) => void pods.delete(uid),
  };
}
