/**
 * API priority and fairness (apiserver pkg/util/flowcontrol): which requests are served now, which wait and which are refused.
 * A seat is held from the start of a request until its answer has been written; by a watch, until its initial events have been.
 */
import type { Clock } from '../../base/clock.ts';
import type { MetricRegistry } from '../../base/metrics.ts';
import type { UserInfo } from '../../registry/context.ts';
import type { RequestInfo } from '../request-info.ts';
import { Classifier } from './classify.ts';
import { type Plan, type PlannedSchema, planOf } from './configuration.ts';
import { Level } from './level.ts';
import { limitsOf, shareOut, sharesOf } from './limits.ts';
import { createFlowMetrics, type FlowMetrics, type SchemaMetrics } from './metrics.ts';
import { type Refusal, Ticket } from './queue-set.ts';
import { dealHand, hashFlow } from './shuffle-sharding.ts';
import { Turn } from './turn.ts';
import { estimateWork, type WorkFacts } from './work.ts';

/** Upstream's --max-requests-inflight and --max-mutating-requests-inflight together. */
const defaultSeats = 600;
const adjustEverySeconds = 10;
/** Time for a burst to come together. */
const soonestSeconds = 0.1;
/** Hands are dealt again when so many flows of a schema have been seen. */
const keptHands = 4096;

export interface FlowControlOptions {
  readonly clock: Clock;
  readonly facts: WorkFacts;
  readonly metrics: MetricRegistry;
  /** Default: upstream's 600. */
  readonly seats?: number;
}

export interface Asked {
  readonly user: UserInfo;
  readonly info: RequestInfo;
  query(): URLSearchParams;
  /** How long it may wait in a queue. */
  readonly patienceMs: number;
}

/** What is asked for, and what became of it. */
export class Pass extends Ticket {
  readonly flow: Flow;
  /** Seconds to stay away for: the request was refused. */
  retryAfter: number | undefined;
  /** Of one that has to wait: resolves once it may go on or has been refused. */
  decided: Promise<void> | undefined;
  decide: (() => void) | undefined;
  cancelPatience: (() => void) | undefined;

  constructor(flow: Flow, work: Ticket['work']) {
    super(work);
    this.flow = flow;
  }

  /** Which schema and level it came under, for the answer: by uid, because names may tell too much. */
  get headers(): readonly string[] {
    return this.flow.headers;
  }
}

/** A flow schema at work. */
class Flow {
  readonly planned: PlannedSchema;
  readonly level: Level;
  readonly headers: readonly string[];
  readonly #hands = new Map<string, readonly number[]>();
  readonly #make: () => SchemaMetrics;
  #metrics: SchemaMetrics | undefined;

  constructor(planned: PlannedSchema, level: Level, metrics: FlowMetrics) {
    this.planned = planned;
    this.level = level;
    this.headers = ['X-Kubernetes-Pf-Flowschema-Uid', planned.uid, 'X-Kubernetes-Pf-Prioritylevel-Uid', level.uid];
    this.#make = () => metrics.schema(level.name, planned.name);
  }

