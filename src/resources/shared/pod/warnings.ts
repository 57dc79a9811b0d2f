/** What a pod's or a template's author should know though it is accepted. pkg/api/pod/warnings.go. */
import type { PodSpec, PodTemplateSpec } from '../../../api/generated/types.ts';
import { path, type Path } from '../../../api/field-errors.ts';
import { goQuoted } from '../../../api/go-text.ts';
import { labelValueFaults } from '../../../api/names.ts';
import { parseQuantity } from '../../../api/quantity.ts';
import { addressWarnings } from '../../../api/ip.ts';
import { containersOf, type PlacedContainer } from './containers.ts';
import { overlappingPaths } from './volume-overlaps.ts';

const deprecatedAnnotations: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};

/** Labels of nodes that go by another name now. pkg/api/node/util.go. */
export const deprecatedNodeLabels: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  ['scheduler.alpha.kubernetes.io/preferAvoidPods', 'deprecated since v1.22; use Taints and Tolerations instead'],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
]);

/** Of labels of nodes that go by another name now. */
export function nodeLabelWarnings(keys: readonly string[], at: Path): string[] {
  return keys.flatMap((key) => {
    const why = deprecatedNodeLabels.get(key);
    return why === undefined ? [] : [`${at.text}: ${why}`];
  });
}

const deprecatedVolumes: readonly (readonly [field: string, shown: string, why: string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

interface Target {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } | undefined;
  readonly spec: PodSpec;
}

export function podWarnings(pod: Target): string[] {
  return warningsFor(pod, path());
}

/** `at` is the template's path. */
export function templateWarnings(template: PodTemplateSpec | undefined, at: Path): string[] {
  if (template?.spec === undefined) return [];
  return warningsFor({ metadata: template.metadata, spec: template.spec }, at);
}

function warningsFor({ metadata, spec }: Target, root: Path): string[] {
  const at = root.child('spec');
  const annotations = metadata?.annotations ?? {};
  const containers = containersOf(spec, at);
  return [
    ...placementWarnings(spec, at),
    ...annotationWarnings(annotations, root),
    ...volumeWarnings(spec, at),
    ...overlappingPaths(spec.volumes ?? []),
    ...repeated(spec.hostAliases ?? [], 'ip', at.child('hostAliases')),
    ...repeated(spec.imagePullSecrets ?? [], 'name', at.child('imagePullSecrets')),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }, index) =>
      (name ?? '') === '' ? [`${at.child('imagePullSecrets').index(index).child('name').text}: invalid empty name ""`] : [],
    ),
    ...fractions(spec.overhead, at.child('overhead')),
    ...seccompWarning(spec, annotations, root),
    ...containers.flatMap((one) => containerWarnings(one, annotations, root)),
    ...portWarnings(containers),
    ...graceWarning(spec, at),
    ...affinityWarnings(spec, at.child('affinity')),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((ip, index) => addressWarnings(at.child('dnsConfig', 'nameservers').index(index), ip)),
    ...(spec.hostAliases ?? []).flatMap(({ ip }, index) => addressWarnings(at.child('hostAliases').index(index).child('ip'), ip)),
  ];
}

function placementWarnings(spec: PodSpec, at: Path): string[] {
  const warnings: string[] = [];
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    const why = deprecatedNodeLabels.get(key);
    if (why !== undefined) warnings.push(`${at.child('nodeSelector').key(key).text}: ${why}`);
  }
  const node = spec.affinity?.nodeAffinity;
  if (node === undefined && spec.topologySpreadConstraints === undefined) return warnings;
  const own = at.child('affinity', 'nodeAffinity');
  for (const [index, term] of (node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []).entries()) {
    const field = own.child('requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms').index(index);
    warnings.push(...nodeTermWarnings(term, false, field));
  }
  for (const [index, { preference }] of (node?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const field = own.child('preferredDuringSchedulingIgnoredDuringExecution').index(index).child('preference');
    warnings.push(...nodeTermWarnings(preference, true, field));
  }
  for (const [index, { topologyKey, labelSelector }] of (spec.topologySpreadConstraints ?? []).entries()) {
    const field = at.child('topologySpreadConstraints').index(index);
    const why = deprecatedNodeLabels.get(topologyKey);
    if (why !== undefined) warnings.push(`${field.child('topologyKey').text}: ${topologyKey} is ${why}`);
    if (labelSelector === undefined) warnings.push(`${field.child('labelSelector').text}: ${noPod}`);
  }
  return warnings;
}

