import { describe, expect, test } from '@jest/globals';
import { decodeJson } from './decode.ts';
import { schemaOfKind } from './facts.ts';

const pod = schemaOfKind('', 'v1', 'Pod');
const deployment = schemaOfKind('apps', 'v1', 'Deployment');
if (pod === undefined || deployment === undefined) throw new Error('no facts');

describe('decodeJson', () => {
  test('a type mismatch names struct, path and Go type', () => {
    expect(decodeJson('{"spec":{"containers":"x"}}', pod, 'Strict').error).toBe(
      'json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container',
    );
  });

  test('numbers that do not fit are shown', () => {
    expect(decodeJson('{"spec":{"replicas":99999999999}}', deployment, 'Strict').error).toBe(
      'json: cannot unmarshal number 99999999999 into Go struct field DeploymentSpec.spec.replicas of type int32',
    );
  });

  test.each([
    ['', undefined],
    ['AAE=', undefined],
    ['AA\\nE=', undefined],
    ['*', 'illegal base64 data at input byte 0'],
    ['AAECx', 'illegal base64 data at input byte 4'],
  ])('bytes %j are base64', (text, error) => {
    const configMap = schemaOfKind('', 'v1', 'ConfigMap');
    if (configMap === undefined) throw new Error('no facts');
    expect(decodeJson(`{"binaryData":{"a":"${text}"}}`, configMap, 'Strict').error).toBe(error);
  });

  test('strict mode refuses unknown and repeated fields with their paths', () => {
    expect(decodeJson('{"spec":{"replicas":1,"replicas":2,"bogus":{"a":1}}}', deployment, 'Strict').error).toBe(
      'strict decoding error: duplicate field "spec.replicas", unknown field "spec.bogus"',
    );
    expect(decodeJson('{"spec":{"containers":[{"name":"a","Image":"b"}]}}', pod, 'Strict').error).toBe(
      'strict decoding error: unknown field "spec.containers[0].Image"',
    );
  });

  test('warn mode keeps the known part and says the rest', () => {
    expect(decodeJson('{"spec":{"replicas":1,"bogus":1}}', deployment, 'Warn')).toEqual({
      value: { spec: { replicas: 1 } },
      error: undefined,
      warnings: ['unknown field "spec.bogus"'],
    });
  });

  test('maps are in the order of their keys, as Go writes them', () => {
    const { value } = decodeJson('{"metadata":{"labels":{"b":"1","__proto__":"2","a":"3"}}}', pod, 'Strict');
    expect(JSON.stringify(value)).toBe('{"metadata":{"labels":{"__proto__":"2","a":"3","b":"1"}}}');
  });

  test('empty values go as Go leaves them out; pointers keep their zero', () => {
    const text = '{"metadata":{"labels":{},"name":""},"spec":{"replicas":0,"paused":false,"selector":null,"template":{}}}';
    expect(decodeJson(text, deployment, 'Ignore').value).toEqual({ metadata: {}, spec: { replicas: 0, template: {} } });
  });

  test('a colon or an escaped quote inside a string is no key', () => {
    const text = JSON.stringify({ metadata: { annotations: { a: '{"b":"c\\":"}', 'd:e': ':' } } });
    expect(decodeJson(text, pod, 'Strict').value).toEqual(JSON.parse(text));
  });
});
