import { expect, test } from '@jest/globals';
import { decodeJson } from './decode.ts';
import { schemaOfKind } from './facts.ts';
import type { Schema } from './schema.ts';
import { emptyFields, saidEmpty, saysEmptyInside } from './said-empty.ts';

test('what is said to be empty is left out and remembered', () => {
  const schema = schemaOfKind('', 'v1', 'ConfigMap') as Schema;
  const { value } = decodeJson('{"metadata":{"name":"a","finalizers":[],"labels":{}},"data":{}}', schema, 'Strict');
  expect(value).toEqual({ metadata: { name: 'a' } });
  const metadata = value?.['metadata'] as object;
  expect(emptyFields(metadata)).toEqual(['finalizers', 'labels']);
  expect([saidEmpty(metadata, 'labels'), saidEmpty(value, 'data'), saidEmpty(value, 'binaryData')]).toEqual([{}, {}, undefined]);
  expect([saysEmptyInside(value), saysEmptyInside({ ...metadata }), saysEmptyInside([metadata])]).toEqual([true, false, true]);
  expect(JSON.stringify(value)).toBe('{"metadata":{"name":"a"}}');
});
