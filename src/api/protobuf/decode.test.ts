import { describe, expect, test } from '@jest/globals';
import { decodeProtobuf } from './decode.ts';

/** Writes messages by hand: a number is a varint, everything else is length-delimited. */
function message(...fields: readonly (readonly [number: number, value: number | string | Buffer])[]): Buffer {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)]);
      const bytes = Buffer.from(value);
      return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
    }),
  );
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

const document = (apiVersion: string, kind: string, raw: Buffer): Buffer =>
  Buffer.concat([Buffer.from('k8s\0'), message([1, message([1, apiVersion], [2, kind])], [2, raw], [3, ''], [4, ''])]);

describe('protobuf', () => {
  test('a config map: maps, empty values left out, zero times', () => {
    const metadata = message([1, 'name'], [2, ''], [3, 'ns'], [8, ''], [11, message([1, 'k'], [2, 'v'])]);
    const raw = message(
      [1, metadata],
      [2, message([1, 'a'], [2, 'b'])],
      [2, message([1, 'empty'], [2, ''])],
      [3, message([1, 'bin'], [2, Buffer.from([1, 2])])],
    );
    expect(decodeProtobuf(document('v1', 'ConfigMap', raw))).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      value: { metadata: { name: 'name', namespace: 'ns', labels: { k: 'v' } }, data: { a: 'b', empty: '' }, binaryData: { bin: 'AQI=' } },
    });
  });

  test('a pod: embedded handlers, int-or-string, quantities, pointers to zero', () => {
    const httpGet = message([1, '/'], [2, message([1, 0], [2, 80], [3, ''])], [4, 'HTTP']);
    const probe = message([1, message([2, httpGet])], [2, 5]);
    const resources = message([1, message([1, 'cpu'], [2, message([1, '10m'])])]);
    const container = message([1, 'c'], [2, 'image'], [8, resources], [10, probe]);
    const spec = message([2, container], [4, 0]);
    const { value } = decodeProtobuf(document('v1', 'Pod', message([2, spec])));
    expect(value).toEqual({
      spec: {
        containers: [
          {
            name: 'c',
            image: 'image',
            resources: { limits: { cpu: '10m' } },
            livenessProbe: { httpGet: { path: '/', port: 80, scheme: 'HTTP' }, initialDelaySeconds: 5 },
          },
        ],
        terminationGracePeriodSeconds: 0,
      },
    });
  });

  test('what is no document', () => {
    expect(() => decodeProtobuf(Buffer.from('{}'))).toThrow('expected prefix [107 56 115 0]');
    expect(() => decodeProtobuf(document('v1', 'Nonsense', Buffer.alloc(0)))).toThrow('no kind "Nonsense" is registered');
    expect(() => decodeProtobuf(document('v1', 'Pod', Buffer.from([0x12, 0x7f])))).toThrow('unexpected EOF');
  });
});
