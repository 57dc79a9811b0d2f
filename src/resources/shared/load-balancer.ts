import { path } from '../../api/field-errors.ts';
import { addressWarnings } from '../../api/ip.ts';

/** Of a load balancer's addresses, a Service's and an Ingress's alike. */
export function balancerWarnings(ingress: readonly { readonly ip?: string }[] | undefined): string[] {
  const at = path('status', 'loadBalancer', 'ingress');
  return (ingress ?? []).flatMap(({ ip = '' }, index) => addressWarnings(at.index(index), ip));
}
