import type { NetworkPolicy } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, formatLabelSelector, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { countsGenerationExactly } from '../../shared/strategy.ts';
import { networkPolicyWarnings, validateNetworkPolicy, validateNetworkPolicyUpdate } from './validation.ts';

export const networkpolicies = define<NetworkPolicy>({
  ...fromFacts('networking.k8s.io', 'v1', 'networkpolicies'),
  strategy: {
    namesOnCreateOnly: true,
    ...countsGenerationExactly<NetworkPolicy>(({ spec }) => spec),
    default({ spec }) {
      if (spec === undefined) return;
      spec.podSelector ??= {};
      for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
      if ((spec.policyTypes ?? []).length > 0) return;
      spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
    },
    validate: (policy) => validateNetworkPolicy(policy),
    validateUpdate: validateNetworkPolicyUpdate,
    warnings: networkPolicyWarnings,
  },
  columns: [name, text('Pod-Selector', ({ spec }) => formatLabelSelector(spec?.podSelector)), age],
});
