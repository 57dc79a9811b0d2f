/** Conflicts of an applied configuration with other managers (apimachinery pkg/util/managedfields/internal/conflict.go). */
import { ApiError } from '../errors.ts';
import { identityOf, type Manager } from './managers.ts';
import { pathText } from './path-element.ts';

export interface Conflict {
  readonly manager: Manager;
  readonly path: readonly string[];
}

/** Thrown by an apply without force. */
export class FieldConflict extends Error {
  readonly conflicts: readonly Conflict[];

  constructor(conflicts: readonly Conflict[]) {
    super('conflicts');
    this.conflicts = conflicts;
  }
}

/** 409 with one cause a field. */
export function conflictError({ conflicts }: FieldConflict): ApiError {
  const sorted = [...conflicts].sort(({ manager: a }, { manager: b }) =>
    identityOf(a) < identityOf(b) ? -1 : identityOf(a) > identityOf(b) ? 1 : 0,
  );
  const causes = sorted.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${printed(manager)}`,
    field: pathText(path),
  }));
  return new ApiError('Conflict', messageOf(sorted), { details: { causes } });
}

function messageOf(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (first !== undefined && conflicts.length === 1)
    return `Apply failed with 1 conflict: conflict with ${printed(first.manager)}: ${pathText(first.path)}`;
  const lines: string[] = [];
  let last: Manager | undefined;
  for (const { manager, path } of conflicts) {
    if (last === undefined || identityOf(last) !== identityOf(manager)) lines.push(`conflicts with ${printed(manager)}:`);
    last = manager;
    lines.push(`- ${pathText(path)}`);
  }
  return `Apply failed with ${String(conflicts.length)} conflicts: ${lines.join('\n')}`;
}

function printed({ name, operation, apiVersion, subresource }: Manager): string {
  const who = `${JSON.stringify(name)}${subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`}`;
  return operation === 'Update' ? `${who} using ${apiVersion}` : who;
}
