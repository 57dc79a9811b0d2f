/** Registers the node and keeps its status and its lease fresh (pkg/kubelet/kubelet_node_status.go, component-helpers lease). */
import { isReason } from '../../api/errors.ts';
import type { Lease, Node } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import { rfc3339Micro } from '../../base/clock.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import { refs } from '../../client/refs.ts';
import type { NodeFacts } from './node-object.ts';
import { newNode, nodeStatus, transitionEvents, withoutHeartbeats } from './node-object.ts';

export interface NodeAgentOptions {
  readonly client: Client;
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A condition has become another; missing: nobody is told. */
  readonly event?: ((reason: string, message: string) => void) | undefined;
  /** What is true now. */
  readonly facts: () => Promise<NodeFacts>;
}

export interface NodeAgent extends Running {
  /** Something about the node has changed: tells the API soon. */
  report(): Promise<void>;
}

const statusAnywayMs = 5 * 60_000;
const leaseSeconds = 40;
/** How often the lease is renewed and the status looked at. */
const heartbeatMs = 10_000;

/** Resolves when the Node object is there with a status, or the API could not be reached; it goes on trying. */
export async function startNodeAgent(options: NodeAgentOptions): Promise<NodeAgent> {
  const { clock, logger } = options;
  let stopped = false;
  let cancel: () => void = () => undefined;
  let lastWrite = 0;
  let lease: Lease | undefined;
  let reporting: Promise<void> = Promise.resolve();
  const seen: Seen = {};

  const writeStatus = async (): Promise<void> => {
    const written = await report(options, seen, clock.now() - lastWrite >= statusAnywayMs);
    if (written) lastWrite = clock.now();
  };
  /** One at a time, in order. */
  const inTurn = (): Promise<void> => {
    reporting = reporting.catch(() => undefined).then(() => (stopped ? undefined : writeStatus()));
    return reporting;
  };
  const beat = async (): Promise<void> => {
    const results = await Promise.allSettled([renewLease(options, lease).then((renewed) => (lease = renewed)), inTurn()]);
    for (const result of results) {
      if (result.status === 'fulfilled') continue;
      lease = undefined;
      logger.warn({ err: result.reason as unknown }, 'the node could not tell that it lives');
    }
    if (!stopped) cancel = clock.after(heartbeatMs, () => void beat());
  };

  // Without an API server there is no node yet: the next beat tries again.
  await register(options).catch((error: unknown) => logger.warn({ err: error }, 'the node could not be registered'));
  await beat();
  return {
    report: inTurn,
    ...running(async () => {
      stopped = true;
      cancel();
      await reporting.catch(() => undefined);
    }),
  };
}

/** Makes the Node, or gives an existing one the labels that are the agent's to give. */
async function register({ client, clock, name, facts }: NodeAgentOptions): Promise<void> {
  const nodes = client.resource(refs.nodes);
  const wanted = newNode(await facts(), clock.now());
  try {
    await nodes.create('', wanted);
    return;
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
  }
  const found = await nodes.get('', name);
  const labels = { ...found.metadata.labels, ...wanted.metadata.labels };
  const annotations = { ...found.metadata.annotations, ...wanted.metadata.annotations };
  if (jsonEqual(labels, found.metadata.labels ?? {}) && jsonEqual(annotations, found.metadata.annotations ?? {})) return;
  await nodes.patch('', name, { type: 'application/merge-patch+json', body: { metadata: { labels, annotations } } });
}

/** The version of the Node that told all of these facts: while both stay there is nothing to compare. */
interface Seen {
  version?: string | undefined;
  facts?: NodeFacts;
}

/** Writes the status when it differs, or when `always`; a deleted Node is made anew. Tells whether it wrote. */
async function report(options: NodeAgentOptions, seen: Seen, always: boolean): Promise<boolean> {
  const nodes = options.client.resource(refs.nodes);
  const facts = await options.facts();
  for (let tries = 0; tries < 5; tries += 1) {
    let node: Node;
    try {
      node = await nodes.get('', options.name);
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
      await register(options);
      continue;
    }
    const version = node.metadata.resourceVersion;
    if (!always && version !== undefined && seen.version === version && sameFacts(seen.facts, facts)) return false;
    const status = nodeStatus(node.status, facts, options.clock.now());
    if (!always && jsonEqual(withoutHeartbeats(status), withoutHeartbeats(node.status))) {
      Object.assign(seen, { version, facts });
      return false;
    }
    try {
      await nodes.updateStatus({ ...node, status });
      for (const reason of transitionEvents(node.status, status)) options.event?.(reason, `Node ${options.name} status is now: ${reason}`);
      return true;
    } catch (error) {
      if (!isReason(error, 'Conflict') && !isReason(error, 'NotFound')) throw error;
    }
  }
  return false;
}

function sameFacts(before: NodeFacts | undefined, facts: NodeFacts): boolean {
  return before !== undefined && (Object.keys(facts) as (keyof NodeFacts)[]).every((key) => before[key] === facts[key]);
}

async function renewLease({ client, name, clock }: NodeAgentOptions, known: Lease | undefined): Promise<Lease> {
  const leases = client.resource(refs.leases);
  const namespace = 'kube-node-lease';
  const renewTime = rfc3339Micro(clock.now());
  const existing =
    known ??
    (await leases
      .get(namespace, name)
      .catch((error: unknown) => (isReason(error, 'NotFound') ? undefined : Promise.reject(error as Error))));
  if (existing !== undefined) {
    return leases.update({ ...existing, spec: { ...existing.spec, holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime } });
  }
  const node = await client.resource(refs.nodes).get('', name);
  return leases.create(namespace, {
    metadata: { name, namespace, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: node.metadata.uid }] },
    spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime },
  });
}
