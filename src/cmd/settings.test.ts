import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { resolveSettings, type SettingsSources } from './settings.ts';
import { UsageError } from './usage-error.ts';

const resolveFrom = (sources: Partial<SettingsSources>): ReturnType<typeof resolveSettings> =>
  resolveSettings({ command: 'server', flags: {}, environment: {}, isRoot: true, ...sources });

function configFile(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'coracle-settings-')), 'config.yaml');
  writeFileSync(file, text);
  return file;
}

describe('settings', () => {
  test('defaults hold when nothing is said', async () => {
    const settings = await resolveFrom({});
    expect(settings['https-listen-port']).toBe(6443);
    expect(settings['data-dir']).toBe('/var/lib/coracle');
    expect(settings['cluster-cidr']).toEqual(['10.42.0.0/16', 'fd42::/56']);
    expect(settings['disable-agent']).toBe(false);
    expect((await resolveFrom({ isRoot: false, environment: { XDG_DATA_HOME: '/x' } }))['data-dir']).toBe('/x/coracle');
  });

  test('a flag beats the environment, which beats the file', async () => {
    const config = configFile('https-listen-port: 1\nnode-name: from-file\ntls-san: [a, b]\n');
    const settings = await resolveFrom({
      flags: { config, 'https-listen-port': '3' },
      environment: { CORACLE_HTTPS_LISTEN_PORT: '2', CORACLE_NODE_IP: '10.0.0.1,fd00::1' },
    });
    expect(settings['https-listen-port']).toBe(3);
    expect(settings['node-name']).toBe('from-file');
    expect(settings['tls-san']).toEqual(['a', 'b']);
    expect(settings['node-ip']).toEqual(['10.0.0.1', 'fd00::1']);
  });

  test.each([
    [{ flags: { 'https-listen-port': '70000' } }, /--https-listen-port 70000: must be a port/],
    [{ flags: { 'https-listen-port': 'x' } }, /--https-listen-port x: must be a whole number/],
    [{ environment: { CORACLE_CLUSTER_CIDR: '10.0.0.0/33' } }, /CORACLE_CLUSTER_CIDR 10.0.0.0\/33: must be CIDRs/],
    [{ flags: { 'node-ip': '1.2.3' } }, /--node-ip 1.2.3: must be an IPv4 or IPv6 address/],
    [{ flags: { runtime: 'podman' } }, /must be one of auto, docker, sim/],
    [{ flags: { config: configFile('nonsense: 1\n') } }, /unknown setting "nonsense"/],
    [{ flags: { config: configFile('- 1\n') } }, /must hold a map/],
    [{ flags: { config: configFile('a: [\n') } }, /not valid YAML/],
    [{ flags: { config: '/does/not/exist' } }, /cannot be read \(ENOENT\)/],
  ])('%j is refused in one line', async (sources, message) => {
    await expect(resolveFrom(sources)).rejects.toThrow(UsageError);
    await expect(resolveFrom(sources)).rejects.toThrow(message);
  });

  test('a secret is never repeated in an error', async () => {
    const config = configFile('token: {a: geheim}\n');
    await expect(resolveFrom({ flags: { config } })).rejects.toThrow(/token: must be text/);
    await expect(resolveFrom({ flags: { config } })).rejects.not.toThrow(/geheim/);
  });
});
