import type { Node } from '../../../api/generated/types.ts';
import { path } from '../../../api/field-errors.ts';
import { cidrWarnings } from '../../../api/ip.ts';
import { cloneJson } from '../../../api/json.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text, wide } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { resetsStatus } from '../../shared/strategy.ts';
import { validateNode, validateNodeStatus, validateNodeUpdate } from './validation.ts';

/** pkg/registry/core/node/strategy.go. Unlike most kinds, a node's status may come with its creation: the kubelet registers itself. */
export const nodes = define<Node>({
  ...fromFacts('', 'v1', 'nodes'),
  strategy: {
    default({ spec, status }) {
      if (spec !== undefined) alignPodCIDRs(spec);
      if (status?.capacity !== undefined) status.allocatable ??= { ...status.capacity };
    },
    prepareForCreate(node) {
      node.spec ??= {};
      delete node.spec.configSource;
      delete (node.status as Node['status'] | undefined)?.config;
    },
    prepareForUpdate(node, old, context) {
      resetsStatus<Node>().prepareForUpdate?.(node, old, context);
      if (old.spec?.configSource === undefined) delete node.spec?.configSource;
    },
    validate: (node) => validateNode(node),
    validateUpdate: validateNodeUpdate,
    prepareForStatusUpdate(node, old) {
      node.spec = cloneJson(old.spec);
      // what a gate that is gone let be written
      if (old.status.config === undefined) delete node.status.config;
    },
    validateStatusUpdate: validateNodeStatus,
    warnings: nodeWarnings,
  },
  selectableFields: { 'spec.unschedulable': ({ spec }) => String(spec.unschedulable ?? false) },
  columns: [
    name,
    text('Status', nodeStatus),
    text('Roles', roles),
    age,
    text('Version', ({ status }) => status.nodeInfo?.kubeletVersion ?? ''),
    wide('Internal-IP', (node) => address(node, 'InternalIP')),
    wide('External-IP', (node) => address(node, 'ExternalIP')),
    wide('OS-Image', ({ status }) => status.nodeInfo?.osImage || '<unknown>'),
    wide('Kernel-Version', ({ status }) => {
      const version = status.nodeInfo?.kernelVersion || '<unknown>';
      const architecture = status.nodeInfo?.architecture ?? '';
      return architecture === '' ? version : `${version} (${architecture})`;
    }),
    wide('Container-Runtime', ({ status }) => status.nodeInfo?.containerRuntimeVersion || '<unknown>'),
  ],
});

function nodeWarnings({ spec }: Node): string[] {
  const at = path('spec', 'podCIDRs');
  return [
    ...(spec.configSource === undefined ? [] : ['spec.configSource: the feature is removed']),
    ...((spec.externalID ?? '') === '' ? [] : ['spec.externalID: this field is deprecated, and is unused by Kubernetes']),
    ...(spec.podCIDRs ?? []).flatMap((cidr, index) => cidrWarnings(at.index(index), cidr)),
  ];
}

/** podCIDR and podCIDRs[0] are the same thing; podCIDR wins. */
function alignPodCIDRs(spec: Node['spec']): void {
  const single = spec.podCIDR ?? '';
  const first = spec.podCIDRs?.[0];
  if (single !== '' && single !== first) spec.podCIDRs = [single];
  else if (single === '' && first !== undefined) spec.podCIDR = first;
}

function nodeStatus({ spec, status }: Node): string {
  const ready = status.conditions?.find((condition) => condition.type === 'Ready');
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec.unschedulable === true ? `${state},SchedulingDisabled` : state;
}

function roles({ metadata }: Node): string {
  const prefix = 'node-role.kubernetes.io/';
  const found = new Set<string>();
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(prefix) && key.length > prefix.length) found.add(key.slice(prefix.length));
    else if (key === 'kubernetes.io/role' && value !== '') found.add(value);
  }
  return found.size === 0 ? '<none>' : [...found].sort().join(',');
}

function address({ status }: Node, type: string): string {
  return status.addresses?.find((candidate) => candidate.type === type)?.address ?? '<none>';
}
