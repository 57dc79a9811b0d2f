/**
 * Selectors as text (`a=b,c in (d,e),!f` and `metadata.name=x`), in upstream's grammar and with its error texts
 * (apimachinery pkg/labels/selector.go, pkg/fields/selector.go). Selector objects are in label-selector.ts.
 */
import { badRequest } from './errors.ts';
import type { LabelSelector } from './generated/types.ts';
import { type LabelMatcher, type Labels, matchesExpression } from './label-selector.ts';
import { labelValueFaults, qualifiedNameFaults } from './names.ts';

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Sorted, without doubles. */
  readonly values: readonly string[];
}

/** Throws 400 BadRequest. Requirements come in the order of their keys. */
export function parseLabelSelector(text: string): LabelRequirement[] {
  return new LabelParser(text).parse().sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** Text as a predicate, undefined when it selects everything; throws 400 BadRequest. */
export function labelSelectorMatcher(text: string | undefined): LabelMatcher | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const requirements = parseLabelSelector(text);
  const [first, ...others] = requirements.map(checkOf);
  if (first === undefined) return undefined;
  return others.length === 0
    ? (labels) => first(labels ?? noLabels)
    : (labels = noLabels) => first(labels) && others.every((check) => check(labels));
}

/** The text of parsed requirements, as upstream writes it. */
export function formatLabelSelector(requirements: readonly LabelRequirement[]): string {
  return requirements.map(formatRequirement).join(',');
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  if (operator === 'exists') return key;
  if (operator === '!') return `!${key}`;
  const list = values.join(',');
  return operator === 'in' || operator === 'notin' ? `${key} ${operator} (${list})` : `${key}${operator}${list}`;
}

const operators: Readonly<Record<string, LabelOperator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

/** A selector object as query text; '' when it selects everything. Unknown operators are left out. */
export function labelSelectorText(selector: LabelSelector | undefined): string {
  const requirements: LabelRequirement[] = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: '=',
    values: [value],
  }));
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    const known = operators[operator];
    if (known !== undefined) requirements.push({ key, operator: known, values: [...values].sort() });
  }
  return formatLabelSelector(requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)));
}

/** A plain map of labels as query text. */
export function labelsText(labels: Labels | undefined): string {
  return labelSelectorText(labels === undefined ? undefined : { matchLabels: labels });
}

const noLabels: Labels = {};

type Check = (labels: Labels) => boolean;

/** A requirement as a function: lists ask it for every object. */
function checkOf({ key, operator, values }: LabelRequirement): Check {
  const [value = ''] = values;
  switch (operator) {
    case '=':
    case '==':
      return (labels) => labels[key] === value;
    case '!=':
      return (labels) => labels[key] !== value;
    case 'in':
      return (labels) => matchesExpression({ key, operator: 'In', values }, labels);
    case 'notin':
      return (labels) => matchesExpression({ key, operator: 'NotIn', values }, labels);
    case 'exists':
      return (labels) => labels[key] !== undefined;
    case '!':
      return (labels) => labels[key] === undefined;
    case '>':
      return (labels) => matchesExpression({ key, operator: 'Gt', values }, labels);
    case '<':
      return (labels) => matchesExpression({ key, operator: 'Lt', values }, labels);
  }
}

interface Token {
  readonly kind: 'identifier' | 'end' | 'error' | ')' | '(' | ',' | '!' | '==' | '=' | '>' | '<' | '!=' | 'in' | 'notin';
  readonly text: string;
}

const symbols = new Set(['=', '!', '(', ')', ',', '>', '<']);
const operatorTokens = new Set(['=', '==', '!=', '>', '<', 'in', 'notin']);
const binaryOperators = 'in, notin, =, ==, !=, gt, lt';
const blank = (character: string | undefined): boolean =>
  character === ' ' || character === '\t' || character === '\r' || character === '\n';

function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  for (;;) {
    while (blank(text[at])) at++;
    const character = text[at];
    if (character === undefined) return [...found, { kind: 'end', text: '' }];
    const token = symbols.has(character) ? symbolAt(text, at) : wordAt(text, at);
    at += token.length;
    found.push(token.token);
  }
}

function wordAt(text: string, start: number): { token: Token; length: number } {
  let end = start;
  for (let character = text[end]; character !== undefined && !symbols.has(character) && !blank(character); character = text[end]) end++;
  const word = text.slice(start, end);
  return { token: { kind: word === 'in' || word === 'notin' ? word : 'identifier', text: word }, length: end - start };
}

/** The longest run of symbols that is a token; upstream reads on while the run so far may still become one. */
function symbolAt(text: string, start: number): { token: Token; length: number } {
  const two = text.slice(start, start + 2);
  if (two === '==' || two === '!=') return { token: { kind: two, text: two }, length: 2 };
  const one = text.slice(start, start + 1) as Token['kind'];
  return { token: { kind: one, text: one }, length: 1 };
}

