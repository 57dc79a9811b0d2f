/** validateHorizontalPodAutoscalerSpec of pkg/apis/autoscaling/validation, the basics. */
import type { AutoscalingV2HorizontalPodAutoscaler as HorizontalPodAutoscaler } from '../../../api/generated/types.ts';
import { invalid, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { pathSegmentFaults } from '../../../api/names.ts';
import { requiredText } from '../../shared/checks.ts';
import { checked } from '../../shared/names.ts';

export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const at = path('spec');
  const { minReplicas, maxReplicas, scaleTargetRef } = spec;
  const target = at.child('scaleTargetRef');
  const named = (field: string, value: string): FieldError[] =>
    value === '' ? requiredText(target.child(field), value) : checked(target.child(field), value, (text) => pathSegmentFaults(text));
  return [
    ...(minReplicas !== undefined && minReplicas < 1
      ? [invalid(at.child('minReplicas'), minReplicas, 'must be greater than or equal to 1')]
      : []),
    ...(maxReplicas === 0 ? [required(at.child('maxReplicas'), 'must be set and greater than 0')] : []),
    ...(maxReplicas < 0 ? [invalid(at.child('maxReplicas'), maxReplicas, 'must be greater than or equal to 1')] : []),
    ...(minReplicas !== undefined && maxReplicas < minReplicas
      ? [invalid(at.child('maxReplicas'), maxReplicas, 'must be greater than or equal to `minReplicas`')]
      : []),
    ...named('kind', scaleTargetRef.kind),
    ...named('name', scaleTargetRef.name),
    ...apiVersionErrors(scaleTargetRef, target.child('apiVersion')),
  ];
}

/** Only the core group has no name; of it only ReplicationControllers scale. */
function apiVersionErrors({ apiVersion = '', kind }: { apiVersion?: string; kind: string }, at: Path): FieldError[] {
  if (apiVersion.split('/').length > 2) return [invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)];
  return apiVersion.includes('/') || kind === 'ReplicationController' ? [] : [invalid(at, apiVersion, 'apiVersion must specify API group')];
}
