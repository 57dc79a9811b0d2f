/** Whether a value is what its type allows (structured-merge-diff typed/validate.go), in upstream's words. */
import { FieldFault, isMap, type JsonMap, keyOfElement } from './elements.ts';
import type { FieldType, ListType, MapType, Scalar } from './field-type.ts';
import { keyText } from './path-element.ts';

/** Throws a FieldFault with all faults: unknown fields, wrong kinds, elements that share a key. */
export function checkFields(type: FieldType, value: unknown): void {
  const faults: string[] = [];
  check(type, value, { path: '', faults });
  if (faults.length > 0)
    throw new FieldFault(faults.length === 1 ? faults[0] : ['errors:', ...faults.map((fault) => `  ${fault}`)].join('\n'));
}

interface At {
  readonly path: string;
  readonly faults: string[];
}

const fault = ({ path, faults }: At, text: string): void => void faults.push(path === '' ? text : `${path}: ${text}`);

function check(type: FieldType, value: unknown, at: At): void {
  const { map, scalar, list } = type;
  if (scalar !== undefined && value !== null && typeof value !== 'object') checkScalar(scalar, value, at);
  else if (list !== undefined && Array.isArray(value)) checkList(list, value, at);
  else if (map !== undefined) {
    if (isMap(value)) checkMap(map, value, at);
    else if (value !== null) fault(at, `expected map, got ${shown(value)}`);
  } else if (scalar !== undefined) checkScalar(scalar, value, at);
  else if (value !== null) fault(at, `expected list, got ${shown(value)}`);
}

function checkMap({ fields, elements }: MapType, value: JsonMap, at: At): void {
  for (const name in value) {
    const type = fields.get(name)?.type ?? elements;
    const inner = { ...at, path: `${at.path}.${name}` };
    if (type === undefined) return fault(inner, 'field not declared in schema');
    check(type, value[name], inner);
  }
}

function checkList(list: ListType, elements: readonly unknown[], at: At): void {
  const seen = new Set<string>();
  for (const [index, element] of elements.entries()) {
    const key = list.atomic ? `i:${String(index)}` : keyOr(list, element, (text) => fault(at, `element ${String(index)}: ${text}`));
    if (key === undefined) return;
    if (seen.has(key)) fault(at, `duplicate entries for key ${keyText(key)}`);
    seen.add(key);
    check(list.items, element, { ...at, path: at.path + keyText(key) });
  }
}

function keyOr(list: ListType, element: unknown, failed: (text: string) => void): string | undefined {
  try {
    return keyOfElement(list, element);
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    failed(error.message);
    return undefined;
  }
}

function checkScalar(scalar: Scalar, value: unknown, at: At): void {
  if (value === null) return;
  const kind = typeof value;
  if (scalar === 'numeric' && kind !== 'number') fault(at, `expected numeric (int or float), got ${goType(value)}`);
  else if (scalar === 'string' && kind !== 'string') fault(at, `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`);
  else if (scalar === 'boolean' && kind !== 'boolean') fault(at, `expected boolean, got ${shown(value)}`);
  else if (scalar === 'untyped' && kind === 'object') fault(at, `expected any scalar, got ${shown(value)}`);
}

const goType = (value: unknown): string =>
  Array.isArray(value)
    ? '[]interface {}'
    : typeof value === 'object'
      ? 'map[string]interface {}'
      : typeof value === 'boolean'
        ? 'bool'
        : 'string';

/** `%v` of the value in its box. */
const shown = (value: unknown): string => `&{${goText(value)}}`;

function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (isMap(value))
    return `map[${Object.keys(value)
      .sort()
      .map((key) => `${key}:${goText(value[key])}`)
      .join(' ')}]`;
  return value === null ? '<nil>' : `${value as string}`;
}

/** `%#v`. */
function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (isMap(value))
    return `map[string]interface {}{${Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`)
      .join(', ')}}`;
  return value === null ? 'interface {}(nil)' : JSON.stringify(value);
}
