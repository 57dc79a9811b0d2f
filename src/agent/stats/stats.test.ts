import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import type { ContainerConfig, Runtime } from '../runtimes/runtime.ts';
import { t0, testContainer } from '../testing/pods.ts';
import { cadvisorMetrics } from './cadvisor-metrics.ts';
import type { GroupPath, GroupStats } from './cgroup.ts';
import { KubeletMetrics } from './kubelet-metrics.ts';
import { type NodeUse, parseInterfaces } from './machine-use.ts';
import { resourceMetrics } from './resource-metrics.ts';
import { cpuAndMemory, summary } from './summary.ts';
import type { Usage } from './usage.ts';

const path = { name: '/kubepods/podu/c' } as GroupPath;
const disk = { capacity: 9, available: 4, used: 5, inodes: 100, inodesFree: 40 };
const eth0 = { name: 'eth0', rxBytes: 7, rxPackets: 1, rxErrors: 0, rxDropped: 0, txBytes: 8, txPackets: 1, txErrors: 0, txDropped: 0 };

function stats(seconds: number): GroupStats {
  return {
    time: t0 + seconds * 1000,
    cpu: {
      ...{ nanos: seconds * 5e8, userNanos: 1e9, systemNanos: 1e9, periods: 4, throttledPeriods: 1, throttledNanos: 1e9 },
      ...{ shares: 102, quota: 10_000, period: 100_000 },
    },
    memory: {
      ...{ usage: 100, workingSet: 80, rss: 60, cache: 1, mappedFile: 1, swap: 0, kernel: 1, maxUsage: 1, failures: 0 },
      ...{ activeFile: 1, inactiveFile: 1, pageFaults: 3, majorPageFaults: 1, limit: 200, swapLimit: undefined },
    },
    threads: 2,
    threadsMax: undefined,
  };
}

function usage(seconds: number): Usage {
  const node = {
    ...{ time: t0 + seconds * 1000, startTime: t0, cpuNanos: seconds * 1e9, userNanos: 0, systemNanos: 0, memoryTotal: 10 },
    ...{ memoryUsage: 1, workingSet: 4, rss: 1, availableBytes: 5, pageFaults: 0, majorPageFaults: 0, swapTotal: 0, swapUsage: 0 },
    ...{ processes: 3, maxProcesses: 100, interfaces: [eth0] },
  } satisfies NodeUse;
  const group = { path: { ...path, name: '/kubepods/podu' }, stats: stats(seconds) };
  const containers = [{ path, stats: stats(seconds), container: testContainer() }];
  return { node, allPods: undefined, pods: [{ worker, group, containers, interfaces: [eth0] }] };
}
const worker = { pod: { metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: {}, status: {} } } as never;

const input = (before: Usage | undefined) => ({
  ...{ nodeName: 'n1', usage: usage(20), before, nodeDisk: disk, imageDisk: disk, imageBytes: 3 },
  pods: [{ containers: new Map([[testContainer().id, 12]]), volumes: [] }],
});

describe('the summary', () => {
  test('rates come from two readings', () => {
    expect(summary(input(usage(10)))).toMatchObject({
      node: {
        nodeName: 'n1',
        cpu: { usageNanoCores: 1e9 },
        memory: { availableBytes: 6 },
        fs: { usedBytes: 5, inodesUsed: 60 },
        runtime: { imageFs: { usedBytes: 3 } },
        rlimit: { maxpid: 100, curproc: 3 },
        network: { name: 'eth0', rxBytes: 7 },
      },
      pods: [
        {
          podRef: { name: 'p' },
          cpu: { usageNanoCores: 5e8 },
          network: { txBytes: 8 },
          'ephemeral-storage': { usedBytes: 12 },
          containers: [{ name: 'web', cpu: { usageNanoCores: 5e8 }, memory: { workingSetBytes: 80, availableBytes: 120 } }],
        },
      ],
    });
    expect(summary(input(undefined))).toMatchObject({ node: { cpu: { usageNanoCores: 0 } } });
  });

  test('of processor and memory alone', () => {
    const brief = cpuAndMemory(input(usage(10))) as { node: object; pods: { containers: object[] }[] };
    expect(Object.keys(brief.node).sort()).toEqual(['cpu', 'memory', 'nodeName', 'startTime', 'swap', 'systemContainers']);
    expect(Object.keys(brief.pods[0]?.containers[0] ?? {}).sort()).toEqual(['cpu', 'memory', 'name', 'startTime', 'swap']);
  });
});

