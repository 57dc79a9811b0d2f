/** What one family's table holds, and the differ that turns changed services into nft commands on single elements. */
import { jsonEqual } from '../../base/json-equal.ts';
import type { Ranges } from '../rule-sink.ts';
import type { Item } from '../rules.ts';
import { itemId } from '../rules.ts';
import type { Family } from '../addresses.ts';
import type { TablePlan } from './table-text.ts';
import { baseText, choiceOf, sharedChains, tableName } from './table-text.ts';

/** Several services may ask for the same thing (a backend's hairpin entry, one external address): the first one's value stands. */
interface Claim {
  readonly owner: string;
  item: Item;
}

/** The change of one item: `before` and `after` are what stands in the table. */
interface Change {
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}

export class TableState {
  readonly #family: Family;
  #plan: TablePlan;
  readonly #claims = new Map<string, Claim[]>();
  readonly #owned = new Map<string, Map<string, Item>>();
  readonly #changes = new Map<string, Change>();
  #sharedChains = new Set<string>();
  /** Up to how many backends the table in the kernel can choose among. */
  #largest = 16;

  constructor(family: Family, plan: TablePlan) {
    this.#family = family;
    this.#plan = plan;
  }

  /** Answers whether they are others than before: then the table has to be replaced. */
  setRanges(ranges: Partial<Ranges>): boolean {
    const { serviceCIDRs, nodePodCIDRs = [] } = this.#plan;
    const former: Ranges = { serviceCIDRs: sorted(serviceCIDRs), nodePodCIDRs: sorted(nodePodCIDRs) };
    const wanted: Ranges = {
      serviceCIDRs: sorted(ranges.serviceCIDRs ?? serviceCIDRs),
      nodePodCIDRs: sorted(ranges.nodePodCIDRs ?? nodePodCIDRs),
    };
    if (jsonEqual(former, wanted)) return false;
    this.#plan = { ...this.#plan, ...wanted };
    return true;
  }

  /** Gives an owner exactly these items. The effect is collected until {@link takeCommands}. */
  set(owner: string, items: readonly Item[]): void {
    const before = this.#owned.get(owner);
    const after = new Map(items.map((item) => [itemId(item), item]));
    for (const [id, item] of after) this.#claim(id, owner, item);
    if (before !== undefined) for (const id of before.keys()) if (!after.has(id)) this.#release(id, owner);
    if (after.size === 0) this.#owned.delete(owner);
    else this.#owned.set(owner, after);
  }

  /**
   * nft commands, one a line, for everything set since the last call; '' when nothing changed; undefined when the change needs a new
   * table (a service with more backends than any had before).
   */
  takeCommands(): string | undefined {
    const changes = [...this.#changes.values()].filter(({ before, after }) => !same(before, after));
    this.#changes.clear();
    if (changes.some(({ after }) => choice(after) > this.#largest)) return undefined;
    return render(this.#family, tableName(this.#plan.instance), changes, this.#sharedChains);
  }

  /** An nft script that replaces the whole table with what is set now. */
  fullText(): string {
    this.#changes.clear();
    this.#sharedChains = new Set();
    const changes = [...this.#claims.values()].map((claims): Change => ({ before: undefined, after: claims[0]?.item }));
    const needed = changes.reduce((most, { after }) => Math.max(most, choice(after)), 0);
    while (this.#largest < needed) this.#largest *= 2;
    return (
      baseText(this.#family, this.#plan, this.#largest) + render(this.#family, tableName(this.#plan.instance), changes, this.#sharedChains)
    );
  }

  #claim(id: string, owner: string, item: Item): void {
    const claims = this.#claims.get(id);
    if (claims === undefined) {
      this.#note(id, undefined, item);
      this.#claims.set(id, [{ owner, item }]);
      return;
    }
    const own = claims.find((claim) => claim.owner === owner);
    const first = claims[0]?.item;
    if (own === undefined) claims.push({ owner, item });
    else own.item = item;
    this.#note(id, first, claims[0]?.item);
  }

  #release(id: string, owner: string): void {
    const claims = this.#claims.get(id) ?? [];
    const first = claims[0]?.item;
    const rest = claims.filter((claim) => claim.owner !== owner);
    if (rest.length === 0) this.#claims.delete(id);
    else this.#claims.set(id, rest);
    this.#note(id, first, rest[0]?.item);
  }

  #note(id: string, before: Item | undefined, after: Item | undefined): void {
    const noted = this.#changes.get(id);
    if (noted !== undefined) this.#changes.set(id, { before: noted.before, after });
    else if (!same(before, after)) this.#changes.set(id, { before, after });
  }
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

function choice(item: Item | undefined): number {
  return item?.kind === 'element' ? choiceOf(item.value) : 0;
}

function same(a: Item | undefined, b: Item | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return content(a) === content(b);
}

function content(item: Item): string {
  if (item.kind === 'element') return item.value;
  // A set's name changes with its spec (rules.ts), so that it can be replaced while rules still use the old one.
  return item.kind === 'chain' ? item.rules.join('\n') : item.spec;
}

/** The order matters: sets and chains before the elements that name them, elements gone before the chains and sets they named. */
function render(family: Family, table: string, changes: readonly Change[], known: Set<string>): string {
  const at = `${family} ${table}`;
  const lines: string[] = [];
  const removed = changes.flatMap(({ before }) => before ?? []);
  const added = changes.flatMap(({ after }) => after ?? []);
  for (const item of added) if (item.kind === 'set') lines.push(`add set ${at} ${item.name} { ${item.spec} }`);
  for (const { before, after } of changes) {
    if (after?.kind === 'chain' && before === undefined) lines.push(`add chain ${at} ${after.name}`);
    if (before?.kind === 'chain') lines.push(`flush chain ${at} ${before.name}`);
  }
  for (const item of added) if (item.kind === 'element') lines.push(...sharedLines(family, at, item.value.replace(/^goto /, ''), known));
  for (const item of added) if (item.kind === 'chain') lines.push(...item.rules.map((rule) => `add rule ${at} ${item.name} ${rule}`));
  lines.push(...elementLines('delete', at, removed), ...elementLines('add', at, added));
  for (const { before, after } of changes)
    if (before?.kind === 'chain' && after === undefined) lines.push(`delete chain ${at} ${before.name}`);
  for (const { before, after } of changes) if (before?.kind === 'set' && after === undefined) lines.push(`delete set ${at} ${before.name}`);
  return lines.map((line) => `${line}\n`).join('');
}

function sharedLines(family: Family, at: string, name: string, known: Set<string>): string[] {
  if (known.has(name)) return [];
  return sharedChains(family, name).flatMap((chain) => {
    if (known.has(chain.name)) return [];
    known.add(chain.name);
    return [`add chain ${at} ${chain.name}`, ...chain.rules.map((rule) => `add rule ${at} ${chain.name} ${rule}`)];
  });
}

function elementLines(verb: 'add' | 'delete', at: string, items: readonly Item[]): string[] {
  const maps = new Map<string, string[]>();
  for (const item of items) {
    if (item.kind !== 'element') continue;
    const text = item.value === '' || verb === 'delete' ? item.key : `${item.key} : ${item.value}`;
    const list = maps.get(item.map);
    if (list === undefined) maps.set(item.map, [text]);
    else list.push(text);
  }
  return [...maps].map(([map, list]) => `${verb} element ${at} ${map} { ${list.join(', ')} }`);
}
