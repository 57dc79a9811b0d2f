import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseYaml } from '../api/yaml.ts';
import { kubeconfigText, mergeKubeconfig, readKubeconfig } from './kubeconfig.ts';

const entry = { name: 'coracle', server: 'https://127.0.0.1:6443', authority: 'CA', client: { cert: 'CERT', key: 'KEY' } };

describe('kubeconfig', () => {
  test('holds one cluster, user and context', () => {
    expect(parseYaml(kubeconfigText(entry))).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'coracle', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': 'Q0E=' } }],
      users: [{ name: 'coracle', user: { 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' } }],
      contexts: [{ name: 'coracle', context: { cluster: 'coracle', user: 'coracle' } }],
      'current-context': 'coracle',
    });
  });

  test('is read back as it was written', () => {
    expect(readKubeconfig(kubeconfigText(entry))).toEqual(entry);
  });

  test('merging keeps what others put there and replaces its own', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'coracle-kubeconfig-')), 'config');
    writeFileSync(
      file,
      'preferences: {colors: true}\nclusters: [{name: work, cluster: {server: x}}, {name: coracle, cluster: {server: old}}]\ncurrent-context: work\n',
    );
    const result = parseYaml(mergeKubeconfig(file, entry)) as { clusters: { name: string; cluster: { server: string } }[] } & Record<
      string,
      unknown
    >;
    expect(result['preferences']).toEqual({ colors: true });
    expect(result.clusters.map((cluster) => [cluster.name, cluster.cluster.server])).toEqual([
      ['work', 'x'],
      ['coracle', 'https://127.0.0.1:6443'],
    ]);
    expect(result['current-context']).toBe('coracle');
  });

  test('a file that is no kubeconfig is left alone', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'coracle-kubeconfig-')), 'config');
    writeFileSync(file, '- not\n- one\n');
    expect(() => mergeKubeconfig(file, entry)).toThrow(/not a kubeconfig; nothing was changed/);
  });
});
