/** What a pod asks for as a whole, where it says a part of it (SetDefaults_Pod: defaultHugePagePodLimits, defaultPodRequests). */
import type { PodSpec } from '../../../api/generated/types.ts';
import { isPodLevel, podLimits, podRequests } from '../../../api/pod-resources.ts';

/** After the containers have their own defaults. Changes `spec`. */
export function defaultPodLevelResources(spec: PodSpec): void {
  const { resources } = spec;
  if (resources === undefined) return;
  const { resources: _own, ...ofContainers } = spec;
  const has = (part: 'limits' | 'requests'): boolean => Object.keys(resources[part] ?? {}).length > 0;
  if (!has('limits') && !has('requests')) return;
  for (const [name, amount] of podLimits(ofContainers)) {
    if (!isHugePages(name) || resources.requests?.[name] !== undefined || resources.limits?.[name] !== undefined) continue;
    resources.limits = { ...resources.limits, [name]: amount.toString() };
  }
  if (!has('limits')) return;
  const requests = { ...resources.requests };
  for (const [name, amount] of podRequests(ofContainers)) if (isPodLevel(name) && !isHugePages(name)) requests[name] ??= amount.toString();
  for (const [name, amount] of Object.entries(resources.limits ?? {})) if (isPodLevel(name)) requests[name] ??= amount;
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}
