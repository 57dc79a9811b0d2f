import { describe, expect, test } from '@jest/globals';
import { bodyEncoding, checkRoute, collectionTypes, Negotiator, objectTypes, streamFormat } from './media-type.ts';

const negotiator = new Negotiator();
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const protobuf = 'application/vnd.kubernetes.protobuf';

describe('answers', () => {
  test.each([
    [undefined, { encoding: 'json', transform: undefined }],
    ['*/*', { encoding: 'json' }],
    ['*', { encoding: 'json' }],
    ['application/yaml', { encoding: 'yaml' }],
    [`${protobuf},application/json`, { encoding: 'protobuf' }],
    [`${protobuf};stream=watch`, { encoding: 'protobuf', transform: undefined }],
    ['application/json;q=0.5,application/yaml', { encoding: 'yaml' }],
    ['application/json;q=nonsense,application/yaml;q=0.1', { encoding: 'yaml' }],
    ['*/*,application/yaml', { encoding: 'yaml' }],
    [`application/*,${protobuf}`, { encoding: 'protobuf' }],
    [`${table},application/json`, { encoding: 'json', transform: 'Table', version: 'v1' }],
    [`application/json;as=Table;v=v9;g=meta.k8s.io,application/yaml`, { encoding: 'yaml', transform: undefined }],
    ['application/json;as=Nonsense;g=meta.k8s.io;v=v1,*/*', { encoding: 'json', transform: undefined }],
    ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1', { transform: 'PartialObjectMetadata', version: 'v1beta1' }],
    [`${protobuf};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`, { encoding: 'protobuf', transform: 'PartialObjectMetadataList' }],
    [`${protobuf};as=Table;g=meta.k8s.io;v=v1,${table}`, { encoding: 'json', transform: 'Table' }],
    ['application/json;stream=watch', { encoding: 'json', transform: undefined }],
    ['application/json;pretty=1', { pretty: true }],
    ['json,,application/json/x;,application/yaml', { encoding: 'yaml' }],
  ])('%s', (accept, expected) => {
    expect(negotiator.format(accept)).toMatchObject(expected);
  });

  test.each([
    'text/html',
    'application/cbor',
    'application/json;v=v1',
    'application/json;stream=other',
    'application/yaml;stream=watch',
    'application/json;sv=v2',
    'application/json;as=Table;v=v2;g=meta.k8s.io',
  ])('nothing fits %s', (accept) => {
    expect(() => negotiator.format(accept)).toThrow(`only the following media types are accepted: ${objectTypes.join(', ')}`);
  });

  test('what an endpoint cannot make is passed over', () => {
    expect(negotiator.format(`${table},application/yaml`, 'tableless')).toMatchObject({ encoding: 'yaml', transform: undefined });
    expect(negotiator.format(`${protobuf},application/json`, 'custom')).toMatchObject({ encoding: 'json' });
    expect(negotiator.format(`${protobuf};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`, 'custom')).toMatchObject({ encoding: 'protobuf' });
    expect(negotiator.find(table, 'plain')).toBeUndefined();
    expect(negotiator.find(`${table},${protobuf}`, 'plain')).toMatchObject({ encoding: 'protobuf', transform: undefined });
  });

  test('aggregated discovery', () => {
    const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    expect(negotiator.format(`${aggregated},application/json`, 'discovery')).toMatchObject({ aggregated: true, version: 'v2' });
    expect(negotiator.format(`${aggregated.replace('json', 'vnd.kubernetes.protobuf')}`, 'discovery')).toMatchObject({
      encoding: 'protobuf',
    });
    expect(negotiator.format(`application/json,${aggregated}`, 'discovery')).toMatchObject({ aggregated: false });
    expect(negotiator.format(`${aggregated.replace('v=v2', 'v=v3')},application/yaml`, 'discovery')).toMatchObject({ encoding: 'yaml' });
    expect(() => negotiator.format(aggregated)).toThrow('only the following media types are accepted');
  });

  test('watches come in no YAML', () => {
    expect(streamFormat(negotiator.format(protobuf)).encoding).toBe('protobuf');
    expect(() => streamFormat(negotiator.format('application/yaml'))).toThrow(
      `only the following media types are accepted: application/json;stream=watch, ${protobuf};stream=watch`,
    );
  });
});

describe('the router', () => {
  test.each([undefined, '', '*/*;q=0', 'text/html, application/json;q=0', protobuf])('lets %s through', (accept) => {
    expect(() => checkRoute(accept, objectTypes)).not.toThrow();
  });

  test.each(['application/*', 'text/html', 'Application/JSON'])('stops %s', (accept) => {
    expect(() => checkRoute(accept, collectionTypes)).toThrow(
      `406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, ${protobuf}, application/json;stream=watch, ${protobuf};stream=watch`,
    );
  });
});

test('bodies', () => {
  expect(bodyEncoding(undefined)).toBe('json');
  expect(bodyEncoding('Application/JSON; charset=utf-8;')).toBe('json');
  expect(bodyEncoding('application/vnd.kubernetes.protobuf')).toBe('protobuf');
  for (const type of ['text/plain', 'application/json; charset', 'application/cbor'])
    expect(() => bodyEncoding(type)).toThrow('the body of the request was in an unknown format');
});
