import type { Namespace } from '../../../api/generated/types.ts';
import { invalid, path, type FieldError } from '../../../api/field-errors.ts';
import { cloneJson } from '../../../api/json.ts';
import { labelName, qualifiedNameFaults } from '../../../api/names.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { checked } from '../../shared/names.ts';

/** pkg/registry/core/namespace/strategy.go. */
export const namespaces = define<Namespace>({
  ...fromFacts('', 'v1', 'namespaces'),
  strategy: {
    default(namespace) {
      const { metadata } = namespace;
      namespace.spec ??= {};
      if ((metadata.name ?? '') !== '') metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
      namespace.status = { phase: 'Active', ...namespace.status };
    },
    prepareForCreate(namespace) {
      namespace.status = { phase: 'Active' };
      const finalizers = namespace.spec.finalizers ?? [];
      if (!finalizers.includes('kubernetes')) namespace.spec.finalizers = [...finalizers, 'kubernetes'];
      if ((namespace.metadata.name ?? '') !== '')
        namespace.metadata.labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name };
    },
    prepareForUpdate(namespace, old) {
      if (old.spec.finalizers === undefined) delete namespace.spec.finalizers;
      else namespace.spec.finalizers = [...old.spec.finalizers];
      namespace.status = cloneJson(old.status);
    },
    validate: (namespace) => finalizerErrors(namespace),
    validateUpdate: () => [],
    validateStatusUpdate({ metadata, status }) {
      const field = path('status', 'Phase');
      if (metadata.deletionTimestamp === undefined) {
        return status.phase === 'Active' ? [] : [invalid(field, status.phase, "may only be 'Active' if `deletionTimestamp` is empty")];
      }
      return status.phase === 'Terminating'
        ? []
        : [invalid(field, status.phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")];
    },
    validateName: labelName,
    termination: {
      pending: ({ spec }) => (spec.finalizers ?? []).length > 0,
      mark(namespace) {
        namespace.status.phase = 'Terminating';
      },
    },
  },
  subresources: [
    {
      name: 'finalize',
      prepareForUpdate(namespace, old) {
        namespace.status = cloneJson(old.status);
      },
      validateUpdate: (namespace) => finalizerErrors(namespace, true),
    },
  ],
  owned: { finalize: { never: ['status'] } },
  selectableFields: { 'status.phase': ({ status }) => status.phase ?? '' },
  columns: [name, text('Status', ({ status }) => status.phase ?? ''), age],
});

const standard = ['kubernetes', 'orphan', 'foregroundDeletion'];

/** Only who finalizes is told which one. */
function finalizerErrors({ spec }: Namespace, finalizes = false): FieldError[] {
  return (spec.finalizers ?? []).flatMap((finalizer, index) => {
    const all = path('spec', 'finalizers');
    const at = finalizes ? all.index(index) : all;
    const faults = checked(at, finalizer, qualifiedNameFaults);
    if (finalizer.includes('/') || standard.includes(finalizer)) return faults;
    return [...faults, invalid(at, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')];
  });
}
