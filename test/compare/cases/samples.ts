/** A minimal and a fuller object of each kind, and objects and changes that must be refused. */
import { appSamples } from './samples-apps.ts';
import { coreSamples } from './samples-core.ts';
import { otherSamples } from './samples-other.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface KindSample {
  readonly kind: string;
  readonly apiVersion: string;
  readonly resource: string;
  readonly cluster?: boolean;
  readonly minimal: Fields;
  readonly full?: Fields;
  /** Refused on create. */
  readonly wrong?: readonly Fields[];
  /** Merge patches of the fuller object that are refused. */
  readonly wrongUpdates?: readonly Fields[];
  /** A status to write. */
  readonly status?: Fields;
  /** Fields that controllers change while the cases run. */
  readonly mask?: readonly string[];
  readonly tableMask?: readonly string[];
  readonly nameSuffix?: (role: string) => string;
}

export const samples: readonly KindSample[] = [...coreSamples, ...appSamples, ...otherSamples];
