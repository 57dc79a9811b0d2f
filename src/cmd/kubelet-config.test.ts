import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseKubeletConfig } from './kubelet-config.ts';
import { nodeSettings } from './node-settings.ts';
import { resolveSettings } from './settings.ts';
import { UsageError } from './usage-error.ts';

const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const parse = (text: string) => parseKubeletConfig(head + text, 'k.yaml');

describe('a KubeletConfiguration', () => {
  test.each([
    ['evictionHard: {memory.available: 200Mi, nodefs.available: 10%}', { evictionHard: 'memory.available<200Mi,nodefs.available<10%' }],
    ['imageGCHighThresholdPercent: 70\nimageGCLowThresholdPercent: 60', { imageGcHighPercent: 70, imageGcLowPercent: 60 }],
    ['kubeReserved: {cpu: 100m}\nsystemReserved: {memory: 1Gi}', { kubeReserved: { cpu: '100m' }, systemReserved: { memory: '1Gi' } }],
    ['maxPods: 30\npodsPerCore: 5', { maxPods: 30, podsPerCore: 5 }],
    [
      'evictionSoft: {memory.available: 1Gi}\nevictionSoftGracePeriod: {memory.available: 90s}\nevictionMaxPodGracePeriod: 20\nevictionMinimumReclaim: {memory.available: 100Mi}\nevictionPressureTransitionPeriod: 30s',
      {
        eviction: {
          soft: 'memory.available<1Gi',
          softGraceMs: { 'memory.available': 90_000 },
          minimumReclaim: { 'memory.available': '100Mi' },
          maxPodGraceMs: 20_000,
          transitionMs: 30_000,
        },
      },
    ],
    ['imageMinimumGCAge: 1m\nimageMaximumGCAge: 1h', { imageGcMinimumAgeMs: 60_000, imageGcMaximumAgeMs: 3_600_000 }],
    ['shutdownGracePeriod: 1m30s\nshutdownGracePeriodCriticalPods: 10s', { shutdownGraceMs: 90_000, shutdownGraceCriticalMs: 10_000 }],
    [
      'shutdownGracePeriodByPodPriority: [{priority: 0, shutdownGracePeriodSeconds: 20}]',
      { shutdownGraceByPriority: [{ priority: 0, ms: 20_000 }] },
    ],
    ['containerLogMaxSize: 1Mi', { containerLogs: { maxBytes: 1 << 20, maxFiles: 5 } }],
    ['containerLogMaxFiles: 2', { containerLogs: { maxBytes: 10 << 20, maxFiles: 2 } }],
    ['serializeImagePulls: true', { maxParallelImagePulls: 1 }],
    ['serializeImagePulls: false', {}],
    ['serializeImagePulls: false\nmaxParallelImagePulls: 3', { maxParallelImagePulls: 3 }],
    [
      'imagePullCredentialsVerificationPolicy: NeverVerifyAllowlistedImages\npreloadedImagesVerificationAllowlist: [r.example/*]',
      { imageVerification: { policy: 'NeverVerifyAllowlistedImages', allowlist: ['r.example/*'] } },
    ],
    // What it does anyway, and what kubeadm writes for "by default".
    ['cgroupsPerQOS: true\nsyncFrequency: 0s\nnodeStatusReportFrequency: 300s\nfailSwapOn: false\nmemorySwap: {}\ntracing: null', {}],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test.each([
    ['maxPod: 30', '--kubelet-config k.yaml: maxPod: there is no such field in a KubeletConfiguration'],
    ['toString: 1', 'toString: there is no such field'],
    ['evictionSoft: {memory.available: 1Gi}', 'grace period must be specified for the soft eviction threshold memory.available'],
    ['evictionMinimumReclaim: {memory.free: 1Gi}', 'unknown eviction signal "memory.free"'],
    ['imageMaximumGCAge: 1m', 'imageMaximumGCAge 60s must be greater than imageMinimumGCAge 120s'],
    ['cpuManagerPolicy: static', 'cpuManagerPolicy: this node can only do "none"'],
    ['podPidsLimit: 100', 'podPidsLimit: this node can only do -1'],
    ['maxPods: many', 'maxPods: must be a whole number from 0'],
    ['shutdownGracePeriod: 30', 'shutdownGracePeriod: must be a duration such as 30s'],
    ['shutdownGracePeriod: soon', 'shutdownGracePeriod: time: invalid duration'],
    ['evictionHard: {memory: 1Gi}', 'evictionHard: unknown eviction signal'],
    ['kubeReserved: {gpu: 1}', 'kubeReserved: must be NAME=AMOUNT'],
    ['kubeReserved: [1]', 'kubeReserved: must be a map'],
    ['containerLogMaxFiles: 1', 'containerLogMaxFiles: must be a whole number from 2'],
    ['maxParallelImagePulls: 3', 'maxParallelImagePulls cannot be larger than 1 while serializeImagePulls is true'],
    ['imagePullCredentialsVerificationPolicy: Never', 'must be one of NeverVerify,'],
    ['shutdownGracePeriodByPodPriority: [null]', 'shutdownGracePeriodByPodPriority: '],
  ])('refuses %s', (text, message) => {
    expect(() => parse(text)).toThrow(UsageError);
    expect(() => parse(text)).toThrow(message);
  });

  test.each(['', 'kind: Pod', '[]', 'a: [', 'apiVersion: kubelet.config.k8s.io/v1\nkind: KubeletConfiguration'])(
    'is refused when it is none: %j',
    (text) => {
      expect(() => parseKubeletConfig(text, 'k.yaml')).toThrow(UsageError);
    },
  );
});

describe('settings of a node', () => {
  const settings = async (flags: Record<string, unknown>) =>
    nodeSettings(await resolveSettings({ command: 'agent', flags: { config: '/dev/null', ...flags }, environment: {}, isRoot: true }));
  const file = (text: string): string => {
    const path = join(mkdtempSync(join(tmpdir(), 'coracle-kubelet-')), 'kubelet.yaml');
    writeFileSync(path, head + text);
    return path;
  };

  test('flags go before the file, the file before what is usual', async () => {
    const config = file('maxPods: 7\nkubeReserved: {cpu: 1}\nimageGCHighThresholdPercent: 90');
    expect(await settings({ 'kubelet-config': config, 'kube-reserved': 'cpu=2' })).toMatchObject({
      maxPods: 7,
      kubeReserved: { cpu: '2' },
      imageGcHighPercent: 90,
      imageGcLowPercent: 80,
      shutdownGraceMs: 0,
    });
  });

  test('times of shutdown by priority exclude the others', async () => {
    expect((await settings({ 'shutdown-grace-period-by-pod-priority': '0=30,1000=10' })).shutdownGraceByPriority).toEqual([
      { priority: 0, ms: 30_000 },
      { priority: 1000, ms: 10_000 },
    ]);
    await expect(settings({ 'shutdown-grace-period-by-pod-priority': '0' })).rejects.toThrow('must be PRIORITY=SECONDS');
    await expect(settings({ 'shutdown-grace-period-by-pod-priority': '0=1', 'shutdown-grace-period': 5 })).rejects.toThrow(
      'exclude each other',
    );
    await expect(settings({ 'kubelet-config': file('imageGCLowThresholdPercent: 99') })).rejects.toThrow('must not be above');
    await expect(settings({ 'kubelet-config': '/none' })).rejects.toThrow('--kubelet-config /none: cannot be read (ENOENT)');
  });
});
