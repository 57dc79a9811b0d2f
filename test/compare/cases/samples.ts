/** A minimal and a fuller object of each kind, and objects and changes that must be refused. */
import { appSamples } from './samples-apps.ts';
import { coreSamples } from './samples-core.ts';
import { moreSamples } from './samples-more.ts';
import { otherSamples } from './samples-other.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface KindSample {
  readonly kind: string;
  readonly apiVersion: string;
  readonly resource: string;
  /** What its cases are called after, when not the resource. */
  readonly label?: string;
  readonly cluster?: boolean;
  readonly minimal: Fields;
  readonly full?: Fields;
  /** Refused on create. */
  readonly wrong?: readonly Fields[];
  /** Merge patches of the fuller object that are refused. */
  readonly wrongUpdates?: readonly Fields[];
  /** A status to write. */
  readonly status?: Fields;
  /** Fields that post-start hooks and informers of either server change while the cases run. */
  readonly mask?: readonly string[];
  readonly tableMask?: readonly string[];
  readonly nameSuffix?: (role: string) => string;
}

export const samples: readonly KindSample[] = [...coreSamples, ...appSamples, ...otherSamples, ...moreSamples];

export type Named = Fields & { readonly metadata: { readonly name: string; readonly labels?: unknown } };

export function collectionPath({ apiVersion, resource, cluster }: KindSample): string {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  return cluster === true ? `${root}/${resource}` : `${root}/namespaces/{ns}/${resource}`;
}

/** The sample's object with a name for its role in the cases. */
export function named({ apiVersion, kind, nameSuffix }: KindSample, body: Fields, role: string): Named {
  const own = (body['metadata'] ?? {}) as Fields;
  const name = nameSuffix === undefined ? `${role}-{run}` : nameSuffix(role);
  const labels = { sample: '{run}', ...(own['labels'] as Readonly<Record<string, string>> | undefined) };
  return { apiVersion, kind, ...body, metadata: { name, ...own, labels } };
}