const noPod = 'a null labelSelector results in matching no pod';

type NodeTerm = NonNullable<PodSpec['affinity']>['nodeAffinity'] extends infer Node
  ? NonNullable<NonNullable<Node>['preferredDuringSchedulingIgnoredDuringExecution' & keyof NonNullable<Node>]> extends (infer Weighted)[]
    ? Weighted['preference' & keyof Weighted]
    : never
  : never;

/** GetWarningsForNodeSelectorTerm. */
export function nodeTermWarnings(term: NodeTerm, checkValues: boolean, at: Path): string[] {
  const { matchExpressions = [] } = term as { matchExpressions?: readonly { key: string; values?: readonly string[] }[] };
  return matchExpressions.flatMap(({ key, values = [] }, index) => {
    const own = at.child('matchExpressions').index(index);
    const why = deprecatedNodeLabels.get(key);
    return [
      ...(why === undefined ? [] : [`${own.child('key').text}: ${key} is ${why}`]),
      ...(checkValues ? values : []).flatMap((value, position) =>
        labelValueFaults(value).map((fault) => `${own.child('values').index(position).text}: ${value} is invalid, ${fault}`),
      ),
    ];
  });
}

function annotationWarnings(annotations: Readonly<Record<string, string>>, root: Path): string[] {
  for (const _key in annotations) return deprecatedIn(annotations, root);
  return [];
}

function deprecatedIn(annotations: Readonly<Record<string, string>>, root: Path): string[] {
  return Object.entries(deprecatedAnnotations).flatMap(([key, why]) =>
    key in annotations ? [`${root.child('metadata', 'annotations').key(key).text}: ${why}`] : [],
  );
}

function volumeWarnings(spec: PodSpec, at: Path): string[] {
  return (spec.volumes ?? []).flatMap((volume, index) => {
    const own = at.child('volumes').index(index);
    const claim = own.child('ephemeral', 'volumeClaimTemplate', 'spec', 'resources', 'requests').key('storage');
    const size = volume.ephemeral?.volumeClaimTemplate?.spec.resources?.requests?.['storage'];
    return [
      ...deprecatedVolumes.flatMap(([field, shown, why]) => (field in volume ? [`${own.child(shown).text}: ${why}`] : [])),
      ...(size === undefined ? [] : fraction(size, claim)),
    ];
  });
}

function repeated<Field extends string>(items: readonly { readonly [Name in Field]?: string }[], field: Field, at: Path): string[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const value = item[field] ?? '';
    if (seen.has(value)) return [`${at.index(index).child(field).text}: duplicate ${field} ${goQuoted(value)}`];
    seen.add(value);
    return [];
  });
}

function fractions(amounts: Readonly<Record<string, string | number>> | undefined, at: Path): string[] {
  return (['memory', 'ephemeral-storage'] as const).flatMap((name) => {
    const amount = amounts?.[name];
    return amount === undefined ? [] : fraction(amount, at.key(name));
  });
}

const byteAmounts = ['memory', 'ephemeral-storage'] as const;

const isFraction = (amount: string | number | undefined): boolean => amount !== undefined && parseQuantity(amount).toString().endsWith('m');

/** Bytes are whole. */
export function fraction(amount: string | number, at: Path): string[] {
  const text = parseQuantity(amount).toString();
  return text.endsWith('m') ? [`${at.text}: fractional byte value ${goQuoted(text)} is invalid, must be an integer`] : [];
}

function seccompWarning(spec: PodSpec, annotations: Readonly<Record<string, string>>, root: Path): string[] {
  const key = 'seccomp.security.alpha.kubernetes.io/pod';
  return spec.securityContext?.seccompProfile === undefined && key in annotations ? [nonFunctional(root, key)] : [];
}

const nonFunctional = (root: Path, key: string): string =>
  `${root.child('metadata', 'annotations').key(key).text}: non-functional in v1.27+; use the "seccompProfile" field instead`;

