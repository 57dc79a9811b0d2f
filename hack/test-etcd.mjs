/**
 * The etcd the tests of the etcd backend run: Debian's etcd-server 3.5, unpacked under .cache and not installed, so that no service
 * starts on this machine. Nothing is done where $ETCD, the peers' folder or the system have one of 3.5 or later.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from './prepare.mjs';

const packages = {
  x64: ['amd64', '0875921bb0d023f2af9b8e15cdfbe417a03e65731345fb832c40f9c2dd72967b'],
  arm64: ['arm64', '5e21469a4f59f1cb2ed7af9c6eb9dda7d9734809c011cfa8a39b34f82a161a32'],
};
const folder = join(root, '.cache', 'etcd');
const unpacked = join(folder, 'usr', 'bin', 'etcd');

/** The binary's path, or undefined with one line on stderr that says why there is none. */
export async function testEtcd() {
  const places = [process.env.ETCD ?? '', join(homedir(), '.cache/peers/bin/etcd'), unpacked, '/usr/bin/etcd', '/usr/local/bin/etcd'];
  return places.find(isUsable) ?? (await download());
}

function isUsable(place) {
  if (place === '' || !existsSync(place)) return false;
  const [, major, minor] = /Version: (\d+)\.(\d+)/.exec(spawnSync(place, ['--version'], { encoding: 'utf8' }).stdout ?? '') ?? [];
  return Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 5);
}

async function download() {
  const found = packages[process.arch];
  if (found === undefined) return without(`there is no package of it for ${process.arch}`);
  const [architecture, sha256] = found;
  process.stdout.write('· fetching etcd (Debian package etcd-server 3.5.16)\n');
  try {
    const response = await fetch(`http://deb.debian.org/debian/pool/main/e/etcd/etcd-server_3.5.16-4_${architecture}.deb`);
    if (!response.ok) return without(`the download answered ${String(response.status)}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) return without('the download is not the package it should be');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'etcd-server.deb');
    writeFileSync(file, bytes);
    const { status, stderr, error } = spawnSync('dpkg-deb', ['--extract', file, folder], { encoding: 'utf8' });
    return status === 0 ? unpacked : without(error?.message ?? stderr.trim());
  } catch (error) {
    return without(error.message);
  }
}

function without(why) {
  process.stderr.write(`coracle: the tests with etcd need etcd 3.5 or later (${why}); install it and set ETCD to its path\n`);
  return undefined;
}
