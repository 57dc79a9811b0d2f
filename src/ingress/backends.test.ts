import { expect, test } from '@jest/globals';
import { targetsOf } from './backends.ts';
import { service, slice } from './testing/objects.ts';

const web = service('a/web', [
  { name: 'http', port: 80 },
  { name: 'admin', port: 81 },
]);
const ports = [
  { name: 'http', port: 8080 },
  { name: 'admin', port: 9090 },
];

test('the ready endpoints of a port, by name or number', () => {
  const slices = [slice('a/web', [{ ip: '10.0.0.1' }, { ip: '10.0.0.2', ready: false }, { ip: '10.0.0.3', ready: true }], ports)];
  const expected = (port: number): object[] => [
    { host: '10.0.0.1', port },
    { host: '10.0.0.3', port },
  ];
  expect(targetsOf(web, slices, 80)).toEqual(expected(8080));
  expect(targetsOf(web, slices, 'admin')).toEqual(expected(9090));
  expect(targetsOf(web, slices, 8080)).toEqual([]);
  expect(targetsOf(web, slices, 'none')).toEqual([]);
});

test('when none is ready, those that end but serve', () => {
  const slices = [
    slice(
      'a/web',
      [
        { ip: '10.0.0.1', ready: false, serving: true, terminating: true },
        { ip: '10.0.0.2', ready: false, serving: false },
      ],
      ports,
    ),
  ];
  expect(targetsOf(web, slices, 80)).toEqual([{ host: '10.0.0.1', port: 8080 }]);
});

test("one family: the Service's first that has any", () => {
  const both = [slice('a/web', [{ ip: '10.0.0.1' }], ports), slice('a/web', [{ ip: 'fd00::1' }], ports, 'IPv6')];
  const six = service('a/web', [{ name: 'http', port: 80 }], { ipFamilies: ['IPv6', 'IPv4'] });
  expect(targetsOf(six, both, 80)).toEqual([{ host: 'fd00::1', port: 8080 }]);
  expect(targetsOf(six, both.slice(0, 1), 80)).toEqual([{ host: '10.0.0.1', port: 8080 }]);
});

test('external names are not followed', () => {
  expect(
    targetsOf(
      service('a/web', [{ name: 'http', port: 80 }], { type: 'ExternalName', externalName: 'localhost' }),
      [slice('a/web', [{ ip: '127.0.0.1' }], ports)],
      80,
    ),
  ).toEqual([]);
});
