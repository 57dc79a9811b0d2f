/** What the kubelet tells of itself and of the machine: health, configuration, and the files of /var/log. */
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import type { Verification } from '../pods/pull-records.ts';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { HttpError } from './http-error.ts';

export interface HealthCheck {
  readonly name: string;
  /** Rejects when something is wrong. */
  check(): Promise<void> | void;
}

/** /healthz and /healthz/NAME (apiserver pkg/server/healthz). Throws when a check fails. */
export async function health(checks: readonly HealthCheck[], [name, ...rest]: readonly string[], query: URLSearchParams): Promise<string> {
  if (name !== undefined && name !== '') {
    const check = rest.length === 0 ? checks.find((candidate) => candidate.name === name) : undefined;
    if (check === undefined) throw notFound();
    try {
      await check.check();
    } catch (error) {
      throw new HttpError(500, `internal server error: ${error instanceof Error ? error.message : String(error)}\n`);
    }
    return 'ok';
  }
  const excluded = new Set(query.getAll('exclude'));
  const lines: string[] = [];
  let failed = false;
  for (const check of checks) {
    if (excluded.has(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
      continue;
    }
    try {
      await check.check();
      lines.push(`[+]${check.name} ok`);
    } catch {
      failed = true;
      lines.push(`[-]${check.name} failed: reason withheld`);
    }
  }
  if (failed) throw new HttpError(500, `${lines.join('\n')}\nhealthz check failed\n`);
  return query.has('verbose') ? `${lines.join('\n')}\nhealthz check passed\n` : 'ok';
}

export function notFound(): HttpError {
  return new HttpError(404, '404: Page Not Found');
}

export interface NodeConfiguration {
  readonly port: number;
  readonly podsDir: string;
  readonly clusterDomain: string;
  readonly clusterDNS: readonly string[];
  readonly maxPods: number;
  readonly evictionHard: Readonly<Record<string, string>>;
  readonly imageGCHighThresholdPercent: number;
  readonly imageGCLowThresholdPercent: number;
  readonly imageMinimumGCAge: string;
  readonly imageMaximumGCAge: string;
  /** What is said of eviction beside `evictionHard`. */
  readonly eviction: Readonly<Record<string, unknown>>;
  readonly podsPerCore: number;
  readonly kubeReserved: Readonly<Record<string, string>>;
  readonly systemReserved: Readonly<Record<string, string>>;
  readonly shutdownGracePeriod: string;
  readonly shutdownGracePeriodCriticalPods: string;
  readonly shutdownGracePeriodByPodPriority: readonly { readonly priority: number; readonly shutdownGracePeriodSeconds: number }[];
  readonly maxParallelImagePulls: number | undefined;
  readonly imageVerification: Verification;
  readonly containerLogs: { readonly maxBytes: number; readonly maxFiles: number };
  readonly runtimeEndpoint: string;
}

/** An amount as it is usually written. */
function mebibytes(bytes: number): string {
  return bytes % (1 << 20) === 0 ? `${String(bytes / (1 << 20))}Mi` : String(bytes);
}

/** /configz: the fields of a KubeletConfiguration that mean something here, as defaulted by upstream or chosen by this agent. */
export function configuration(node: NodeConfiguration): object {
  const reserved = (name: string, amounts: Readonly<Record<string, string>>): object =>
    Object.keys(amounts).length === 0 ? {} : { [name]: amounts };
  return {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    enableServer: true,
    podLogsDir: '/var/log/pods',
    syncFrequency: '1m0s',
    fileCheckFrequency: '20s',
    httpCheckFrequency: '20s',
    address: '0.0.0.0',
    port: node.port,
    authentication: { x509: {}, webhook: { enabled: true, cacheTTL: '2m0s' }, anonymous: { enabled: false } },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
    enableDebuggingHandlers: true,
    healthzPort: 0,
    clusterDomain: node.clusterDomain,
    clusterDNS: node.clusterDNS,
    streamingConnectionIdleTimeout: '4h0m0s',
    nodeStatusUpdateFrequency: '10s',
    nodeStatusReportFrequency: '5m0s',
    nodeLeaseDurationSeconds: 40,
    imageMinimumGCAge: node.imageMinimumGCAge,
    imageMaximumGCAge: node.imageMaximumGCAge,
    imageGCHighThresholdPercent: node.imageGCHighThresholdPercent,
    imageGCLowThresholdPercent: node.imageGCLowThresholdPercent,
    volumeStatsAggPeriod: '1m0s',
    cgroupsPerQOS: true,
    cpuManagerPolicy: 'none',
    memoryManagerPolicy: 'None',
    topologyManagerPolicy: 'none',
    runtimeRequestTimeout: '2m0s',
    maxPods: node.maxPods,
    podPidsLimit: -1,
    resolvConf: '/etc/resolv.conf',
    cpuCFSQuota: true,
    cpuCFSQuotaPeriod: '100ms',
    nodeStatusMaxImages: 50,
    serializeImagePulls: node.maxParallelImagePulls === 1,
    ...(node.maxParallelImagePulls === undefined ? {} : { maxParallelImagePulls: node.maxParallelImagePulls }),
    imagePullCredentialsVerificationPolicy: node.imageVerification.policy,
    ...(node.imageVerification.allowlist.length === 0 ? {} : { preloadedImagesVerificationAllowlist: node.imageVerification.allowlist }),
    evictionHard: node.evictionHard,
    ...node.eviction,
    ...(node.podsPerCore === 0 ? {} : { podsPerCore: node.podsPerCore }),
    enableControllerAttachDetach: true,
    failSwapOn: false,
    memorySwap: {},
    containerLogMaxSize: mebibytes(node.containerLogs.maxBytes),
    containerLogMaxFiles: node.containerLogs.maxFiles,
    configMapAndSecretChangeDetectionStrategy: 'Watch',
    ...reserved('systemReserved', node.systemReserved),
    ...reserved('kubeReserved', node.kubeReserved),
    enforceNodeAllocatable: ['pods'],
    enableSystemLogHandler: true,
    enableSystemLogQuery: false,
    shutdownGracePeriod: node.shutdownGracePeriod,
    shutdownGracePeriodCriticalPods: node.shutdownGracePeriodCriticalPods,
    ...(node.shutdownGracePeriodByPodPriority.length === 0
      ? {}
      : { shutdownGracePeriodByPodPriority: node.shutdownGracePeriodByPodPriority }),
    crashLoopBackOff: { maxContainerRestartPeriod: '5m0s' },
    registerNode: true,
    localStorageCapacityIsolation: true,
    containerRuntimeEndpoint: node.runtimeEndpoint,
  };
}

const logsRoot = '/var/log';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };

/** /logs/...: a file of /var/log, or what a folder there holds, as Go's file server shows it. */
export async function serveSystemLogs(response: ServerResponse, path: readonly string[], root = logsRoot): Promise<void> {
  const file = await realpath(join(root, ...path)).catch(() => undefined);
  const base = await realpath(root).catch(() => root);
  // Links may point anywhere; only what really lies there is served.
  if (file === undefined || (file !== base && !file.startsWith(`${base}/`))) throw new HttpError(404, '404 page not found\n');
  const found = await stat(file);
  if (found.isDirectory()) return sendFolder(response, file);
  if (!found.isFile()) throw new HttpError(404, '404 page not found\n');
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  // What is appended meanwhile is not part of the answer.
  await pipeline(createReadStream(file, { end: Math.max(0, found.size - 1) }), response).catch(() => response.destroy());
}

async function sendFolder(response: ServerResponse, dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true });
  const lines = entries
    .map((entry) => `${entry.name}${entry.isDirectory() ? '/' : ''}`)
    .sort()
    .map((name) => `<a href="${encodeURI(name)}">${name.replace(/[&<>"']/g, (char) => escapes[char] ?? char)}</a>\n`);
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  response.end(`<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${lines.join('')}</pre>\n`);
}
