import type { RuntimeClass, Toleration } from '../../../api/generated/types.ts';
import { duplicate, path, required, type FieldError } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { dns1123LabelFaults } from '../../../api/names.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { immutable } from '../../shared/checks.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nodeLabelWarnings } from '../../shared/pod/warnings.ts';
import { checked, labelsErrors } from '../../shared/names.ts';
import { resourceErrors } from '../../shared/pod/validate-resources.ts';
import { tolerationErrors } from '../../shared/pod/validate-scheduling.ts';

export const runtimeclasses = define<RuntimeClass>({
  ...fromFacts('node.k8s.io', 'v1', 'runtimeclasses'),
  strategy: {
    anyFinalizers: true,
    validate,
    validateUpdate: (object, old) => [...validate(object), ...immutable(path('handler'), object.handler, old.handler)],
    warnings: ({ scheduling }) => nodeLabelWarnings(Object.keys(scheduling?.nodeSelector ?? {}), path('scheduling', 'nodeSelector')),
    allowUnconditionalUpdate: false,
    allowCreateOnUpdate: true,
  },
  columns: [name, text('Handler', ({ handler }) => handler), age],
});

/** ValidateRuntimeClass of pkg/apis/node/validation. */
function validate({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const at = path('handler');
  const faults = handler === '' ? [required(at)] : checked(at, handler, dns1123LabelFaults);
  if (overhead?.podFixed !== undefined) resourceErrors({ limits: overhead.podFixed }, path('overhead'), { claims: new Set(), faults });
  faults.push(...labelsErrors(path('scheduling', 'nodeSelector'), scheduling?.nodeSelector));
  const tolerations = scheduling?.tolerations ?? [];
  tolerationErrors(tolerations, path('scheduling', 'tolerations'), faults);
  const keyOf = ({ key = '', operator = '', value = '', effect = '' }: Toleration): string =>
    JSON.stringify([key, operator, value, effect]);
  const keys = tolerations.map(keyOf);
  for (const [index, toleration] of tolerations.entries()) {
    if (keys.indexOf(keyOf(toleration)) < index)
      faults.push(duplicate(path('scheduling', 'tolerations').index(index), internalForm('core.Toleration', toleration)));
  }
  return faults;
}
