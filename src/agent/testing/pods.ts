/** Objects for tests of the agent. */
import type { Container as ContainerFields, Pod } from '../../api/generated/types.ts';
import type { ContainerSpec, ContainerView, Role } from '../pods/model.ts';
import type { Container } from '../runtimes/runtime.ts';

export const t0 = Date.UTC(2026, 0, 1);

type PodParts = { readonly [K in 'metadata' | 'spec' | 'status']?: object };

/** A pod of one container `web`, bound to node `n1`; parts are merged one level deep. */
export function testPod(parts: PodParts = {}): Pod {
  const pod = {
    metadata: {
      name: 'p',
      namespace: 'ns',
      uid: 'u1',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      generation: 1,
      ...parts.metadata,
    },
    spec: { nodeName: 'n1', restartPolicy: 'Always', containers: [{ name: 'web', image: 'web:1' }], ...parts.spec },
    status: { phase: 'Pending', qosClass: 'BestEffort', startTime: '2026-01-01T00:00:00Z', ...parts.status },
  };
  return pod;
}

/** What the runtime says of a container that runs since t0. */
export function testContainer(parts: Partial<Container> = {}): Container {
  return {
    id: 'c1',
    sandboxId: 's1',
    pod: { namespace: 'ns', name: 'p', uid: 'u1' },
    name: 'web',
    kind: 'main',
    restartCount: 0,
    specHash: 'web=web:1',
    state: 'running',
    pid: 7,
    createdAt: t0,
    startedAt: t0,
    finishedAt: 0,
    exitCode: 0,
    oomKilled: false,
    startError: '',
    image: 'web:1',
    imageID: 'sha256:1',
    terminationLog: '',
    tty: false,
    stdin: false,
    ...parts,
  };
}

export function exited(exitCode: number, parts: Partial<Container> = {}): Container {
  return testContainer({ state: 'exited', exitCode, finishedAt: t0 + 1000, pid: 0, ...parts });
}

export function testSpec(name = 'web', role: Role = 'main', container: Partial<ContainerFields> = {}): ContainerSpec {
  const fields: ContainerFields = { name, image: `${name}:1`, ...(role === 'sidecar' ? { restartPolicy: 'Always' } : {}), ...container };
  return { container: fields, role, target: '' };
}

export function testView(spec: ContainerSpec = testSpec(), parts: Partial<Omit<ContainerView, 'spec'>> = {}): ContainerView {
  return {
    spec,
    current: undefined,
    previous: undefined,
    waiting: undefined,
    busy: false,
    started: false,
    ready: false,
    failedProbe: undefined,
    restartCount: parts.current?.restartCount ?? 0,
    actuated: undefined,
    restartDue: false,
    ...parts,
  };
}
