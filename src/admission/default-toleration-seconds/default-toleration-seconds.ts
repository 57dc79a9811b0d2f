/** Pods stay 300 s on a node that is not ready or not reachable (plugin/pkg/admission/defaulttolerationseconds). */
import type { Pod, Toleration } from '../../api/generated/types.ts';
import type { AdmissionPlugin } from '../../registry/admission.ts';
import { isAbout } from '../shared/request.ts';

const tolerationSeconds = 300;
const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const;

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  changes: ['/pods'],
  mutate(request) {
    if (!isAbout(request, '', 'pods') || request.object === undefined) return;
    const { spec } = request.object as unknown as Pod;
    if (spec === undefined) return;
    const given = spec.tolerations ?? [];
    const missing = taints.filter((taint) => !given.some((toleration) => tolerates(toleration, taint)));
    if (missing.length === 0) return;
    spec.tolerations = [...given, ...missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }))];
  },
};

function tolerates({ key = '', effect = '' }: Toleration, taint: string): boolean {
  return (key === taint || key === '') && (effect === 'NoExecute' || effect === '');
}
