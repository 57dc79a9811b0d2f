/**
 * The hand-over from kubectl's client-side apply (apimachinery pkg/util/managedfields/internal/lastappliedmanager.go and
 * lastappliedupdater.go): for the manager `kubectl`, fields that its last applied configuration set are no conflicts, and the annotation follows.
 */
import { compare } from './compare.ts';
import { FieldConflict } from './conflict.ts';
import { isMap, type JsonMap } from './elements.ts';
import { checkFields } from './check.ts';
import { difference, has, type MaybeSet } from './field-set.ts';
import { mentionedFields } from './mentioned.ts';
import { goJson } from './path-element.ts';
import type { Application } from './updater.ts';

export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';
const maxAnnotationBytes = 256 * 1024;

/** Applies with force when every conflict is about a field of the last applied configuration; throws the FieldConflict of the others. */
export function applyHandedOver<T>(application: Application, attempt: (force: boolean) => T): T {
  try {
    return attempt(application.force);
  } catch (error) {
    if (!(error instanceof FieldConflict)) throw error;
    const allowed = lastAppliedFields(application);
    const left = allowed === undefined ? error.conflicts : error.conflicts.filter(({ path }) => !has(allowed, path));
    if (left.length > 0) throw left.length === error.conflicts.length ? error : new FieldConflict(left);
    return attempt(true);
  }
}

/** What the last applied configuration set and the object still has. */
function lastAppliedFields({ live }: Application): MaybeSet {
  const last = parsed(annotationsOf(live.value)?.[lastAppliedAnnotation]);
  if (last === undefined || last['apiVersion'] !== live.apiVersion) return undefined;
  const { kind: _kind, apiVersion: _apiVersion, ...config } = last;
  try {
    checkFields(live.type, config);
    const { added, modified, removed } = compare(live.type, config, live.value);
    return [modified, added, removed].reduce<MaybeSet>(difference, mentionedFields(live.type, config));
  } catch {
    return undefined;
  }
}

function parsed(text: unknown): JsonMap | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    const value = JSON.parse(text) as unknown;
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function annotationsOf(object: unknown): JsonMap | undefined {
  const metadata = isMap(object) ? object['metadata'] : undefined;
  const annotations = isMap(metadata) ? metadata['annotations'] : undefined;
  return isMap(annotations) ? annotations : undefined;
}

/** The object with its annotation, when it has one, brought up to the configuration that was applied. */
export function withLastApplied(object: JsonMap, config: JsonMap): JsonMap {
  const annotations = annotationsOf(object);
  if (annotations === undefined || (annotations[lastAppliedAnnotation] ?? '') === '') return object;
  const next: Record<string, unknown> = { ...annotations, [lastAppliedAnnotation]: `${goJson(sorted(withoutAnnotation(config)))}\n` };
  const bytes = Object.entries(next).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value as string)),
    0,
  );
  if (bytes > maxAnnotationBytes) delete next[lastAppliedAnnotation];
  return { ...object, metadata: { ...(object['metadata'] as JsonMap), annotations: next } };
}

function withoutAnnotation(config: JsonMap): JsonMap {
  const { annotations, ...meta } = (config['metadata'] ?? {}) as Record<string, unknown>;
  if (!isMap(annotations)) return config;
  const { [lastAppliedAnnotation]: _last, ...others } = annotations;
  return { ...config, metadata: { ...meta, annotations: others } };
}

/** Go writes maps in the order of their keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