function containerWarnings([container, at]: PlacedContainer, annotations: Readonly<Record<string, string>>, root: Path): string[] {
  const warnings: string[] = [];
  const seccomp = `container.seccomp.security.alpha.kubernetes.io/${container.name}`;
  if (container.securityContext?.seccompProfile === undefined && seccomp in annotations) warnings.push(nonFunctional(root, seccomp));
  const { limits, requests } = container.resources ?? {};
  for (const name of byteAmounts) {
    if (isFraction(limits?.[name])) warnings.push(...fraction(limits?.[name] ?? '', at.child('resources', 'limits').key(name)));
    if (isFraction(requests?.[name])) warnings.push(...fraction(requests?.[name] ?? '', at.child('resources', 'requests').key(name)));
  }
  const seen = new Set<string>();
  for (const [index, { name, value = '', valueFrom }] of (container.env ?? []).entries()) {
    const builtOn = valueFrom === undefined && value.includes(`$(${name})`) && value !== `$(${name})`;
    if (seen.has(name) && !builtOn) {
      const where = at.child('env').index(index).text;
      warnings.push(`${where}: hides previous definition of ${goQuoted(name)}, which may be dropped when using apply`);
    }
    seen.add(name);
  }
  return warnings;
}

interface PortBlock {
  readonly at: Path;
  readonly hostIP: string;
  readonly hostPort: number;
}

function portWarnings(containers: readonly PlacedContainer[]): string[] {
  const warnings: string[] = [];
  if (!containers.some(([{ ports }]) => ports !== undefined)) return warnings;
  const byPort = new Map<string, PortBlock[]>();
  const byName = new Map<string, Path>();
  const named: string[] = [];
  for (const [container, at] of containers) {
    for (const [index, port] of (container.ports ?? []).entries()) {
      const own = at.child('ports').index(index);
      const { hostIP = '', hostPort = 0, name = '', protocol = '', containerPort } = port;
      if (hostIP !== '' && hostPort === 0) {
        const shown = `{Name:${name} HostPort:0 ContainerPort:${String(containerPort)} Protocol:${protocol} HostIP:${hostIP}}`;
        warnings.push(`${own.text}: hostIP set without hostPort: ${shown}`);
      }
      const key = `${String(containerPort)}/${protocol}`;
      const block = { at: own, hostIP, hostPort };
      const others = byPort.get(key) ?? [];
      for (const other of others) warnings.push(...clash(block, other));
      byPort.set(key, [...others, block]);
      if (name === '') continue;
      const first = byName.get(name)?.text;
      const use = `services and probes that select ports by name will use ${first ?? ''}`;
      if (first === undefined) byName.set(name, own);
      else named.push(`${own.text}: duplicate port name ${goQuoted(name)} with ${first}, ${use}`);
    }
  }
  return [...warnings, ...named];
}

function clash(port: PortBlock, other: PortBlock): string[] {
  const kind =
    port.hostIP === other.hostIP && port.hostPort === other.hostPort
      ? 'duplicate'
      : port.hostPort === 0 || other.hostPort === 0
        ? 'overlapping'
        : port.hostPort === other.hostPort && (port.hostIP === '') !== (other.hostIP === '')
          ? 'dangerously ambiguous'
          : undefined;
  return kind === undefined ? [] : [`${port.at.text}: ${kind} port definition with ${other.at.text}`];
}

function graceWarning(spec: PodSpec, at: Path): string[] {
  if ((spec.terminationGracePeriodSeconds ?? 0) >= 0) return [];
  return [`${at.child('terminationGracePeriodSeconds').text}: must be >= 0; negative values are invalid and will be treated as 1`];
}

function affinityWarnings({ affinity }: PodSpec, at: Path): string[] {
  if (affinity === undefined) return [];
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((field) => {
    const own = at.child(field);
    const must = own.child('requiredDuringSchedulingIgnoredDuringExecution');
    const should = own.child('preferredDuringSchedulingIgnoredDuringExecution');
    return [
      ...(affinity[field]?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ labelSelector }, index) =>
        labelSelector === undefined ? [`${must.index(index).child('labelSelector').text}: ${noPod}`] : [],
      ),
      ...(affinity[field]?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ podAffinityTerm }, index) =>
        podAffinityTerm.labelSelector === undefined
          ? [`${should.index(index).child('podAffinityTerm', 'labelSelector').text}: ${noPod}`]
          : [],
      ),
    ];
  });
}
