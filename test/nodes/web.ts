/** Pods that serve and call (test/support/web.mjs), one on every node of a test bed, and how tests speak to them. */
import { spawnSync } from 'node:child_process';
import type { Pod } from '../../src/api/generated/types.ts';
import type { CallReport } from '../support/caller.ts';
import { importImages } from '../support/image.ts';
import type { Kubectl } from '../support/kubectl.ts';
import type { BedOptions } from './bed.ts';
import { NodeBed } from './bed.ts';

const image = 'coracle.test/web:v1';

/** What the program answers with. */
export interface WebAnswer {
  readonly pod: string;
  readonly version: string;
  /** The client's address as the pod saw it. */
  readonly from: string;
}

export const url = (ip: string, port: number): string => `http://${ip.includes(':') ? `[${ip}]` : ip}:${String(port)}/`;

export const podIPs = (pod: Pod | undefined): string[] => (pod?.status.podIPs ?? []).map(({ ip }) => ip);

/** A pod template of the program on port 8080, ready when it serves. */
export function webTemplate(labels: Readonly<Record<string, string>>, { container = {}, pod = {} } = {}): object {
  const readinessProbe = { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1 };
  return {
    metadata: { labels },
    spec: { terminationGracePeriodSeconds: 1, ...pod, containers: [{ name: 'web', image, readinessProbe, ...container }] },
  };
}

/** The DaemonSet `web`. */
export function webDaemonSet(container: object = {}): object {
  const labels = { app: 'web' };
  const spec = { selector: { matchLabels: labels }, template: webTemplate(labels, { container }) };
  return { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'web' }, spec };
}

/** A bed with what was asked for applied, `web` rolled out. */
export async function bedWithWeb(options: BedOptions, items: readonly object[]): Promise<NodeBed> {
  importImages([{ name: image, changes: ['ENV VERSION=v1', 'CMD ["/bin/node","/srv/web.mjs","serve"]'] }]);
  const bed = await NodeBed.up(options);
  await bed.kubectl.runWith(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-f', '-');
  await bed.kubectl.run('rollout', 'status', 'daemonset/web', '--timeout=60s');
  return bed;
}

/** One pod of the DaemonSet a node, by node. */
export async function podByNode(kubectl: Kubectl): Promise<Map<string, Pod>> {
  const { items } = await kubectl.json<{ items: Pod[] }>('get', 'pods', '-l', 'app=web');
  return new Map(items.filter((pod) => pod.metadata.deletionTimestamp === undefined).map((pod) => [pod.spec.nodeName ?? '', pod]));
}

/** Has a pod call these URLs in turn, so many times in all. */
export async function call(kubectl: Kubectl, from: Pod | undefined, times: number, ...urls: string[]): Promise<CallReport> {
  const { name = '', namespace = 'default' } = from?.metadata ?? {};
  const command = ['/bin/node', '/srv/web.mjs', 'call', String(times), ...urls];
  return JSON.parse(await kubectl.run('exec', '-n', namespace, name, '--', ...command)) as CallReport;
}

/** Asks from this machine; undefined: no answer within the time. */
export function ask(address: string, seconds = 5): WebAnswer | undefined {
  const { status, stdout } = spawnSync('curl', ['-sg', '-m', String(seconds), address], { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as WebAnswer) : undefined;
}
