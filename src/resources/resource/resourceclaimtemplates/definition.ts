import type { ResourceClaimTemplate } from '../../../api/generated/types.ts';
import { invalid, path, type FieldError } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { semanticEqual } from '../../../api/json.ts';
import { define, type ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { adminAccessErrors } from '../../shared/admin-access.ts';
import { nameAndAge } from '../../shared/columns.ts';
import { defaultDeviceRequests } from '../../shared/device-requests.ts';
import { claimErrors } from '../../shared/devices.ts';
import { fromFacts } from '../../shared/facts.ts';
import { labelsErrors } from '../../shared/names.ts';
import { notOfTemplatesErrors } from '../../shared/template-metadata.ts';
import { annotationErrors } from '../../shared/pod/validate-annotations.ts';

export const resourceclaimtemplates = (deps: ResourceDeps): ResourceDefinition =>
  define<ResourceClaimTemplate>({
    ...fromFacts('resource.k8s.io', 'v1', 'resourceclaimtemplates'),
    strategy: {
      default: ({ spec }) => defaultDeviceRequests(spec.spec),
      validate,
      validateUpdate: (template, old) => [...validate(template), ...changed(template, old)],
      validateAmongOthers: ({ metadata, spec }) => adminAccessErrors(deps, { metadata, requests: spec.spec.devices?.requests ?? [] }),
    },
    columns: nameAndAge,
  });

function validate({ spec }: ResourceClaimTemplate): FieldError[] {
  const at = path('spec');
  const meta = at.child('metadata');
  return [
    ...annotationErrors(meta.child('annotations'), spec.metadata?.annotations),
    ...labelsErrors(meta.child('labels'), spec.metadata?.labels),
    ...notOfTemplatesErrors(spec.metadata ?? {}, meta),
    ...claimErrors(spec.spec, at.child('spec')),
  ];
}

function changed({ spec }: ResourceClaimTemplate, old: ResourceClaimTemplate): FieldError[] {
  if (semanticEqual(spec, old.spec)) return [];
  return [invalid(path('spec'), internalForm('resource.ResourceClaimTemplateSpec', spec), 'field is immutable')];
}
