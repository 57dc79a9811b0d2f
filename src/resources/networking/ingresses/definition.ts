import type { Ingress } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { balancerWarnings } from '../../shared/load-balancer.ts';
import { specAndStatus } from '../../shared/strategy.ts';
import { ingressWarnings, validateIngress, validateIngressStatus, validateNewIngress } from './validation.ts';

export const ingresses = define<Ingress>({
  ...fromFacts('networking.k8s.io', 'v1', 'ingresses'),
  strategy: {
    ...specAndStatus<Ingress>(() => ({ loadBalancer: {} })),
    validate: validateNewIngress,
    validateUpdate: validateIngress,
    validateStatusUpdate: validateIngressStatus,
    warnings: ingressWarnings,
    statusWarnings: ({ status }) => balancerWarnings(status.loadBalancer?.ingress),
  },
  columns: [
    name,
    text('Class', ({ spec }) => spec.ingressClassName ?? '<none>'),
    text('Hosts', hosts),
    text('Address', ({ status }) =>
      [
        ...new Set(
          (status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || (hostname ?? '')).filter((address) => address !== ''),
        ),
      ]
        .sort()
        .join(','),
    ),
    text('Ports', ({ spec }) => ((spec.tls ?? []).length > 0 ? '80, 443' : '80')),
    age,
  ],
});

function hosts({ spec }: Ingress): string {
  const rules = spec.rules ?? [];
  const shown: string[] = [];
  let more = false;
  for (const { host = '' } of rules) {
    if (shown.length === 3) more = true;
    else if (host !== '') shown.push(host);
  }
  if (shown.length === 0) return '*';
  return more ? `${shown.join(',')} + ${String(rules.length - 3)} more...` : shown.join(',');
}
