/** The quality of service class of a pod. pkg/apis/core/helper/qos. */
import type { PodSpec } from '../../../api/generated/types.ts';
import { parseQuantity } from '../../../api/quantity.ts';

const computed = ['cpu', 'memory'] as const;
type Amounts = Record<string, string | number> | undefined;

/** BestEffort without any request or limit, Guaranteed when all containers limit cpu and memory and request just that. */
export function qosClass(spec: PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const demands =
    spec.resources === undefined
      ? [...spec.containers, ...(spec.initContainers ?? [])].map((container) => container.resources)
      : [spec.resources];
  let any = false;
  let guaranteed = true;
  for (const demand of demands) {
    for (const name of computed) {
      const request = amount(demand?.requests, name);
      const limit = amount(demand?.limits, name);
      if (request !== undefined || limit !== undefined) any = true;
      if (limit === undefined || request === undefined || parseQuantity(request).compare(parseQuantity(limit)) !== 0) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** Zero counts as not given. */
function amount(amounts: Amounts, name: string): string | undefined {
  const value = amounts?.[name];
  return value === undefined || /^[+-]?0*\.?0*[a-zA-Z]*$/.test(String(value)) ? undefined : String(value);
}
