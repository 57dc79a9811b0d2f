/**
 * A KubeletConfiguration (kubelet.config.k8s.io/v1beta1) as settings of this node. What this node can do otherwise than it does is
 * taken; what it does anyway may be said; all else is refused by name, so that nobody believes in a setting without effect.
 */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { AgentOptions } from '../agent/agent.ts';
import { unsafeSysctlFault } from '../agent/pods/unsupported.ts';
import { allThresholds, parseThresholds, transitionMs } from '../agent/eviction/thresholds.ts';
import type { VerificationPolicy } from '../agent/pods/pull-records.ts';
import { parseGoDuration } from '../api/duration.ts';
import { tryParseQuantity } from '../api/quantity.ts';
import { parseYaml } from '../api/yaml.ts';
import { reservedAmounts } from './reserved-amounts.ts';
import { UsageError } from './usage-error.ts';

/** What a file may say; only what it says is there. */
export type KubeletSettings = Partial<
  Pick<
    AgentOptions,
    | 'evictionHard'
    | 'eviction'
    | 'imageGcHighPercent'
    | 'imageGcLowPercent'
    | 'imageGcMinimumAgeMs'
    | 'imageGcMaximumAgeMs'
    | 'podsPerCore'
    | 'kubeReserved'
    | 'systemReserved'
    | 'maxPods'
    | 'shutdownGraceMs'
    | 'shutdownGraceCriticalMs'
    | 'shutdownGraceByPriority'
    | 'containerLogs'
    | 'maxParallelImagePulls'
    | 'imageVerification'
    | 'unsafeSysctls'
  >
>;

type Fields = Readonly<Record<string, unknown>>;
type Taker = (value: unknown, fields: Fields) => KubeletSettings;

