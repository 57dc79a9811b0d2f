/** What the columns of built-in kinds' tables mean. */
import { columnsText } from '../generated/columns.ts';
import { lazy } from './lazy.ts';

const columns = lazy(() => JSON.parse(columnsText) as Readonly<Record<string, Readonly<Record<string, string>>>>);

/** '' when nothing is known of the column. */
export function columnDescription(kind: string, column: string): string {
  for (const known of [columns()[kind], columns()['']]) {
    if (known !== undefined && Object.hasOwn(known, column)) return known[column] ?? '';
  }
  return '';
}
