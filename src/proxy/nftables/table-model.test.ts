/** Every script against a table that is as strict as the kernel: random changes of several owners, applied one after the other. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Item } from '../rules.ts';
import { itemId } from '../rules.ts';
import { TableState } from './table-state.ts';

const plan = { instance: 'abc123', clusterCIDRs: [], serviceCIDRs: [] };
const at = 'ip coracle_abc123';

/** What the kernel would have; throws where the kernel would refuse. */
class Model {
  readonly elements = new Map<string, string>();
  readonly chains = new Map<string, string[]>();
  readonly sets = new Map<string, string>();

  apply(script: string): void {
    for (const line of script.split('\n')) if (line !== '') this.#line(line);
  }

  #line(line: string): void {
    const [, verb = '', kind = '', name = '', rest = ''] =
      /^(add|delete|flush) (set|chain|rule|element) ip coracle_abc123 (\S+) ?(.*)$/.exec(line) ?? [];
    if (name === '') throw new Error(`not understood: ${line}`);
    switch (`${verb} ${kind}`) {
      case 'add set':
        this.sets.set(name, rest.slice(2, -2));
        return;
      case 'delete set':
        if (this.#isNamed(`@${name} `)) throw new Error(`busy: ${line}`);
        if (!this.sets.delete(name)) throw new Error(`missing: ${line}`);
        return;
      case 'add chain':
        if (!this.chains.has(name)) this.chains.set(name, []);
        return;
      case 'add rule':
      case 'flush chain':
        if (!this.chains.has(name)) throw new Error(`missing: ${line}`);
        this.chains.set(name, verb === 'flush' ? [] : [...(this.chains.get(name) ?? []), rest]);
        return;
      case 'delete chain':
        if (this.#isNamed(`goto ${name} `)) throw new Error(`busy: ${line}`);
        if (!this.chains.delete(name)) throw new Error(`missing: ${line}`);
        return;
      default:
        for (const element of rest.slice(2, -2).split(', ')) this.#element(verb, name, element);
    }
  }

  #element(verb: string, map: string, text: string): void {
    const [key = '', value = ''] = text.split(' : ');
    const id = `${map} ${key}`;
    if (verb === 'delete') {
      if (!this.elements.delete(id)) throw new Error(`missing: ${id}`);
      return;
    }
    if ((this.elements.get(id) ?? value) !== value) throw new Error(`exists with another value: ${id}`);
    const chain = /^goto (.*)$/.exec(value)?.[1];
    if (chain !== undefined && !this.chains.has(chain)) throw new Error(`no such chain: ${value}`);
    this.elements.set(id, value);
  }

  #isNamed(name: string): boolean {
    const rules = [...this.chains.values()].flat();
    return [...this.elements.values(), ...rules].some((text) => `${text} `.includes(name));
  }
}

const element = fc.record({
  kind: fc.constant('element' as const),
  map: fc.constantFrom('services', 'endpoints'),
  key: fc.constantFrom('a', 'b', 'c'),
  value: fc.constantFrom('1', '2', '3'),
});
const chain = fc.record({ name: fc.constantFrom('ep_1', 'ep_2'), rules: fc.subarray(['accept', 'drop', 'return']) });
/** A chain comes with the set it uses and the element that leads to it, as in rules.ts. */
const items = fc.tuple(fc.array(element, { maxLength: 4 }), fc.array(chain, { maxLength: 2 })).map(([elements, chains]): Item[] => [
  ...elements,
  ...chains.flatMap(({ name, rules }): Item[] => [
    { kind: 'set', name, spec: 'type ipv4_addr;' },
    { kind: 'chain', name, rules: [`update @${name} { ip saddr }`, ...rules] },
    { kind: 'element', map: 'node_ports', key: name, value: `goto ${name}` },
  ]),
]);
const step = fc.record({ owner: fc.constantFrom('one', 'two', 'three'), items, take: fc.constantFrom('no', 'change', 'change', 'whole') });

test('whatever services become, each script is accepted and leaves what a new table would have', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const state = new TableState('ip', plan);
      let model = new Model();
      state.fullText();
      const wanted = new Map<string, readonly Item[]>();
      for (const { owner, items: now, take } of [...steps, { owner: 'one', items: [], take: 'change' }]) {
        state.set(owner, now);
        wanted.set(owner, now);
        if (take === 'whole') {
          model = new Model();
          model.apply(ownPart(state.fullText()));
        } else if (take === 'change') model.apply(state.takeCommands() ?? '');
        if (take !== 'no') expectHeld(model, wanted);
      }
    }),
    { numRuns: 100 },
  );
});

/** Without the part that every table has. */
function ownPart(script: string): string {
  return script
    .split('\n')
    .filter((line) => /^(add|delete|flush) (set|chain|rule|element) /.test(line) && line.includes(` ${at} `))
    .join('\n');
}

/** Which of several owners' values an element has is told elsewhere; here it is one of them, and nothing else is there. */
function expectHeld(model: Model, wanted: ReadonlyMap<string, readonly Item[]>): void {
  const all = [...wanted.values()].flat();
  const held = [
    ...[...model.elements.keys()].map((id) => `element ${id}`),
    ...[...model.chains.keys()].map((name) => `chain ${name}`),
    ...[...model.sets.keys()].map((name) => `set ${name}`),
  ];
  expect(held.sort()).toEqual([...new Set(all.map((item) => itemId(item)))].sort());
  for (const [id, value] of model.elements)
    expect(all.some((item) => item.kind === 'element' && `${item.map} ${item.key}` === id && item.value === value)).toBe(true);
  for (const [name, rules] of model.chains)
    expect(all.some((item) => item.kind === 'chain' && item.name === name && item.rules.join() === rules.join())).toBe(true);
}
