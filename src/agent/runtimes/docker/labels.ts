/** What the agent writes on Docker's containers so that it finds them again; tools know the io.kubernetes ones. */
import type { ContainerKind, PodIdentity } from '../runtime.ts';

export interface Owner {
  readonly instance: string;
  readonly node: string;
}

const names = {
  instance: 'io.coracle.instance',
  node: 'io.coracle.node',
  kind: 'io.coracle.kind',
  attempt: 'io.coracle.attempt',
  specHash: 'io.coracle.spec-hash',
  image: 'io.coracle.image',
  imageID: 'io.coracle.image-id',
  terminationLog: 'io.coracle.termination-log',
  handler: 'io.coracle.handler',
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  container: 'io.kubernetes.container.name',
} as const;

/** Marks everything of one cluster on this machine. */
export const instanceLabel = names.instance;

export type Labels = Readonly<Record<string, string>>;

export interface Facts {
  readonly kind: ContainerKind | 'sandbox';
  readonly pod: PodIdentity;
  readonly container: string;
  readonly attempt: number;
  readonly specHash?: string;
  readonly image?: string;
  readonly imageID?: string;
  readonly terminationLog?: string;
  readonly handler?: string;
}

export function writeLabels(owner: Owner, facts: Facts): Labels {
  return {
    [names.instance]: owner.instance,
    [names.node]: owner.node,
    [names.kind]: facts.kind,
    [names.attempt]: String(facts.attempt),
    [names.podName]: facts.pod.name,
    [names.podNamespace]: facts.pod.namespace,
    [names.podUid]: facts.pod.uid,
    [names.container]: facts.container,
    [names.specHash]: facts.specHash ?? '',
    [names.image]: facts.image ?? '',
    [names.imageID]: facts.imageID ?? '',
    [names.terminationLog]: facts.terminationLog ?? '',
    ...(facts.handler === undefined || facts.handler === '' ? {} : { [names.handler]: facts.handler }),
  };
}

export function readLabels(labels: Labels): Required<Facts> {
  const text = (name: string): string => labels[name] ?? '';
  const kind = text(names.kind);
  return {
    kind: kind === 'init' || kind === 'ephemeral' || kind === 'sandbox' ? kind : 'main',
    pod: { namespace: text(names.podNamespace), name: text(names.podName), uid: text(names.podUid) },
    container: text(names.container),
    attempt: Number(text(names.attempt)) || 0,
    specHash: text(names.specHash),
    image: text(names.image),
    imageID: text(names.imageID),
    terminationLog: text(names.terminationLog),
    handler: text(names.handler),
  };
}

/** The `filters` parameter that selects everything of this owner. */
export function ownedBy(owner: Owner): string[] {
  return [`${names.instance}=${owner.instance}`, `${names.node}=${owner.node}`];
}
