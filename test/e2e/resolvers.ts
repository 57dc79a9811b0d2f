/** Resolvers that judge the DNS server: dig, and getaddrinfo of glibc and musl, each with a resolv.conf of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Commands } from '../../src/base/command.ts';

const program = `#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
int main(int argc, char **argv) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
  if (argc < 2 || getaddrinfo(argv[1], "80", &hints, &found) != 0) return 2;
  for (; found != NULL; found = found->ai_next) {
    char text[INET6_ADDRSTRLEN];
    void *address = found->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)found->ai_addr)->sin_addr
                                                : (void *)&((struct sockaddr_in6 *)found->ai_addr)->sin6_addr;
    printf("%s x\\n", inet_ntop(found->ai_family, address, text, sizeof text));
  }
}
`;

export class Resolvers {
  readonly #dir = mkdtempSync(join(tmpdir(), 'coracle-resolvers-'));
  readonly #inside: Commands;

  /** `inside`: where the questions come from; `resolvConf`: as the kubelet writes it. */
  constructor(inside: Commands, resolvConf: string) {
    this.#inside = inside;
    writeFileSync(join(this.#dir, 'resolv.conf'), resolvConf);
    writeFileSync(join(this.#dir, 'nsswitch.conf'), 'hosts: dns\n');
    writeFileSync(join(this.#dir, 'lookup.c'), program);
    const args = ['-static', '-o', join(this.#dir, 'lookup'), join(this.#dir, 'lookup.c')];
    execFileSync('musl-gcc', args, { stdio: 'ignore' });
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true });
  }

  dig(...args: string[]): Promise<string> {
    return this.#run('dig', '+time=5', '+tries=1', ...args);
  }

  /** All addresses of a name, sorted; none: there is no such name. */
  async addresses(libc: 'glibc' | 'musl', name: string): Promise<string[]> {
    const command = libc === 'glibc' ? ['getent', 'ahosts', name] : [join(this.#dir, 'lookup'), name];
    // Exit status 2 is getent's, and the program's, for a name that is not there.
    const output = await this.#run('sh', '-c', '"$@" || [ $? = 2 ]', 'sh', ...command);
    const ips = output.split('\n').map((line) => line.split(' ')[0] ?? '');
    return [...new Set(ips)].filter((ip) => ip !== '').sort();
  }

  #run(...command: string[]): Promise<string> {
    const binds = ['resolv.conf', 'nsswitch.conf'].map((file) => `mount --bind ${join(this.#dir, file)} /etc/${file}`);
    return this.#inside.run('unshare', ['--mount', 'sh', '-c', `${binds.join(' && ')} && exec "$@"`, 'sh', ...command]);
  }
}
