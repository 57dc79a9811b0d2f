import type { Pod } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { fromFacts } from '../../shared/facts.ts';
import { binding } from './binding.ts';
import { podColumns } from './columns.ts';
import { eviction } from './eviction.ts';
import { ephemeralContainers, podStrategy, resize } from './strategy.ts';

export function pods(deps: ResourceDeps): ResourceDefinition {
  return define<Pod>({
    ...fromFacts('', 'v1', 'pods'),
    strategy: podStrategy(deps.clock),
    columns: podColumns,
    subresources: [binding(deps.clock), eviction(deps), ephemeralContainers, resize],
    owned: {
      status: { never: ['spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'] },
    },
    selectableFields: {
      'spec.nodeName': (pod) => pod.spec.nodeName ?? '',
      'spec.restartPolicy': (pod) => pod.spec.restartPolicy ?? '',
      'spec.schedulerName': (pod) => pod.spec.schedulerName ?? '',
      'spec.serviceAccountName': (pod) => pod.spec.serviceAccountName ?? '',
      'spec.hostNetwork': (pod) => String(pod.spec.hostNetwork ?? false),
      'status.phase': (pod) => pod.status.phase ?? '',
      'status.podIP': (pod) => pod.status.podIPs?.[0]?.ip ?? '',
      'status.podIPs': (pod) => pod.status.podIPs?.[0]?.ip ?? '',
      'status.nominatedNodeName': (pod) => pod.status.nominatedNodeName ?? '',
      'spec.host': (pod) => pod.spec.nodeName ?? '',
    },
  });
}