describe('as Prometheus text', () => {
  test('resources', () => {
    const lines = resourceMetrics(usage(2), t0).split('\n');
    expect(lines).toContain(`container_cpu_usage_seconds_total{container="web",namespace="ns",pod="p"} 1 ${t0 + 2000}`);
    expect(lines).toContain(`pod_memory_working_set_bytes{namespace="ns",pod="p"} 80 ${t0 + 2000}`);
    expect(lines).toContain('resource_scrape_error 0');
  });

  test('cAdvisor', () => {
    const info = { bootID: 'b', machineID: 'm', systemUUID: 's', kernelVersion: '6', osImage: 'Debian' } as never;
    const lines = cadvisorMetrics({ usage: usage(2), info, processors: 2 }).split('\n');
    const labels = 'container="web",id="/kubepods/podu/c",image="web:1",name="k8s_web_p_ns_u_0",namespace="ns",pod="p"';
    expect(lines).toContain(`container_cpu_cfs_throttled_seconds_total{${labels}} 1 ${t0 + 2000}`);
    expect(lines).toContain(`container_memory_working_set_bytes{${labels}} 80 ${t0 + 2000}`);
    expect(lines).toContain('machine_cpu_cores{boot_id="b",machine_id="m",system_uuid="s"} 2');
    const network = lines.filter((line) => line.startsWith('container_network_receive_bytes_total{'));
    expect(network.map((line) => /id="([^"]*)"/.exec(line)?.[1])).toEqual(['/', '/kubepods/podu']);
  });

  test('operations of the runtime are counted, failed ones too', async () => {
    const metrics = new KubeletMetrics({ nodeName: 'n1', version: 'v1.36.3', clock: new FakeClock(), workers: () => [] });
    const runtime = metrics.meter({
      scheme: 'docker',
      createContainer: async () => ({ id: 'c1' }),
      startContainer: async (id: string) => (id === 'c1' ? testContainer() : Promise.reject(new Error('no'))),
    } as unknown as Runtime);
    expect(runtime.scheme).toBe('docker');
    const { id } = await runtime.createContainer({} as never, { kind: 'init' } as ContainerConfig);
    await runtime.startContainer(id);
    await expect(runtime.startContainer('c2')).rejects.toThrow('no');
    const lines = metrics.text().split('\n');
    expect(lines).toContain('kubelet_runtime_operations_total{operation_type="start_container"} 2');
    expect(lines).toContain('kubelet_runtime_operations_errors_total{operation_type="start_container"} 1');
    expect(lines).toContain('kubelet_started_containers_total{container_type="init_container"} 1');
    expect(lines).toContain('kubelet_node_name{node="n1"} 1');
  });

  test('image volumes, requests under way and what never happens', async () => {
    const metrics = new KubeletMetrics({ nodeName: 'n1', version: 'v1.36.3', clock: new FakeClock(5000), workers: () => [] });
    const runtime = metrics.meter({
      mountImage: async (_: unknown, path: string) => (path === '/a' ? undefined : Promise.reject(new Error('no'))),
    } as unknown as Runtime);
    await runtime.mountImage({} as never, '/a');
    await expect(runtime.mountImage({} as never, '/b')).rejects.toThrow('no');
    const over = metrics.request({ method: 'GET', path: 'pods', longRunning: false });
    const inflight = 'kubelet_http_inflight_requests{long_running="false",method="GET",path="pods",server_type="readwrite"}';
    expect(metrics.text().split('\n')).toEqual(
      expect.arrayContaining([
        `${inflight} 1`,
        'kubelet_image_volume_requested_total 2',
        'kubelet_image_volume_mounted_succeed_total 1',
        'kubelet_image_volume_mounted_errors_total 1',
        'kubelet_cpu_manager_pinning_requests_total 0',
        'kubelet_pleg_last_seen_seconds 5',
        'kubelet_working_pods{config="desired",lifecycle="sync",static=""} 0',
      ]),
    );
    over();
    expect(metrics.text()).toContain(`${inflight} 0`);
  });
});

test('interfaces, without those that only lead to pods', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0: 7 1 0 0    0     0          0         0 8       1    0    0    0     0       0          0
co123abcv1: 1 1 1 1 0 0 0 0 1 1 1 1 0 0 0 0
`;
  expect(parseInterfaces(text)).toEqual([eth0]);
});
