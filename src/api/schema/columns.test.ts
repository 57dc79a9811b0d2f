import { expect, test } from '@jest/globals';
import { columnDescription } from './columns.ts';

test('columns say what they mean: of their kind, or what all kinds say', () => {
  expect(columnDescription('Pod', 'Ready')).toBe('The aggregate readiness state of this pod for accepting traffic.');
  expect(columnDescription('Pod', 'Name')).toMatch(/^Name must be unique within a namespace\./);
  expect(columnDescription('Unheard', 'Age')).toMatch(/^CreationTimestamp is a timestamp/);
  // Put together by append, and read through a field.
  expect(columnDescription('CSIDriver', 'Modes')).not.toBe('');
  expect(columnDescription('Event', 'Subobject')).toMatch(/^If referring to a piece of an object/);
  expect(columnDescription('Pod', 'constructor')).toBe('');
});
