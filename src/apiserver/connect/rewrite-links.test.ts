import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { deflateRawSync, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { hasLinks, rewriteLinks, throughProxy } from './rewrite-links.ts';

const at = { prefix: '/api/v1/namespaces/ns/pods/p/proxy', hosts: ['10.0.0.1:80', 'kube:6443'] };

describe('an address', () => {
  test.each([
    ['/rewriteme', '/api/v1/namespaces/ns/pods/p/proxy/rewriteme'],
    ['/', '/api/v1/namespaces/ns/pods/p/proxy/'],
    ['/dir/?q=/x#y', '/api/v1/namespaces/ns/pods/p/proxy/dir/?q=/x#y'],
    ['relative/x', 'relative/x'],
    ['#top', '#top'],
    ['mailto:a@b', 'mailto:a@b'],
    ['https://elsewhere.example/x', 'https://elsewhere.example/x'],
    ['//elsewhere.example/x', '//elsewhere.example/x'],
    ['http://10.0.0.1:80/x', '/api/v1/namespaces/ns/pods/p/proxy/x'],
    ['https://kube:6443/x', '/api/v1/namespaces/ns/pods/p/proxy/x'],
    ['/api/v1/namespaces/ns/pods/p/proxy/x', '/api/v1/namespaces/ns/pods/p/proxy/x'],
  ])('%s', (address, expected) => {
    expect(throughProxy(address, at)).toBe(expected);
  });
});

const page = '<!doctype html><p class=x>ü<a href="/rewriteme">test</a><img src=/i.png alt="a&amp;b"><script>if (a<b) "/no"</script>';
const expected =
  '<!doctype html><p class=x>ü<a href="/api/v1/namespaces/ns/pods/p/proxy/rewriteme">test</a>' +
  '<img src="/api/v1/namespaces/ns/pods/p/proxy/i.png" alt="a&amp;b"><script>if (a<b) "/no"</script>';

test('a page: addresses only, the rest as it is, however it is cut', async () => {
  const bytes = Buffer.from(page);
  for (const size of [1, 7, bytes.length]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
    expect(String(await buffer(await rewriteLinks(Readable.from(pieces, { objectMode: false }), undefined, at)))).toBe(expected);
  }
});

test('compressed pages stay compressed', async () => {
  const gzip = await buffer(await rewriteLinks(Readable.from([gzipSync(page)]), 'gzip', at));
  expect(String(gunzipSync(gzip))).toBe(expected);
  const deflate = await buffer(await rewriteLinks(Readable.from([deflateRawSync(page)]), 'deflate', at));
  expect(String(inflateRawSync(deflate))).toBe(expected);
});

test('what only claims to be compressed ends the answer', async () => {
  await expect(buffer(await rewriteLinks(Readable.from([Buffer.from('no gzip')]), 'gzip', at))).rejects.toThrow('incorrect header check');
});

test('only pages are touched', () => {
  expect(hasLinks('text/html; charset=utf-8', undefined)).toBe(true);
  expect(hasLinks('text/html', 'gzip')).toBe(true);
  expect(hasLinks('text/html', 'br')).toBe(false);
  expect(hasLinks('text/html; charset=latin1', undefined)).toBe(false);
  expect(hasLinks('text/plain', undefined)).toBe(false);
  expect(hasLinks(undefined, undefined)).toBe(false);
});
