/** apiserver_flowcontrol_* (apiserver pkg/util/flowcontrol/metrics/metrics.go). */
import type { Counter, Gauge, Histogram, MetricRegistry } from '../../base/metrics.ts';
import type { Refusal } from './queue-set.ts';

/** The children of one flow schema at one level. */
export interface SchemaMetrics {
  readonly dispatched: Counter;
  readonly executing: Gauge;
  readonly executingSeats: Gauge;
  readonly inQueue: Gauge;
  readonly inQueueSeats: Gauge;
  readonly waited: Histogram;
  readonly waitedInVain: Histogram;
  readonly execution: Histogram;
  readonly watchExecution: Histogram;
  readonly workSeats: Histogram;
  rejected(reason: Refusal | 'time-out'): Counter;
}

/** What a level shows when somebody looks. */
export interface LevelFigures {
  readonly name: string;
  readonly nominal: number;
  readonly min: number;
  readonly max: number;
  readonly current: number;
  readonly target: number;
  readonly virtualTime: number;
  readonly highWatermark: number;
  readonly average: number;
  readonly deviation: number;
  readonly smoothed: number;
}

export interface FlowMetrics {
  schema(level: string, schema: string): SchemaMetrics;
}

const queueTimes = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const prefix = 'apiserver_flowcontrol_';
const pair = ['priority_level', 'flow_schema'];

type FiguresOf = () => { readonly levels: readonly LevelFigures[]; readonly fairFraction: number };

export function createFlowMetrics(registry: MetricRegistry, figures: FiguresOf): FlowMetrics {
  const rejected = registry.counter({
    name: `${prefix}rejected_requests_total`,
    help: 'Number of requests rejected by API Priority and Fairness subsystem',
    labels: [...pair, 'reason'],
    stability: 'BETA',
  });
  const dispatched = registry.counter({
    name: `${prefix}dispatched_requests_total`,
    help: 'Number of requests executed by API Priority and Fairness subsystem',
    labels: pair,
    stability: 'BETA',
  });
  const gauges = gaugesOf(registry);
  const waited = registry.histogram({
    name: `${prefix}request_wait_duration_seconds`,
    help: 'Length of time a request spent waiting in its queue',
    labels: [...pair, 'execute'],
    stability: 'BETA',
    buckets: queueTimes,
  });
  const execution = registry.histogram({
    name: `${prefix}request_execution_seconds`,
    help: 'Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution in the API Priority and Fairness subsystem',
    labels: [...pair, 'type'],
    buckets: queueTimes,
  });
  const workSeats = registry.histogram({
    name: `${prefix}work_estimated_seats`,
    help: 'Number of estimated seats (maximum of initial and final seats) associated with requests in API Priority and Fairness',
    labels: pair,
    buckets: [1, 2, 4, 8, 16, 32, 64, 100],
  });
  levelFigures(registry, figures);
  return {
    schema: (...names) => ({
      dispatched: dispatched.with(...names),
      executing: gauges.executing.with(...names),
      executingSeats: gauges.executingSeats.with(...names),
      inQueue: gauges.inQueue.with(...names),
      inQueueSeats: gauges.inQueueSeats.with(...names),
      waited: waited.with(...names, 'true'),
      waitedInVain: waited.with(...names, 'false'),
      execution: execution.with(...names, 'regular'),
      watchExecution: execution.with(...names, 'watch'),
      workSeats: workSeats.with(...names),
      rejected: (reason) => rejected.with(...names, reason),
    }),
  };
}

function gaugesOf(registry: MetricRegistry) {
  const gauge = (name: string, help: string, stability: 'ALPHA' | 'BETA') =>
    registry.gauge({ name: prefix + name, help, labels: pair, stability });
  return {
    executing: gauge(
      'current_executing_requests',
      'Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem',
      'BETA',
    ),
    executingSeats: gauge(
      'current_executing_seats',
      'Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem',
      'BETA',
    ),
    inQueue: gauge(
      'current_inqueue_requests',
      'Number of requests currently pending in queues of the API Priority and Fairness subsystem',
      'BETA',
    ),
    inQueueSeats: gauge(
      'current_inqueue_seats',
      'Number of seats currently pending in queues of the API Priority and Fairness subsystem',
      'ALPHA',
    ),
  };
}

const levelMetrics: readonly [name: string, help: string, of: (level: LevelFigures) => number, stability?: 'BETA'][] = [
  ['nominal_limit_seats', 'Nominal number of execution seats configured for each priority level', (level) => level.nominal, 'BETA'],
  ['lower_limit_seats', 'Configured lower bound on number of execution seats available to each priority level', (level) => level.min],
  ['upper_limit_seats', 'Configured upper bound on number of execution seats available to each priority level', (level) => level.max],
  ['current_limit_seats', 'current derived number of execution seats available to each priority level', (level) => level.current],
  ['target_seats', 'Seat allocation targets', (level) => level.target],
  ['current_r', 'R(time of last change)', (level) => level.virtualTime],
  ['demand_seats_high_watermark', 'High watermark, over last adjustment period, of demand_seats', (level) => level.highWatermark],
  ['demand_seats_average', 'Time-weighted average, over last adjustment period, of demand_seats', (level) => level.average],
  ['demand_seats_stdev', 'Time-weighted standard deviation, over last adjustment period, of demand_seats', (level) => level.deviation],
  ['demand_seats_smoothed', 'Smoothed seat demands', (level) => level.smoothed],
];

function levelFigures(registry: MetricRegistry, figures: FiguresOf): void {
  for (const [name, help, of, stability = 'ALPHA'] of levelMetrics) {
    registry.collected('gauge', { name: prefix + name, help, stability }, () =>
      figures().levels.map((level) => ({ labels: { priority_level: level.name }, value: of(level) })),
    );
  }
  const help = "Fair fraction of server's concurrency to allocate to each priority level that can use it";
  registry.collected('gauge', { name: `${prefix}seat_fair_frac`, help }, () => [{ value: figures().fairFraction }]);
}
