import { describe, expect, test } from '@jest/globals';
import { bodyEncoding, Negotiator, objectFormat, withoutTable } from './media-type.ts';

const negotiator = new Negotiator();

describe('negotiation', () => {
  test.each([
    [undefined, { encoding: 'json', transform: undefined }],
    ['*/*', { encoding: 'json' }],
    ['application/yaml', { encoding: 'yaml' }],
    ['application/vnd.kubernetes.protobuf,application/json', { encoding: 'json' }],
    ['application/json;q=0.5,application/yaml', { encoding: 'yaml' }],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', { transform: 'Table', version: 'v1' }],
    ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1', { transform: 'PartialObjectMetadata', version: 'v1beta1' }],
    ['application/json;stream=watch', { encoding: 'json', transform: undefined }],
  ])('%s', (accept, expected) => {
    expect(negotiator.format(accept)).toMatchObject(expected);
  });

  test('nothing fits', () => {
    expect(() => negotiator.format('application/vnd.kubernetes.protobuf')).toThrow(
      'only the following media types are accepted: application/json, application/yaml',
    );
    expect(() => objectFormat(negotiator.format('application/json;as=Nonsense;g=x;v=v1'))).toThrow('only the following media types');
  });

  test('the next best when there is no table', () => {
    const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    expect(withoutTable(`${table},application/yaml`)).toMatchObject({ encoding: 'yaml', transform: undefined });
    expect(() => withoutTable(table)).toThrow('only the following media types are accepted');
  });

  test('bodies', () => {
    expect(bodyEncoding(undefined)).toBe('json');
    expect(bodyEncoding('application/json; charset=utf-8')).toBe('json');
    expect(bodyEncoding('application/vnd.kubernetes.protobuf')).toBe('protobuf');
    expect(() => bodyEncoding('text/plain')).toThrow('the body of the request was in an unknown format');
  });
});