class LabelParser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokens(text);
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const { kind, text } = this.#peek();
      if (kind === 'end') return requirements;
      if (kind !== 'identifier' && kind !== '!') throw badRequest(`found '${text}', expected: !, identifier, or 'end of string'`);
      requirements.push(this.#requirement());
      const next = this.#take();
      if (next.kind === 'end') return requirements;
      if (next.kind !== ',') throw badRequest(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (after.kind !== 'identifier' && after.kind !== '!') throw badRequest(`found '${after.text}', expected: identifier after ','`);
    }
  }

  #requirement(): LabelRequirement {
    const negated = this.#peek().kind === '!';
    if (negated) this.#take();
    const { kind, text: key } = this.#take();
    if (kind !== 'identifier') throw refused(`found '${key}', expected: identifier`);
    const keyFaults = qualifiedNameFaults(key);
    if (keyFaults.length > 0) throw refused(`<nil>: Invalid value: ${JSON.stringify(key)}: ${keyFaults.join('; ')}`);
    const { kind: next } = this.#peek();
    if (next === 'end' || next === ',') return { key, operator: negated ? '!' : 'exists', values: [] };
    if (negated) return { key, operator: '!', values: [] };
    const operator = this.#operator();
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#value()];
    checkValues(key, operator, values);
    return { key, operator, values };
  }

  #operator(): LabelOperator {
    const { kind, text } = this.#take(true);
    if (operatorTokens.has(kind)) return kind as LabelOperator;
    throw refused(`found '${text}', expected: ${binaryOperators}`);
  }

  #value(): string {
    const { kind } = this.#peek();
    if (kind === 'end' || kind === ',') return '';
    const { kind: taken, text } = this.#take();
    if (taken === 'identifier') return text;
    throw refused(`found '${text}', expected: identifier`);
  }

  #values(): string[] {
    const open = this.#take();
    if (open.kind !== '(') throw refused(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.kind === ')') {
      this.#take();
      return [''];
    }
    if (first.kind !== 'identifier' && first.kind !== ',') throw refused(`found '${first.text}', expected: ',', ')' or identifier`);
    const values = this.#identifiers();
    this.#take();
    return [...values].sort();
  }

  /** Up to the closing parenthesis; empty places between commas are the empty value. */
  #identifiers(): Set<string> {
    const values = new Set<string>();
    for (;;) {
      const { kind, text } = this.#take();
      if (kind === 'identifier') {
        values.add(text);
        const next = this.#peek();
        if (next.kind === ')') return values;
        if (next.kind !== ',') throw refused(`found '${next.text}', expected: ',' or ')'`);
      } else if (kind === ',') {
        if (values.size === 0) values.add('');
        const next = this.#peek().kind;
        if (next === ')' || next === ',') values.add('');
        if (next === ')') return values;
      } else throw refused(`found '${text}', expected: ',', or identifier`);
    }
  }

  /** Words that are operators count as identifiers everywhere but in an operator's place. */
  #peek(operatorPlace = false): Token {
    const token = this.#tokens[this.#at] ?? { kind: 'end', text: '' };
    return !operatorPlace && (token.kind === 'in' || token.kind === 'notin') ? { kind: 'identifier', text: token.text } : token;
  }

  #take(operatorPlace = false): Token {
    const token = this.#peek(operatorPlace);
    this.#at++;
    return token;
  }
}

const refused = (why: string): Error => badRequest(`unable to parse requirement: ${why}`);

function checkValues(key: string, operator: LabelOperator, values: readonly string[]): void {
  const faults: string[] = [];
  values.forEach((value, index) => {
    if ((operator === '>' || operator === '<') && !/^[-+]?\d+$/.test(value)) {
      faults.push(`values[${index}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`);
    }
    const wrong = labelValueFaults(value);
    if (wrong.length > 0) faults.push(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${wrong.join('; ')}`);
  });
  if (faults.length === 0) return;
  throw refused(faults.length === 1 ? (faults[0] ?? '') : `[${faults.join(', ')}]`);
}

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** Throws 400 BadRequest. Whether the fields are known is for the kind to say. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  const requirements: FieldRequirement[] = [];
  for (const term of terms(text).sort()) {
    if (term === '') continue;
    const match = /!=|==|=/.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const value = unescaped(term.slice(match.index + match[0].length));
    const field = term.slice(0, match.index);
    // Neither field nor value: everything (apimachinery pkg/fields/selector.go, Transform).
    if (field !== '' || value !== '') requirements.push({ field, operator: match[0] === '!=' ? '!=' : '=', value });
  }
  return requirements;
}

/** Splits at commas that no backslash escapes. */
function terms(text: string): string[] {
  if (text === '') return [];
  const found: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === ',') {
      found.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...found, text.slice(start)];
}

function unescaped(text: string): string {
  let value = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === ',' || character === '=')
      throw badRequest(`invalid field selector: unescaped character in value: ${character.charCodeAt(0)}`);
    if (character !== '\\') value += character;
    else {
      const next = text[++at] ?? '';
      if (next !== '\\' && next !== ',' && next !== '=') throw badRequest(`invalid field selector: invalid escape sequence: \\${next}`);
      value += next;
    }
  }
  return value;
}

/** A value as it is written in a field selector. */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&');
}

/** The one value a field must have, if the selector says so. */
export function pinnedField(requirements: readonly FieldRequirement[], field: string): string | undefined {
  return requirements.find((requirement) => requirement.field === field && requirement.operator === '=')?.value;
}
