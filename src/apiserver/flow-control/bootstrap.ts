/** The flow schemas and priority levels that every cluster has (apiserver pkg/apis/flowcontrol/bootstrap/default.go), as values. */
import type * as t from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import type { ResourceRef } from '../../client/client.ts';
import { mandatoryLevelSpecs, mandatorySchemaSpecs } from '../../resources/flowcontrol/mandatory.ts';

export type FlowSchema = New<t.FlowSchema>;
export type PriorityLevel = New<t.PriorityLevelConfiguration>;

const place = { group: 'flowcontrol.apiserver.k8s.io', version: 'v1', namespaced: false } as const;
export const flowSchemas: ResourceRef<t.FlowSchema> = { ...place, resource: 'flowschemas', kind: 'FlowSchema' };
export const priorityLevels: ResourceRef<t.PriorityLevelConfiguration> = {
  ...place,
  resource: 'prioritylevelconfigurations',
  kind: 'PriorityLevelConfiguration',
};

/** Says whether the server may bring an object's spec up to date. */
export const autoUpdateKey = 'apf.kubernetes.io/autoupdate-spec';

const metadata = (name: string): { name: string; annotations: Record<string, string> } => ({
  name,
  annotations: { [autoUpdateKey]: 'true' },
});

type Queuing = { readonly queues: number; readonly handSize: number };

function limited(name: string, shares: number, lendable: number, queuing?: Queuing): PriorityLevel {
  const limitResponse: t.LimitResponse =
    queuing === undefined ? { type: 'Reject' } : { type: 'Queue', queuing: { ...queuing, queueLengthLimit: 50 } };
  return {
    metadata: metadata(name),
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: shares, lendablePercent: lendable, limitResponse } },
  };
}

export const exemptLevel: PriorityLevel = { metadata: metadata('exempt'), spec: mandatoryLevelSpecs.exempt };
export const catchAllLevel: PriorityLevel = { metadata: metadata('catch-all'), spec: mandatoryLevelSpecs['catch-all'] };

/** The server cannot do without them: changes are undone. */
export const mandatoryLevels: readonly PriorityLevel[] = [exemptLevel, catchAllLevel];

/** A start: whoever runs the cluster may change or delete them. */
export const suggestedLevels: readonly PriorityLevel[] = [
  limited('system', 30, 33, { queues: 64, handSize: 6 }),
  limited('node-high', 40, 25, { queues: 64, handSize: 6 }),
  limited('leader-election', 10, 0, { queues: 16, handSize: 4 }),
  limited('workload-high', 40, 50, { queues: 128, handSize: 6 }),
  limited('workload-low', 100, 90, { queues: 128, handSize: 6 }),
  limited('global-default', 20, 50, { queues: 128, handSize: 6 }),
];

type Rules = t.PolicyRulesWithSubjects;

const groups = (...names: string[]): t.FlowcontrolV1Subject[] => names.map((name) => ({ kind: 'Group', group: { name } }));
const users = (...names: string[]): t.FlowcontrolV1Subject[] => names.map((name) => ({ kind: 'User', user: { name } }));
const kubeSystemAccounts: t.FlowcontrolV1Subject = {
  kind: 'ServiceAccount',
  serviceAccount: { name: '*', namespace: 'kube-system' },
};
const everybody = groups('system:unauthenticated', 'system:authenticated');

function resources(verbs: string[], apiGroups: string[], names: string[], clusterScope: boolean): t.ResourcePolicyRule {
  return { verbs, apiGroups, resources: names, namespaces: ['*'], ...(clusterScope ? { clusterScope } : {}) };
}

/** All they may ask for. */
const everythingOf = (subjects: t.FlowcontrolV1Subject[]): Rules => ({
  subjects,
  resourceRules: [resources(['*'], ['*'], ['*'], true)],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
});

interface Place {
  readonly level: string;
  readonly precedence: number;
  readonly by?: 'ByUser' | 'ByNamespace';
}

function schema(name: string, { level, precedence, by }: Place, rules: Rules): FlowSchema {
  return {
    metadata: metadata(name),
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence: precedence,
      ...(by === undefined ? {} : { distinguisherMethod: { type: by } }),
      rules: [rules],
    },
  };
}

export const exemptSchema: FlowSchema = { metadata: metadata('exempt'), spec: mandatorySchemaSpecs.exempt };
export const catchAllSchema: FlowSchema = { metadata: metadata('catch-all'), spec: mandatorySchemaSpecs['catch-all'] };

export const mandatorySchemas: readonly FlowSchema[] = [exemptSchema, catchAllSchema];

const nodes = groups('system:nodes');
const leaders = [...users('system:kube-controller-manager', 'system:kube-scheduler'), kubeSystemAccounts];

export const suggestedSchemas: readonly FlowSchema[] = [
  schema('system-nodes', { level: 'system', precedence: 500, by: 'ByUser' }, everythingOf(nodes)),
  schema(
    'system-node-high',
    { level: 'node-high', precedence: 400, by: 'ByUser' },
    {
      subjects: nodes,
      resourceRules: [
        resources(['*'], [''], ['nodes', 'nodes/status'], true),
        resources(['*'], ['coordination.k8s.io'], ['leases'], false),
      ],
    },
  ),
  schema(
    'probes',
    { level: 'exempt', precedence: 2 },
    { subjects: everybody, nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] },
  ),
  schema(
    'system-leader-election',
    { level: 'leader-election', precedence: 100, by: 'ByUser' },
    { subjects: leaders, resourceRules: [resources(['get', 'create', 'update'], ['coordination.k8s.io'], ['leases'], false)] },
  ),
  schema(
    'kube-controller-manager',
    { level: 'workload-high', precedence: 800, by: 'ByNamespace' },
    everythingOf(users('system:kube-controller-manager')),
  ),
  schema('kube-scheduler', { level: 'workload-high', precedence: 800, by: 'ByNamespace' }, everythingOf(users('system:kube-scheduler'))),
  schema(
    'kube-system-service-accounts',
    { level: 'workload-high', precedence: 900, by: 'ByNamespace' },
    everythingOf([kubeSystemAccounts]),
  ),
  schema('service-accounts', { level: 'workload-low', precedence: 9000, by: 'ByUser' }, everythingOf(groups('system:serviceaccounts'))),
  schema('global-default', { level: 'global-default', precedence: 9900, by: 'ByUser' }, everythingOf(everybody)),
];
