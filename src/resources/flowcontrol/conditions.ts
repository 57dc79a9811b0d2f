import { duplicate, path, required, type FieldError } from '../../api/field-errors.ts';

/** ValidateFlowSchemaStatus and ValidatePriorityLevelConfigurationStatus (pkg/apis/flowcontrol/validation): conditions have types, each its own. */
export function typedConditionErrors(conditions: readonly { readonly type?: string }[] | undefined): FieldError[] {
  const types = (conditions ?? []).map(({ type = '' }) => type);
  return types.flatMap((type, index) => {
    const at = path('status', 'conditions').index(index).child('type');
    return [...(types.indexOf(type) < index ? [duplicate(at, type)] : []), ...(type === '' ? [required(at)] : [])];
  });
}
