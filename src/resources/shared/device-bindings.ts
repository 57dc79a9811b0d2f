/** Conditions that a device waits for before its pod is bound. */
import { duplicate, invalid, tooMany, type FieldError, type Path } from '../../api/field-errors.ts';
import { qualifiedNameFaults } from '../../api/names.ts';
import { checked } from './names.ts';

const maxConditions = 4;

/** validateDeviceBindingParameters, of devices and of results of allocation. */
export function bindingErrors(
  {
    bindingConditions = [],
    bindingFailureConditions = [],
  }: { readonly bindingConditions?: readonly string[]; readonly bindingFailureConditions?: readonly string[] },
  at: Path,
): FieldError[] {
  const [good, bad] = [at.child('bindingConditions'), at.child('bindingFailureConditions')];
  const names = (list: readonly string[], own: Path): FieldError[] =>
    list.length > maxConditions
      ? [tooMany(own, list.length, maxConditions)]
      : list.flatMap((name, index) => checked(own.index(index), name, qualifiedNameFaults));
  const missing = (own: Path, what: string, forWhat: string): FieldError => invalid(own, null, `${what} are required to use ${forWhat}`);
  return [
    ...names(bindingConditions, good),
    ...names(bindingFailureConditions, bad),
    ...bindingConditions.flatMap((name, index) => (bindingConditions.indexOf(name) < index ? [duplicate(good.index(index), name)] : [])),
    ...bindingFailureConditions.flatMap((name, index) => [
      ...(bindingFailureConditions.indexOf(name) < index ? [duplicate(bad.index(index), name)] : []),
      ...(bindingConditions.includes(name)
        ? [invalid(bad.index(index), name, 'bindingFailureConditions must not overlap with bindingConditions')]
        : []),
    ]),
    ...(bindingConditions.length === 0 && bindingFailureConditions.length > 0
      ? [missing(good, 'bindingConditions', 'bindingFailureConditions')]
      : []),
    ...(bindingFailureConditions.length === 0 && bindingConditions.length > 0
      ? [missing(bad, 'bindingFailureConditions', 'bindingConditions')]
      : []),
  ];
}
