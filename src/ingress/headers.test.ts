import { expect, test } from '@jest/globals';
import { requestHeaders, responseHeaders } from './headers.ts';
import type { Told } from './trust.ts';

const client: Told = {
  chain: '10.1.2.3',
  address: '10.1.2.3',
  host: 'a.example:8080',
  proto: 'https',
  port: '443',
  forwarded: undefined,
};
const ask = (raw: readonly string[]): string[] | undefined => requestHeaders(raw, 'a.example:8080', client);
const added = [
  'x-forwarded-for',
  '10.1.2.3',
  'x-forwarded-host',
  'a.example:8080',
  'x-forwarded-proto',
  'https',
  'x-forwarded-port',
  '443',
  'x-real-ip',
  '10.1.2.3',
];

test('headers of the connection stay, also those that Connection names; others go on as they were written', () => {
  const raw = [
    'Host',
    'a.example:8080',
    'Connection',
    'close, X-Secret',
    'X-Secret',
    '1',
    'Keep-Alive',
    '5',
    'TE',
    'trailers',
    'Upgrade',
    'h2c',
    'X-Own',
    'a',
    'X-Own',
    'b',
  ];
  expect(ask(raw)).toEqual(['host', 'a.example:8080', 'X-Own', 'a', 'X-Own', 'b', ...added]);
});

test('a client cannot say who it is, nor take headers from the backend by Connection', () => {
  const raw = [
    'host',
    'x',
    'X-Forwarded-For',
    '1.1.1.1',
    'forwarded',
    'for=1.1.1.1',
    'X-REAL-IP',
    '1.1.1.1',
    'Connection',
    'x-forwarded-for, content-length',
    'Content-Length',
    '3',
  ];
  expect(ask(raw)).toEqual(['host', 'a.example:8080', 'Content-Length', '3', ...added]);
});

test('two hosts, and transfer encodings that are not understood, are not passed on', () => {
  expect(ask(['host', 'a', 'Host', 'b'])).toBeUndefined();
  expect(ask(['host', 'a', 'Transfer-Encoding', 'gzip, chunked'])).toBeUndefined();
  expect(ask(['host', 'a', 'Transfer-Encoding', 'chunked', 'Expect', '100-continue'])).toEqual(['host', 'a.example:8080', ...added]);
});

test('of an answer chunks beat a length', () => {
  expect(responseHeaders(['Content-Length', '3', 'transfer-encoding', 'chunked', 'Set-Cookie', 'a', 'Set-Cookie', 'b'])).toEqual([
    'Set-Cookie',
    'a',
    'Set-Cookie',
    'b',
  ]);
  expect(responseHeaders(['Content-Length', '3', 'Connection', 'keep-alive', 'Date', 'x'])).toEqual(['Content-Length', '3', 'Date', 'x']);
});
