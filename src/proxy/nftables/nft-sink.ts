/** Services as nftables tables: a full replacement at start (atomic: an earlier process's rules serve until then), element changes afterwards. */
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import { Backoff } from '../../base/backoff.ts';
import type { Commands } from '../../base/command.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Family } from '../addresses.ts';
import type { Ranges, RuleSink } from '../rule-sink.ts';
import { itemsOf } from '../rules.ts';
import type { ServicePortRule } from '../service-ports.ts';
import type { NftSession } from './session.ts';
import { openNftSession } from './session.ts';
import type { NftWatch } from './nft-watch.ts';
import { watchNftables } from './nft-watch.ts';
import { TableState } from './table-state.ts';
import type { TablePlan } from './table-text.ts';
import { tableName } from './table-text.ts';

export interface NftSinkOptions extends TablePlan {
  readonly commands: Commands;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly families: readonly Family[];
  /** The rules are not what they should be, since somebody else changed them: the next {@link RuleSink.apply} writes them anew. */
  readonly onLost: () => void;
}

export function openNftSink(options: NftSinkOptions): RuleSink {
  return new NftSink(options);
}

class NftSink implements RuleSink {
  readonly mode = 'nftables';
  readonly families: readonly Family[];
  readonly #options: NftSinkOptions;
  readonly #tables: ReadonlyMap<Family, TableState>;
  readonly #session: NftSession;
  readonly #watch: NftWatch;
  readonly #lifecycle = new Lifecycle();
  readonly #abort = new AbortController();
  readonly #backoff: Backoff;
  #replace = true;
  #repair: Promise<void> | undefined;

  constructor(options: NftSinkOptions) {
    this.#options = options;
    this.families = options.families;
    this.#tables = new Map(options.families.map((family) => [family, new TableState(family, options)]));
    this.#session = this.#lifecycle.add(openNftSession(options));
    const tables = [tableName(options.instance)];
    this.#watch = this.#lifecycle.add(watchNftables({ ...options, tables, onForeignChange: () => this.#lost() }));
    const { clock } = options;
    this.#backoff = new Backoff({ initialMs: 100, maxMs: 30_000, factor: 2, jitter: 0, resetMs: 60_000, clock });
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#repair;
    await this.#lifecycle.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  set(service: string, rules: readonly ServicePortRule[]): void {
    for (const [family, table] of this.#tables) {
      const items = rules.filter((rule) => rule.family === family).flatMap((rule) => itemsOf(rule));
      table.set(service, items);
    }
  }

  /** They stand in the part of the table that only a replacement changes; ranges change once in the life of a cluster. */
  setRanges(ranges: Partial<Ranges>): void {
    for (const table of this.#tables.values()) if (table.setRanges(ranges)) this.#replace = true;
  }

  async apply(): Promise<{ full: boolean }> {
    if (!this.#replace && (await this.#change())) return { full: false };
    // A change that is refused means that the table is not what it should be: it is replaced at once.
    const script = [...this.#tables.values()].map((table) => table.fullText()).join('');
    // Whatever asks for a replacement while this one runs comes too late for it and gets another.
    this.#replace = false;
    try {
      await this.#announced(() => this.#options.commands.run('nft', ['-f', '-'], script));
    } catch (error) {
      this.#replace = true;
      throw error;
    }
    return { full: true };
  }

  /** Whether the change could be made to the tables that are there. */
  async #change(): Promise<boolean> {
    const changes = [...this.#tables.values()].map((table) => table.takeCommands());
    if (!changes.every((text) => text !== undefined)) return false;
    const text = changes.join('');
    try {
      if (text !== '') await this.#announced(() => this.#session.apply(text));
      return true;
    } catch (error) {
      const { lastChange } = this.#watch;
      this.#options.logger.warn({ err: error, lastChange }, 'nft refused a change of the service rules; replacing the whole table');
      return false;
    }
  }

  async #announced(transaction: () => Promise<unknown>): Promise<void> {
    const announcement = this.#watch.announce();
    try {
      await transaction();
      announcement.made();
    } catch (error) {
      announcement.refused();
      throw error;
    }
  }

  /** Somebody who goes on changing them (a second proxy of the same name) is answered less and less often. */
  #lost(): void {
    if (this.#abort.signal.aborted) return;
    this.#repair ??= delay(this.#options.clock, this.#backoff.next(), this.#abort.signal).then(() => {
      this.#repair = undefined;
      if (this.#abort.signal.aborted) return;
      this.#options.logger.warn({ lastChange: this.#watch.lastChange }, 'somebody else changed the service rules; replacing them');
      this.#replace = true;
      this.#options.onLost();
    });
  }
}
