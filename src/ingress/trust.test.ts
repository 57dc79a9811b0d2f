import { expect, test } from '@jest/globals';
import { plainAddress, toldBy, trustedProxies } from './trust.ts';

const peer = { address: '10.0.0.9', host: 'h', isTls: false, port: 8080 };
const said = [
  'X-Forwarded-For',
  '6.6.6.6, 203.0.113.7',
  'x-forwarded-for',
  '10.0.0.8',
  'X-Forwarded-Proto',
  'https',
  'X-Forwarded-Host',
  'outside',
  'Forwarded',
  'for=203.0.113.7',
];

test('nobody is believed who was not named', () => {
  const own = { chain: '10.0.0.9', address: '10.0.0.9', host: 'h', proto: 'http', port: '8080', forwarded: undefined };
  expect(toldBy(said, peer, trustedProxies([]))).toEqual(own);
  expect(toldBy(said, peer, trustedProxies(['192.0.2.0/24', 'fd00::/8']))).toEqual(own);
});

test('a trusted proxy is: its chain grows, the client is the nearest address that is no proxy', () => {
  expect(toldBy(said, peer, trustedProxies(['10.0.0.0/24']))).toEqual({
    chain: '6.6.6.6, 203.0.113.7, 10.0.0.8, 10.0.0.9',
    address: '203.0.113.7',
    host: 'outside',
    proto: 'https',
    port: '443',
    forwarded: 'for=203.0.113.7, for=10.0.0.9;proto=http',
  });
});

test('one that says nothing, or nonsense', () => {
  const all = trustedProxies(['10.0.0.9/32']);
  expect(toldBy([], peer, all)).toMatchObject({
    chain: '10.0.0.9',
    address: '10.0.0.9',
    proto: 'http',
    port: '8080',
    forwarded: undefined,
  });
  expect(toldBy(['x-forwarded-proto', 'gopher'], peer, all).proto).toBe('http');
  expect(toldBy(['x-forwarded-for', 'unknown'], peer, all).address).toBe('unknown');
});

test('both families', () => {
  const all = trustedProxies(['fd00::/8']);
  const six = { ...peer, address: 'fd00::1' };
  expect(toldBy(['forwarded', 'for=a'], six, all).forwarded).toBe('for=a, for="[fd00::1]";proto=http');
  expect(toldBy(said, { ...peer, address: '2001:db8::1' }, all).chain).toBe('2001:db8::1');
  expect([plainAddress('::ffff:1.2.3.4'), plainAddress('fd00::1')]).toEqual(['1.2.3.4', 'fd00::1']);
});
