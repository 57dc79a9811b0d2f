import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../object.ts';
import { objectText, rememberText } from './text.ts';

const object = (metadata: object, rest: object = {}): KubeObject => ({ metadata, ...rest }) as unknown as KubeObject;
const set = { 'f:data': { 'k:{"name":"a"}': {} } };
const entry = { manager: 'm', operation: 'Update', fieldsV1: set, subresource: 's' };

describe('objectText', () => {
  test.each<[string, KubeObject]>([
    ['nothing', object({})],
    ['no owners', object({ name: 'a' }, { spec: { x: 1 }, data: null })],
    ['owners alone', object({ managedFields: [entry] })],
    ['owners and more', object({ name: 'a', managedFields: [entry, { manager: 'n' }], uid: 'u' }, { spec: {} })],
    ['what has no value', object({ name: 'a', labels: undefined }, { spec: undefined })],
  ])('is what JSON says of an object with %s', (_, value) => {
    expect(JSON.parse(objectText(value))).toEqual(JSON.parse(JSON.stringify(value)));
    expect(objectText(value).startsWith('{"metadata":{')).toBe(true);
  });

  test('takes the known text of a set', () => {
    const shared = { 'f:x': {} };
    rememberText(shared, '{"f:x":{} }');
    expect(objectText(object({ managedFields: [{ manager: 'm', fieldsV1: shared }] }))).toBe(
      '{"metadata":{"managedFields":[{"manager":"m","fieldsV1":{"f:x":{} }}]}}',
    );
  });
});