  get metrics(): SchemaMetrics {
    return (this.#metrics ??= this.#make());
  }

  hand(user: UserInfo, info: RequestInfo): readonly number[] {
    const queuing = this.level.spec.limited?.limitResponse?.queuing;
    if (queuing === undefined) return [];
    const { distinguisher, name } = this.planned;
    const flow = distinguisher === 'ByUser' ? user.name : distinguisher === 'ByNamespace' ? info.namespace : '';
    let hand = this.#hands.get(flow);
    if (hand === undefined) {
      hand = dealHand(hashFlow(name, flow), queuing.queues ?? 1, queuing.handSize ?? 1);
      if (this.#hands.size >= keptHands) this.#hands.clear();
      this.#hands.set(flow, hand);
    }
    return hand;
  }
}

export class FlowControl {
  readonly #clock: Clock;
  readonly #facts: WorkFacts;
  readonly #seats: number;
  readonly #turn: Turn;
  readonly #metrics: FlowMetrics;
  #levels = new Map<string, Level>();
  #classifier = new Classifier<Flow>([]);
  #catchAll: Flow | undefined;
  #plan: Plan | undefined;
  #fairFraction = 0;
  #adjusted: number;
  #cancelAdjusting: (() => void) | undefined;
  #pumping = false;

  /** Begins with what every cluster has; {@link configure} tells what there is. */
  constructor(options: FlowControlOptions) {
    this.#clock = options.clock;
    this.#facts = options.facts;
    this.#seats = options.seats ?? defaultSeats;
    this.#turn = new Turn(this.#now, () => this.#pump());
    this.#adjusted = this.#now();
    const figures = () => ({ levels: [...this.#levels.values()].map((level) => level.figures()), fairFraction: this.#fairFraction });
    this.#metrics = createFlowMetrics(options.metrics, figures);
    this.configure(planOf([], []));
  }

  /** Levels that are still in use stay until they are idle. */
  configure(plan: Plan): void {
    const now = this.#now();
    this.#plan = plan;
    const old = this.#levels;
    this.#levels = new Map(plan.levels.map((planned) => [planned.name, this.#level(old.get(planned.name), planned, now)]));
    for (const [name, level] of old) {
      if (this.#levels.has(name) || level.set.idle) continue;
      level.quiescing = true;
      this.#levels.set(name, level);
    }
    const levels = [...this.#levels.values()];
    const shareSum = levels.reduce((sum, { spec }) => sum + sharesOf(spec), 0);
    for (const level of levels) level.setLimits(limitsOf(level.spec, this.#seats, shareSum));
    const flows = plan.schemas.flatMap((schema) => {
      const level = this.#levels.get(schema.level);
      return level === undefined ? [] : [new Flow(schema, level, this.#metrics)];
    });
    this.#catchAll = flows.find(({ planned }) => planned.name === 'catch-all');
    this.#classifier = new Classifier(flows.map((flow) => ({ target: flow, rules: flow.planned.rules })));
    this.#adjust(now);
  }

  /** A pass that is executing, refused, or waits until it is `decided`. {@link done} has to follow. */
  admit(asked: Asked): Pass {
    const now = this.#now();
    const flow = this.#flowOf(asked);
    const { level } = flow;
    const work = estimateWork(asked.info, () => asked.query(), { facts: this.#facts, maxSeats: level.maxSeats });
    const pass = new Pass(flow, work);
    const { set } = level;
    flow.metrics.workSeats.observe(pass.seats);
    const queued = level.spec.limited?.limitResponse?.queuing !== undefined;
    const held = queued && !this.#turn.open(now);
    const wasIdle = set.waiting === 0;
    const refusal = set.enqueue(pass, queued ? flow.hand(asked.user, asked.info) : [], { now, held });
    if (refusal !== undefined) return this.#refuse(pass, refusal, now);
    if (queued && wasIdle && !held) set.dispatch(now);
    if (pass.state === 'executing') return this.#started(pass, now);
    if (wasIdle) level.served = Math.max(level.served, this.#leastServed());
    flow.metrics.inQueue.add(1);
    flow.metrics.inQueueSeats.add(pass.seats);
    if (held) this.#turn.hold();
    else this.#pumpSoon();
    return this.#wait(pass, asked.patienceMs);
  }

  /** The answer has been written, the client has gone, or the watch has begun. Any number of times. */
  done(pass: Pass, kind: 'regular' | 'watch' = 'regular'): void {
    const { flow } = pass;
    const { level, metrics } = flow;
    const now = this.#now();
    if (pass.state === 'waiting') return this.#expire(pass, now);
    if (pass.state !== 'executing') return;
    level.set.finish(pass, now);
    metrics.executing.add(-1);
    metrics.executingSeats.add(-pass.seats);
    (kind === 'watch' ? metrics.watchExecution : metrics.execution).observe(now - pass.started);
    if (level.set.waiting > 0) this.#pumpSoon();
    else if (level.quiescing && level.set.idle && this.#plan !== undefined) this.configure(this.#plan);
  }

  stop(): void {
    this.#cancelAdjusting?.();
    this.#cancelAdjusting = undefined;
  }

  readonly #now = (): number => this.#clock.monotonic() / 1000;

  #flowOf({ user, info }: Asked): Flow {
    const flow = this.#classifier.classify(user, info) ?? this.#catchAll;
    if (flow === undefined) throw new Error('every plan has a catch-all schema');
    return flow;
  }

  #level(known: Level | undefined, planned: Plan['levels'][number], now: number): Level {
    if (known === undefined) return new Level(planned, now, () => this.#adjustLater());
    known.uid = planned.uid;
    known.spec = planned.spec;
    known.quiescing = false;
    return known;
  }

  #started(pass: Pass, now: number): Pass {
    const { metrics } = pass.flow;
    metrics.dispatched.inc();
    metrics.executing.add(1);
    metrics.executingSeats.add(pass.seats);
    if (!pass.flow.level.exempt) metrics.waited.observe(now - pass.arrived);
    return pass;
  }

  #refuse(pass: Pass, reason: Refusal | 'time-out', now: number): Pass {
    const { metrics, level } = pass.flow;
    pass.state = 'over';
    pass.retryAfter = level.dropped.record(this.#clock.now() / 1000);
    metrics.rejected(reason).inc();
    metrics.waitedInVain.observe(now - pass.arrived);
    return pass;
  }

  #wait(pass: Pass, patienceMs: number): Pass {
    pass.decided = new Promise((resolve) => (pass.decide = resolve));
    pass.cancelPatience = this.#clock.after(patienceMs, () => this.#expire(pass, this.#now()));
    return pass;
  }

  #expire(pass: Pass, now: number): void {
    if (!pass.flow.level.set.cancel(pass, now)) return;
    this.#leftQueue(pass);
    this.#refuse(pass, 'time-out', now);
    pass.decide?.();
  }

  #leftQueue({ flow, seats, cancelPatience }: Pass): void {
    cancelPatience?.();
    flow.metrics.inQueue.add(-1);
    flow.metrics.inQueueSeats.add(-seats);
  }

  /** After everything that runs now, what it promised included, and before the event loop goes on. */
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() =>
      process.nextTick(() => {
        this.#pumping = false;
        this.#pump();
      }),
    );
  }

  /** Starts one request; the next one when that has run as far as it goes by itself. */
  #pump(): void {
    const now = this.#now();
    const waiting = [...this.#levels.values()].filter(({ set }) => set.waiting > 0).sort((a, b) => a.served - b.served);
    if (waiting.length === 0) return;
    if (!this.#turn.open(now)) return this.#turn.hold();
    for (const level of waiting) {
      const pass = level.set.dispatch(now) as Pass | undefined;
      if (pass === undefined) continue;
      level.served += pass.seats / Math.max(1, level.set.limit);
      this.#leftQueue(pass);
      this.#started(pass, now);
      pass.decide?.();
      return this.#pumpSoon();
    }
  }

  #leastServed(): number {
    let least = Infinity;
    for (const { set, served } of this.#levels.values()) if (set.waiting > 1) least = Math.min(least, served);
    return least === Infinity ? 0 : least;
  }

  /**
   * Lending is reckoned anew while somebody wants seats, and not otherwise: who comes when that is overdue does not wait another
   * period for a seat, which a level that has lent all of its own needs.
   */
  #adjustLater(): void {
    if (this.#cancelAdjusting !== undefined) return;
    const seconds = Math.max(soonestSeconds, adjustEverySeconds - (this.#now() - this.#adjusted));
    this.#cancelAdjusting = this.#clock.after(seconds * 1000, () => {
      this.#cancelAdjusting = undefined;
      this.#adjust(this.#now());
      for (const level of this.#levels.values()) {
        if (!level.exempt && level.demand.summary.highWatermark >= level.notable) return this.#adjustLater();
      }
    });
  }

  #adjust(now: number): void {
    const periods = Math.max(1, (now - this.#adjusted) / adjustEverySeconds);
    this.#adjusted = now;
    const levels = [...this.#levels.values()];
    const shared = shareOut(levels.map(({ exempt, limits, demand }) => ({ exempt, limits, demand: demand.close(now, periods) })));
    if (shared !== undefined) this.#fairFraction = shared.fairFraction;
    levels.forEach((level, at) => {
      level.target = shared?.targets[at] ?? level.target;
      level.setCurrent(shared?.current[at] ?? level.set.limit, now);
    });
    this.#pumpSoon();
  }
}
