/** What the policy table should hold, and the differ that turns changes into nft commands on single sets, elements and chains. */
import { baseText, endpointType, families, names, addressType, policyTable } from './policy-text.ts';

interface NftSet {
  readonly type: string;
  /** By key; the value of a map's element, '' in a set. */
  readonly elements: Map<string, string>;
}

export class PolicyTable {
  readonly #instance: string;
  readonly #sets = new Map<string, NftSet>();
  readonly #chains = new Map<string, readonly string[]>();
  /** What stood before the changes since the last {@link takeCommands}; undefined: nothing. */
  readonly #setsBefore = new Map<string, boolean>();
  readonly #chainsBefore = new Map<string, readonly string[] | undefined>();
  readonly #elementsBefore = new Map<string, Map<string, string | undefined>>();

  constructor(instance: string) {
    this.#instance = instance;
    for (const family of families) {
      const type = addressType(family);
      for (const direction of ['ingress', 'egress'] as const)
        this.#sets.set(names.classes(direction, family), emptySet(`${type} : verdict`));
      this.#sets.set(names.self(family), emptySet(`${type} . ${type}`));
      this.#sets.set(names.dns(family), emptySet(endpointType(family)));
    }
  }

  addSet(name: string, type: string): void {
    if (this.#sets.has(name)) return;
    if (!this.#setsBefore.has(name)) this.#setsBefore.set(name, false);
    this.#sets.set(name, emptySet(type));
  }

  deleteSet(name: string): void {
    const set = this.#sets.get(name);
    if (set === undefined) return;
    if (!this.#setsBefore.has(name)) this.#setsBefore.set(name, true);
    for (const key of [...set.elements.keys()]) this.setElement(name, key, undefined);
    this.#sets.delete(name);
  }

  /** Undefined takes the element away. The set must be there. */
  setElement(name: string, key: string, value: string | undefined): void {
    const elements = this.#sets.get(name)?.elements;
    if (elements === undefined) throw new Error(`no set ${name}`);
    const before = elements.get(key);
    if (before === value) return;
    const noted = this.#elementsBefore.get(name);
    if (noted === undefined) this.#elementsBefore.set(name, new Map([[key, before]]));
    else if (!noted.has(key)) noted.set(key, before);
    if (value === undefined) elements.delete(key);
    else elements.set(key, value);
  }

  /** Undefined takes the chain away. */
  setChain(name: string, rules: readonly string[] | undefined): void {
    if (!this.#chainsBefore.has(name)) this.#chainsBefore.set(name, this.#chains.get(name));
    if (rules === undefined) this.#chains.delete(name);
    else this.#chains.set(name, rules);
  }

  chain(name: string): readonly string[] | undefined {
    return this.#chains.get(name);
  }

  elements(name: string): ReadonlyMap<string, string> | undefined {
    return this.#sets.get(name)?.elements;
  }

  /** nft commands, one a line, for everything changed since the last call; '' when nothing did. */
  takeCommands(): string {
    const at = `inet ${policyTable(this.#instance)}`;
    const chains = [...this.#chainsBefore]
      .map(([name, before]) => ({ name, before, after: this.#chains.get(name) }))
      .filter(({ before, after }) => before?.join('\n') !== after?.join('\n'));
    const sets = [...this.#setsBefore].map(([name, existed]) => ({ name, existed, after: this.#sets.get(name) }));
    const lines: string[] = [];
    for (const { name, existed, after } of sets) if (!existed && after !== undefined) lines.push(setLine(at, name, after));
    for (const { name, before } of chains) lines.push(`${before === undefined ? 'add' : 'flush'} chain ${at} ${name}`);
    for (const [name, keys] of this.#elementsBefore) lines.push(...this.#elementLines(at, name, keys));
    for (const { name, after = [] } of chains) lines.push(...after.map((rule) => `add rule ${at} ${name} ${rule}`));
    for (const { name, after } of chains) if (after === undefined) lines.push(`delete chain ${at} ${name}`);
    for (const { name, existed, after } of sets) if (existed && after === undefined) lines.push(`delete set ${at} ${name}`);
    this.#forget();
    return lines.map((line) => `${line}\n`).join('');
  }

  /** An nft script that replaces the whole table with what is set now. */
  fullText(): string {
    this.#forget();
    const at = `inet ${policyTable(this.#instance)}`;
    const declared = new Set(new PolicyTable(this.#instance).#sets.keys());
    const lines: string[] = [];
    for (const [name, set] of this.#sets) if (!declared.has(name)) lines.push(setLine(at, name, set));
    for (const name of this.#chains.keys()) lines.push(`add chain ${at} ${name}`);
    for (const [name, { elements }] of this.#sets) if (elements.size > 0) lines.push(`add element ${at} ${name} { ${listed(elements)} }`);
    for (const [name, rules] of this.#chains) lines.push(...rules.map((rule) => `add rule ${at} ${name} ${rule}`));
    return baseText(this.#instance) + lines.map((line) => `${line}\n`).join('');
  }

  #elementLines(at: string, name: string, keys: ReadonlyMap<string, string | undefined>): string[] {
    const elements = this.#sets.get(name)?.elements;
    // A set that goes takes its elements along.
    if (elements === undefined) return [];
    const existed = this.#setsBefore.get(name) ?? true;
    const changed = [...keys].filter(([key, before]) => before !== elements.get(key));
    const gone = existed ? changed.filter(([, before]) => before !== undefined).map(([key]) => key) : [];
    const come = changed.flatMap(([key]): [string, string][] => {
      const value = elements.get(key);
      return value === undefined ? [] : [[key, value]];
    });
    return [
      ...(gone.length === 0 ? [] : [`delete element ${at} ${name} { ${gone.join(', ')} }`]),
      ...(come.length === 0 ? [] : [`add element ${at} ${name} { ${listed(come)} }`]),
    ];
  }

  #forget(): void {
    this.#setsBefore.clear();
    this.#chainsBefore.clear();
    this.#elementsBefore.clear();
  }
}

function emptySet(type: string): NftSet {
  return { type, elements: new Map() };
}

function setLine(at: string, name: string, { type }: NftSet): string {
  return `add set ${at} ${name} { type ${type}; }`;
}

function listed(elements: Iterable<readonly [string, string]>): string {
  return [...elements].map(([key, value]) => (value === '' ? key : `${key} : ${value}`)).join(', ');
}
