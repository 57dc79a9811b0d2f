/** Which of the objects every cluster has are to be made or changed (kubernetes pkg/registry/flowcontrol/ensurer/strategy.go). */
import type { KubeObject } from '../../api/object.ts';
import { jsonEqual } from '../../api/json.ts';
import { autoUpdateKey } from './bootstrap.ts';

interface Configured {
  readonly metadata: KubeObject['metadata'];
  readonly spec: object;
}

/** What Go's strconv.ParseBool knows. */
function booleanOf(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(value) ? false : undefined;
}

/**
 * The object as it should be; undefined: it is. Changes of what is mandatory are undone. What is suggested follows the server's
 * version unless its annotation says no or, with no annotation, somebody has changed it.
 */
export function revised<T extends Configured>(current: T, wanted: { readonly spec?: object }, mandatory: boolean): T | undefined {
  const annotated = booleanOf(current.metadata.annotations?.[autoUpdateKey]);
  const follows = mandatory || (annotated ?? current.metadata.generation === 1);
  const stale = follows && wanted.spec !== undefined && !covers(current.spec, asAllowed(wanted.spec, current));
  if (!stale && annotated === follows) return undefined;
  const copy = structuredClone(current) as T & { spec: object };
  if (stale) copy.spec = structuredClone(wanted.spec ?? {});
  copy.metadata.annotations = { ...copy.metadata.annotations, [autoUpdateKey]: String(follows) };
  return copy;
}

/** What the exempt level lends is for whoever runs the cluster to say (plcSpecEqualish). */
function asAllowed(wanted: object, { metadata: { name }, spec }: Configured): object {
  return name === 'exempt' && 'exempt' in wanted && 'exempt' in spec ? { ...wanted, exempt: spec.exempt } : wanted;
}

/** Whether it is made no more: a server of another version left it behind. */
export function isLeftOver({ metadata }: Configured, wantedNames: ReadonlySet<string>): boolean {
  return !wantedNames.has(metadata.name) && booleanOf(metadata.annotations?.[autoUpdateKey]) === true;
}

/** Defaults may have been added to what was wanted: those of these kinds are zeros and the same for everybody. */
function covers(current: object, wanted: object): boolean {
  return jsonEqual(current, wanted) || jsonEqual(withoutZeros(current), withoutZeros(wanted));
}

function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, part]) => part !== 0 && part !== false && part !== undefined);
  return Object.fromEntries(kept.map(([key, part]) => [key, withoutZeros(part)]));
}
