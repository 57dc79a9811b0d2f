/** One priority level at work. */
import type { PlannedLevel } from './configuration.ts';
import { DroppedRequests } from './dropped-requests.ts';
import { type Limits, maxSeatsOf } from './limits.ts';
import type { LevelFigures } from './metrics.ts';
import { QueueSet, type QueueSetConfig } from './queue-set.ts';
import { SeatDemand } from './seat-demand.ts';

export class Level {
  readonly name: string;
  uid: string;
  spec: PlannedLevel['spec'];
  limits: Limits = { nominal: 0, min: 0, max: 0 };
  maxSeats = Infinity;
  target = 0;
  /** No object names it any more: it goes when its last request has. */
  quiescing = false;
  /** Seats started from the queues, divided by the level's limit: who has had least is next when turns are short. */
  served = 0;
  readonly set: QueueSet;
  readonly demand: SeatDemand;
  readonly dropped = new DroppedRequests();
  /** From this demand on it matters how many seats the level has. */
  #notable = 1;

  constructor(planned: PlannedLevel, now: number, onDemand: () => void) {
    this.name = planned.name;
    this.uid = planned.uid;
    this.spec = planned.spec;
    this.demand = new SeatDemand(now);
    const demand = (seats: number, at: number): void => {
      this.demand.set(seats, at);
      if (seats >= this.#notable && !this.exempt) onDemand();
    };
    this.set = new QueueSet(queueConfig(planned.spec), { limit: 0, now, observer: { demand } });
  }

  get exempt(): boolean {
    return this.spec.type === 'Exempt';
  }

  get notable(): number {
    return this.#notable;
  }

  setLimits(limits: Limits): void {
    this.limits = limits;
    this.maxSeats = maxSeatsOf(this.spec, limits.nominal);
  }

  setCurrent(seats: number, now: number): void {
    this.set.configure(queueConfig(this.spec), seats, now);
    this.#notable = Math.max(1, Math.ceil(seats / 4));
  }

  figures(): LevelFigures {
    const { demand, limits, set, target, name } = this;
    return { name, ...limits, ...demand.summary, current: set.limit, target, virtualTime: set.virtualTime };
  }
}

function queueConfig(spec: PlannedLevel['spec']): QueueSetConfig {
  if (spec.limited === undefined) return { queues: 'exempt', queueLengthLimit: 0 };
  const queuing = spec.limited.limitResponse?.queuing;
  return { queues: queuing?.queues ?? 0, queueLengthLimit: queuing?.queueLengthLimit ?? 0 };
}
