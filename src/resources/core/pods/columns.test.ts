import { expect, test } from '@jest/globals';
import type { Pod } from '../../../api/generated/types.ts';
import { podColumns } from './columns.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
type Status = NonNullable<Pod['status']['containerStatuses']>[number];

function status(name: string, fields: Partial<Status>): Status {
  return { name, image: 'x', imageID: '', ready: false, restartCount: 0, ...fields };
}

function pod(fields: { spec?: object; status?: object; metadata?: object }): Pod {
  return {
    metadata: { name: 'p', namespace: 'd', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:55:00Z', ...fields.metadata },
    spec: { containers: [{ name: 'a', image: 'x' }], ...fields.spec },
    status: { phase: 'Pending', ...fields.status },
  };
}

const row = (object: Pod): unknown[] => podColumns.map((column) => column.value(object, now));

test('a running pod, narrow and wide', () => {
  const running = pod({
    spec: { nodeName: 'n1' },
    status: {
      phase: 'Running',
      podIP: '10.1.1.1',
      podIPs: [{ ip: '10.1.1.1' }],
      containerStatuses: [status('a', { ready: true, state: { running: {} } })],
    },
  });
  expect(row(running)).toEqual(['p', '1/1', 'Running', '0', '5m', '10.1.1.1', 'n1', '<none>', '<none>']);
});

const crashed = { terminated: { exitCode: 1, reason: 'Error', finishedAt: '2026-01-01T00:59:55Z' } };

test.each<readonly [string, Pod, string, string, string]>([
  ['pending', pod({}), '0/1', 'Pending', '0'],
  [
    'waiting',
    pod({ status: { containerStatuses: [status('a', { state: { waiting: { reason: 'ContainerCreating' } } })] } }),
    '0/1',
    'ContainerCreating',
    '0',
  ],
  [
    'crash loop',
    pod({
      status: {
        phase: 'Running',
        containerStatuses: [status('a', { restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: crashed })],
      },
    }),
    '0/1',
    'CrashLoopBackOff',
    '3 (5s ago)',
  ],
  [
    'completed',
    pod({
      status: { phase: 'Succeeded', containerStatuses: [status('a', { state: { terminated: { exitCode: 0, reason: 'Completed' } } })] },
    }),
    '0/1',
    'Completed',
    '0',
  ],
  [
    'killed by a signal',
    pod({ status: { phase: 'Failed', containerStatuses: [status('a', { state: { terminated: { exitCode: 137, signal: 9 } } })] } }),
    '0/1',
    'Signal:9',
    '0',
  ],
  [
    'exit code',
    pod({ status: { phase: 'Failed', containerStatuses: [status('a', { state: { terminated: { exitCode: 3 } } })] } }),
    '0/1',
    'ExitCode:3',
    '0',
  ],
  ['evicted', pod({ status: { phase: 'Failed', reason: 'Evicted' } }), '0/1', 'Evicted', '0'],
  [
    'terminating',
    pod({ metadata: { deletionTimestamp: '2026-01-01T00:59:00Z' }, status: { phase: 'Running' } }),
    '0/1',
    'Terminating',
    '0',
  ],
  [
    'lost',
    pod({ metadata: { deletionTimestamp: '2026-01-01T00:59:00Z' }, status: { phase: 'Running', reason: 'NodeLost' } }),
    '0/1',
    'Unknown',
    '0',
  ],
  [
    'gated',
    pod({ status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] } }),
    '0/1',
    'SchedulingGated',
    '0',
  ],
  [
    'first of two init containers',
    pod({
      spec: { initContainers: [{ name: 'i' }, { name: 'j' }] },
      status: { initContainerStatuses: [status('i', { state: { running: {} } }), status('j', {})] },
    }),
    '0/1',
    'Init:0/2',
    '0',
  ],
  [
    'init container failing',
    pod({
      spec: { initContainers: [{ name: 'i' }] },
      status: {
        initContainerStatuses: [status('i', { restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: crashed })],
      },
    }),
    '0/1',
    'Init:CrashLoopBackOff',
    '2 (5s ago)',
  ],
  [
    'sidecar counts',
    pod({
      spec: { initContainers: [{ name: 's', restartPolicy: 'Always' }] },
      status: {
        phase: 'Running',
        initContainerStatuses: [status('s', { started: true, ready: true, restartCount: 1, state: { running: {} } })],
        containerStatuses: [status('a', { ready: true, restartCount: 1, state: { running: {} } })],
      },
    }),
    '2/2',
    'Running',
    '2',
  ],
])('%s', (_, object, ...cells) => {
  expect(row(object).slice(1, 4)).toEqual(cells);
});
