/** Tolerations as pods once wrote them, in an annotation: without effect, but checked. ValidateTolerationsInPodAnnotations. */
import type { Toleration } from '../../../api/generated/types.ts';
import { invalid, type FieldError, type Path } from '../../../api/field-errors.ts';
import { jsonSyntaxFault } from '../../../api/go-json-syntax.ts';
import { tolerationErrors } from './validate-scheduling.ts';

const key = 'scheduler.alpha.kubernetes.io/tolerations';

/** By the names of the API: Go's name and type of the field. */
const fields = {
  key: ['Key', 'string'],
  operator: ['Operator', 'core.TolerationOperator'],
  value: ['Value', 'string'],
  effect: ['Effect', 'core.TaintEffect'],
  tolerationSeconds: ['TolerationSeconds', 'int64'],
} as const;

/** `at` is the path of the annotations. */
export function annotatedTolerationErrors(annotations: Readonly<Record<string, string>>, at: Path): FieldError[] {
  const text = annotations[key] ?? '';
  if (text === '') return [];
  const read = tolerationsIn(text);
  if (typeof read === 'string') return [invalid(at, key, read)];
  const faults: FieldError[] = [];
  tolerationErrors(read, at.child(key), faults);
  return faults;
}

/** A text is what Go's decoder would say is wrong. */
function tolerationsIn(text: string): Toleration[] | string {
  const fault = jsonSyntaxFault(text);
  if (fault !== undefined) return fault;
  const list: unknown = JSON.parse(text);
  if (list === null) return [];
  if (!Array.isArray(list)) return `json: cannot unmarshal ${kindOf(list)} into Go value of type []core.Toleration`;
  const tolerations: Toleration[] = [];
  for (const element of list as readonly unknown[]) {
    const toleration = tolerationOf(element);
    if (typeof toleration === 'string') return toleration;
    tolerations.push(toleration);
  }
  return tolerations;
}

function tolerationOf(element: unknown): Toleration | string {
  if (element === null) return {};
  if (typeof element !== 'object' || Array.isArray(element))
    return `json: cannot unmarshal ${kindOf(element)} into Go value of type core.Toleration`;
  const found: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(element)) {
    const field = (Object.keys(fields) as (keyof typeof fields)[]).find((known) => known.toLowerCase() === name.toLowerCase());
    if (field === undefined || value === null) continue;
    const [goName, goType] = fields[field];
    const fits = goType === 'int64' ? Number.isInteger(value) : typeof value === 'string';
    if (!fits) return `json: cannot unmarshal ${kindOf(value)} into Go struct field Toleration.${goName} of type ${goType}`;
    found[field] = value;
  }
  return found;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}
