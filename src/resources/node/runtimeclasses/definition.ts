import type { RuntimeClass } from '../../../api/generated/types.ts';
import { path, required } from '../../../api/field-errors.ts';
import { dns1123LabelFaults } from '../../../api/names.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { immutable } from '../../shared/checks.ts';
import { fromFacts } from '../../shared/facts.ts';
import { checked } from '../../shared/names.ts';

export const runtimeclasses = define<RuntimeClass>({
  ...fromFacts('node.k8s.io', 'v1', 'runtimeclasses'),
  strategy: {
    validate: ({ handler }) => (handler === '' ? [required(path('handler'))] : checked(path('handler'), handler, dns1123LabelFaults)),
    validateUpdate: ({ handler }, old) => immutable(path('handler'), handler, old.handler),
    allowUnconditionalUpdate: false,
    allowCreateOnUpdate: true,
  },
  columns: [name, text('Handler', ({ handler }) => handler), age],
});