/** Throws a {@link UsageError} that names the file and the field. */
export function readKubeletConfig(file: string): KubeletSettings {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--kubelet-config ${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`, {
      cause: error,
    });
  }
  return parseKubeletConfig(text, file);
}

export function parseKubeletConfig(text: string, file: string): KubeletSettings {
  const fields = fieldsOf(text, file);
  let settings: KubeletSettings = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || name === 'apiVersion' || name === 'kind') continue;
    const take = Object.hasOwn(takers, name) ? takers[name] : undefined;
    const refuse = (why: string): UsageError => new UsageError(`--kubelet-config ${file}: ${name}: ${why}`);
    if (take === undefined) {
      if (!known.has(name)) throw refuse('there is no such field in a KubeletConfiguration');
      // Upstream takes it for nothing said.
      if (value === '0s') continue;
      if (!Object.hasOwn(fixed, name)) throw refuse('this node has no such setting');
      if (!isAsFixed(value, fixed[name])) throw refuse(`this node can only do ${JSON.stringify(fixed[name])}`);
      continue;
    }
    try {
      settings = { ...settings, ...take(value, fields) };
    } catch (error) {
      throw refuse(error instanceof Error ? error.message : String(error));
    }
  }
  return settings;
}

function fieldsOf(text: string, file: string): Fields {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new UsageError(`--kubelet-config ${file}: not valid YAML: ${(error as Error).message.split('\n')[0] ?? ''}`, { cause: error });
  }
  const { apiVersion, kind } = (value ?? {}) as Fields;
  if (apiVersion !== 'kubelet.config.k8s.io/v1beta1' || kind !== 'KubeletConfiguration')
    throw new UsageError(`--kubelet-config ${file}: must be a KubeletConfiguration of kubelet.config.k8s.io/v1beta1`);
  return value as Fields;
}

function whole(value: unknown, least = 0, most = 2 ** 31 - 1): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`must be a whole number from ${String(least)} to ${String(most)}`);
}

function duration(value: unknown): number {
  const ms = typeof value === 'string' ? parseGoDuration(value) : NaN;
  if (!(ms >= 0)) throw new Error('must be a duration such as 30s');
  return ms;
}

function texts(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('must be a map');
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('must be a list');
  return value as readonly unknown[];
}

function reserved(value: unknown): Record<string, string> {
  return reservedAmounts(
    Object.entries(texts(value))
      .map(([name, amount]) => `${name}=${amount}`)
      .join(','),
  );
}

function thresholds(value: unknown): string {
  const text = Object.entries(texts(value))
    .map(([signal, amount]) => `${signal}<${amount}`)
    .join(',');
  parseThresholds(text);
  return text;
}

/** All that goes with soft thresholds, checked together. */
function eviction(fields: Fields): KubeletSettings {
  const soft = fields['evictionSoft'] ?? {};
  const durations = Object.entries(texts(fields['evictionSoftGracePeriod'] ?? {})).map(
    ([signal, text]) => [signal, duration(text)] as const,
  );
  const period = fields['evictionPressureTransitionPeriod'];
  const tuning = {
    soft: thresholds(soft),
    softGraceMs: Object.fromEntries(durations),
    minimumReclaim: texts(fields['evictionMinimumReclaim'] ?? {}),
    maxPodGraceMs: whole(fields['evictionMaxPodGracePeriod'] ?? 0) * 1000,
    transitionMs: period === undefined || period === null ? transitionMs : duration(period) || transitionMs,
  };
  allThresholds('', tuning);
  return { eviction: tuning };
}

/** Upstream says both in one sentence (validation.go). */
function imageAges(fields: Fields): KubeletSettings {
  const age = (value: unknown, usual: number): number => (value === undefined || value === null ? usual : duration(value));
  const least = age(fields['imageMinimumGCAge'], 0) || 120_000;
  const most = age(fields['imageMaximumGCAge'], 0);
  if (most !== 0 && most <= least)
    throw new Error(`imageMaximumGCAge ${String(most / 1000)}s must be greater than imageMinimumGCAge ${String(least / 1000)}s`);
  return { imageGcMinimumAgeMs: least, imageGcMaximumAgeMs: most };
}

function logs({ containerLogMaxSize: size = '10Mi', containerLogMaxFiles: files = 5 }: Fields): KubeletSettings {
  const maxBytes = typeof size === 'string' || typeof size === 'number' ? tryParseQuantity(String(size))?.value() : undefined;
  if (maxBytes === undefined || maxBytes <= 0) throw new Error('containerLogMaxSize must be an amount such as 10Mi');
  return { containerLogs: { maxBytes, maxFiles: whole(files, 2) } };
}

const policies: readonly unknown[] = [
  'NeverVerify',
  'NeverVerifyPreloadedImages',
  'NeverVerifyAllowlistedImages',
  'AlwaysVerify',
] satisfies VerificationPolicy[];

function verification(fields: Fields): KubeletSettings {
  const { imagePullCredentialsVerificationPolicy: policy = 'NeverVerifyPreloadedImages', preloadedImagesVerificationAllowlist = [] } =
    fields;
  if (!policies.includes(policy)) throw new Error(`must be one of ${policies.join(', ')}`);
  const allowlist = list(preloadedImagesVerificationAllowlist).map(String);
  if (policy !== 'NeverVerifyAllowlistedImages' && allowlist.length > 0)
    throw new Error('preloadedImagesVerificationAllowlist is for the policy NeverVerifyAllowlistedImages');
  for (const pattern of allowlist)
    if (!/^[^*\s]+(?:\/\*)?$/.test(pattern)) throw new Error(`only patterns ending with '/*' are allowed: ${pattern}`);
  return { imageVerification: { policy: policy as VerificationPolicy, allowlist } };
}

function pulls({ serializeImagePulls = true, maxParallelImagePulls: most }: Fields): KubeletSettings {
  if (typeof serializeImagePulls !== 'boolean') throw new Error('serializeImagePulls must be true or false');
  if (serializeImagePulls && most !== undefined && most !== null && most !== 1)
    throw new Error('maxParallelImagePulls cannot be larger than 1 while serializeImagePulls is true');
  if (serializeImagePulls) return { maxParallelImagePulls: 1 };
  return most === undefined || most === null ? {} : { maxParallelImagePulls: whole(most, 1) };
}

function graces(value: unknown): KubeletSettings {
  const table = list(value).map((entry) => {
    const { priority, shutdownGracePeriodSeconds } = entry as Fields;
    return { priority: whole(priority, -(2 ** 31)), ms: whole(shutdownGracePeriodSeconds) * 1000 };
  });
  return { shutdownGraceByPriority: table };
}

function sysctls(value: unknown): string[] {
  const patterns = list(value).map(String);
  for (const pattern of patterns) {
    const fault = unsafeSysctlFault(pattern);
    if (fault !== undefined) throw new Error(fault);
  }
  return patterns;
}

const takers: Readonly<Record<string, Taker>> = {
  evictionHard: (value) => ({ evictionHard: thresholds(value) }),
  evictionSoft: (_, fields) => eviction(fields),
  evictionSoftGracePeriod: (_, fields) => eviction(fields),
  evictionPressureTransitionPeriod: (_, fields) => eviction(fields),
  evictionMaxPodGracePeriod: (_, fields) => eviction(fields),
  evictionMinimumReclaim: (_, fields) => eviction(fields),
  imageMinimumGCAge: (_, fields) => imageAges(fields),
  imageMaximumGCAge: (_, fields) => imageAges(fields),
  podsPerCore: (value) => ({ podsPerCore: whole(value) }),
  imageGCHighThresholdPercent: (value) => ({ imageGcHighPercent: whole(value, 0, 100) }),
  imageGCLowThresholdPercent: (value) => ({ imageGcLowPercent: whole(value, 0, 100) }),
  kubeReserved: (value) => ({ kubeReserved: reserved(value) }),
  systemReserved: (value) => ({ systemReserved: reserved(value) }),
  maxPods: (value) => ({ maxPods: whole(value) }),
  shutdownGracePeriod: (value) => ({ shutdownGraceMs: duration(value) }),
  shutdownGracePeriodCriticalPods: (value) => ({ shutdownGraceCriticalMs: duration(value) }),
  shutdownGracePeriodByPodPriority: graces,
  allowedUnsafeSysctls: (value) => ({ unsafeSysctls: sysctls(value) }),
  containerLogMaxSize: (_, fields) => logs(fields),
  containerLogMaxFiles: (_, fields) => logs(fields),
  serializeImagePulls: (_, fields) => pulls(fields),
  maxParallelImagePulls: (_, fields) => pulls(fields),
  imagePullCredentialsVerificationPolicy: (_, fields) => verification(fields),
  preloadedImagesVerificationAllowlist: (_, fields) => verification(fields),
};

/** What this node does anyway, as upstream does by default (with k3s's view of swap). */
const fixed: Fields = {
  enableServer: true,
  podLogsDir: '/var/log/pods',
  authorization: { mode: 'Webhook' },
  rotateCertificates: true,
  readOnlyPort: 0,
  enableDebuggingHandlers: true,
  nodeStatusUpdateFrequency: '10s',
  nodeStatusReportFrequency: '5m',
  nodeLeaseDurationSeconds: 40,
  cgroupsPerQOS: true,
  cpuManagerPolicy: 'none',
  memoryManagerPolicy: 'None',
  topologyManagerPolicy: 'none',
  podPidsLimit: -1,
  resolvConf: '/etc/resolv.conf',
  cpuCFSQuota: true,
  cpuCFSQuotaPeriod: '100ms',
  nodeStatusMaxImages: 50,
  enableControllerAttachDetach: true,
  failSwapOn: false,
  memorySwap: {},
  configMapAndSecretChangeDetectionStrategy: 'Watch',
  enforceNodeAllocatable: ['pods'],
  registerNode: true,
  registerWithTaints: [],
  featureGates: {},
  seccompDefault: false,
  localStorageCapacityIsolation: true,
  singleProcessOOMKill: false,
};

/** Durations are the same when they last the same. */
function isAsFixed(value: unknown, wanted: unknown): boolean {
  if (isDeepStrictEqual(value, wanted)) return true;
  if (typeof value !== 'string' || typeof wanted !== 'string') return false;
  try {
    return parseGoDuration(value) === parseGoDuration(wanted);
  } catch {
    return false;
  }
}

/** All fields of upstream's type (k8s.io/kubelet/config/v1beta1), as it names them. */
const known: ReadonlySet<string> = new Set(
  `enableServer staticPodPath podLogsDir syncFrequency fileCheckFrequency httpCheckFrequency staticPodURL staticPodURLHeader address port
  readOnlyPort tlsCertFile tlsPrivateKeyFile tlsCipherSuites tlsCurvePreferences tlsMinVersion rotateCertificates serverTLSBootstrap
  authentication authorization registryPullQPS registryBurst imagePullCredentialsVerificationPolicy preloadedImagesVerificationAllowlist
  eventRecordQPS eventBurst enableDebuggingHandlers enableContentionProfiling healthzPort healthzBindAddress oomScoreAdj clusterDomain
  clusterDNS streamingConnectionIdleTimeout nodeStatusUpdateFrequency nodeStatusReportFrequency nodeLeaseDurationSeconds
  imageMinimumGCAge imageMaximumGCAge imageGCHighThresholdPercent imageGCLowThresholdPercent volumeStatsAggPeriod kubeletCgroups
  systemCgroups cgroupRoot cgroupsPerQOS cgroupDriver cpuManagerPolicy singleProcessOOMKill cpuManagerPolicyOptions
  cpuManagerReconcilePeriod memoryManagerPolicy topologyManagerPolicy topologyManagerScope topologyManagerPolicyOptions qosReserved
  runtimeRequestTimeout hairpinMode maxPods podCIDR podPidsLimit resolvConf runOnce cpuCFSQuota cpuCFSQuotaPeriod nodeStatusMaxImages
  maxOpenFiles contentType kubeAPIQPS kubeAPIBurst serializeImagePulls maxParallelImagePulls evictionHard evictionSoft
  evictionSoftGracePeriod evictionPressureTransitionPeriod evictionMaxPodGracePeriod evictionMinimumReclaim mergeDefaultEvictionSettings
  podsPerCore enableControllerAttachDetach protectKernelDefaults makeIPTablesUtilChains iptablesMasqueradeBit iptablesDropBit
  featureGates failSwapOn memorySwap containerLogMaxSize containerLogMaxFiles containerLogMaxWorkers containerLogMonitorInterval
  configMapAndSecretChangeDetectionStrategy systemReserved kubeReserved reservedSystemCPUs showHiddenMetricsForVersion
  systemReservedCgroup kubeReservedCgroup enforceNodeAllocatable allowedUnsafeSysctls volumePluginDir providerID kernelMemcgNotification
  logging enableSystemLogHandler enableSystemLogQuery shutdownGracePeriod shutdownGracePeriodCriticalPods
  shutdownGracePeriodByPodPriority crashLoopBackOff reservedMemory enableProfilingHandler enableDebugFlagsHandler seccompDefault
  memoryThrottlingFactor memoryReservationPolicy registerWithTaints registerNode tracing localStorageCapacityIsolation
  containerRuntimeEndpoint imageServiceEndpoint failCgroupV1 userNamespaces`.split(/\s+/),
);
