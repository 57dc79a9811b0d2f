/** Cells that many kinds' tables share. pkg/printers/internalversion/printers.go. */
import { humanDuration } from '../../api/duration.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Column } from '../../registry/definition.ts';

type Named = { metadata: KubeObject['metadata'] };

/** The object's name, always the first column. */
export const name: Column<Named> = { name: 'Name', type: 'string', format: 'name', value: (object) => object.metadata.name };

/** Time since creation, as kubectl has always shown it. */
export const age: Column<Named> = { name: 'Age', type: 'string', value: (object, now) => since(object.metadata.creationTimestamp, now) };

export const nameAndAge: readonly Column<Named>[] = [name, age];

/** The time from an RFC 3339 instant to now; `<unknown>` when it is not set. */
export function since(instant: string | null | undefined, now: number): string {
  return instant === undefined || instant === null || instant === '' ? '<unknown>' : humanDuration(now - Date.parse(instant));
}
