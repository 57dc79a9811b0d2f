/** Rules of changes: what every server has of flow control, and Services that become of another type. */
import { type Case, type Json, get, patch, post, quiet, remove, type Step } from '../case.ts';

const core = '/api/v1/namespaces/{ns}';
const case_ = (name: string, steps: readonly Step[]): Case => ({ name: `status-rule/${name}`, steps });

const flow = '/apis/flowcontrol.apiserver.k8s.io/v1';
const ofLevel = (name: string, spec: Json, metadata: Json = {}): Step =>
  patch('merge', `${flow}/prioritylevelconfigurations/${name}?dryRun=All`, { metadata, spec }, { mask: ['metadata'] });
const ofSchema = (name: string, spec: Json): Step =>
  patch('merge', `${flow}/flowschemas/${name}?dryRun=All`, { spec }, { mask: ['metadata'] });

const flowControl: Case = case_('flow control that every server has', [
  ofLevel('exempt', { exempt: { nominalConcurrencyShares: 7, lendablePercent: 50 } }),
  ofLevel('exempt', { exempt: { nominalConcurrencyShares: -7, lendablePercent: 101 } }),
  ofLevel('exempt', { exempt: null }),
  ofLevel('exempt', { type: 'Limited', exempt: null, limited: { limitResponse: { type: 'Reject' } } }),
  ofLevel('catch-all', { limited: { nominalConcurrencyShares: 6 } }),
  ofLevel('catch-all', { limited: { lendablePercent: 0, borrowingLimitPercent: 3 } }),
  ofLevel('catch-all', { limited: { lendablePercent: 0 } }),
  ofLevel('global-default', { limited: { nominalConcurrencyShares: 6 } }),
  ofLevel('global-default', {}, { annotations: { 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares': '' } }),
  ofSchema('exempt', { matchingPrecedence: 2 }),
  ofSchema('exempt', { distinguisherMethod: { type: 'ByUser' } }),
  ofSchema('catch-all', { rules: [] }),
  ofSchema('catch-all', { matchingPrecedence: 10_000 }),
  ofSchema('probes', { matchingPrecedence: 1 }),
  ofSchema('probes', { matchingPrecedence: 3 }),
  post(`${flow}/flowschemas?dryRun=All`, {
    metadata: { name: 'exempt' },
    spec: { priorityLevelConfiguration: { name: 'exempt' }, matchingPrecedence: 1 },
  }),
]);

const types = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'];
const addresses = ['spec.clusterIP', 'spec.clusterIPs', 'spec.ports.*.nodePort', 'spec.healthCheckNodePort'];
const changesOf = (from: string, to: string): Case => {
  const path = `${core}/services/t`;
  const external = { type: 'ExternalName', externalName: 'x.y' };
  const spec = { ports: [{ name: 'a', port: 1 }], ...(from === 'ExternalName' ? external : { type: from }) };
  const extra = to === 'ExternalName' ? { externalName: 'x.y' } : {};
  const options = { mask: addresses };
  const owned = ['externalTrafficPolicy', 'internalTrafficPolicy', 'loadBalancerClass', 'allocateLoadBalancerNodePorts', 'sessionAffinity'];
  const values = {
    externalTrafficPolicy: 'Local',
    internalTrafficPolicy: 'Local',
    loadBalancerClass: 'a/b',
    allocateLoadBalancerNodePorts: false,
  };
  return case_(`service: ${from} to ${to}`, [
    post(`${core}/services`, { metadata: { name: 't' }, spec }, options),
    ...owned.map((name) =>
      patch('merge', `${path}?dryRun=All`, { spec: { type: to, ...extra, [name]: (values as Json)[name] ?? 'ClientIP' } }, options),
    ),
    patch(
      'merge',
      `${path}?dryRun=All`,
      { spec: { type: to, ...extra, clusterIP: null, clusterIPs: null, ipFamilies: null, ipFamilyPolicy: null } },
      options,
    ),
    patch('merge', path, { spec: { type: to, ...extra } }, options),
    get(path, options),
    patch(
      'merge',
      path,
      {
        spec: {
          externalName: null,
          ports: [
            { name: 'a', port: 2 },
            { name: 'b', port: 3 },
          ],
        },
      },
      options,
    ),
    quiet(remove(path)),
  ]);
};

export const changeRuleCases: readonly Case[] = [flowControl, ...types.flatMap((from) => types.map((to) => changesOf(from, to)))];
