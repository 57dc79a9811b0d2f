/** Who was let in, and to what (apiserver pkg/endpoints/filters/metrics.go): every child is found beforehand, a request costs additions. */
import { type Counter, exponentialBuckets, type Family, type Histogram, type MetricRegistry } from '../base/metrics.ts';

const durations = exponentialBuckets(0.001, 2, 15);

interface Outcome {
  readonly attempts: Counter;
  readonly seconds: Histogram;
}

/** Names that are shown as they are; there are too many others. */
const shownUsers: ReadonlySet<string> = new Set(['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default']);

export class AccessMetrics {
  readonly #users: Family<Counter>;
  readonly #byUser = new Map<string, Counter>();
  readonly #known: Outcome;
  readonly #wrong: Outcome;
  readonly #allowed: Outcome;
  readonly #refused: Outcome;
  readonly #expirations: Histogram;

  constructor(registry: MetricRegistry) {
    const name = 'authenticated_user_requests';
    this.#users = registry.counter({ name, help: 'Counter of authenticated requests broken out by username.', labels: ['username'] });
    const authenticated = authenticationOutcomes(registry);
    const authorized = authorizationOutcomes(registry);
    this.#known = authenticated('success');
    this.#wrong = authenticated('error');
    this.#allowed = authorized('allowed');
    this.#refused = authorized('no-opinion');
    const expirations = registry.histogram({
      name: 'apiserver_client_certificate_expiration_seconds',
      help: 'Distribution of the remaining lifetime on the certificate used to authenticate a request.',
      buckets: [0, 0.5, 1, 2, 6, 12, 24, 48, 96, 168, 720, 2160, 4320, 8640].map((hours) => hours * 3600),
    });
    this.#expirations = expirations.with();
  }

  identified(user: string, seconds: number): void {
    note(this.#known, seconds);
    let requests = this.#byUser.get(user);
    if (requests === undefined) {
      requests = this.#users.with(shownUser(user));
      // Whoever signs up for tokens by the thousand does not make this grow.
      if (this.#byUser.size < 1000) this.#byUser.set(user, requests);
    }
    requests.inc();
  }

  /** What came along was no good. */
  unknown(seconds: number): void {
    note(this.#wrong, seconds);
  }

  decided(allowed: boolean, seconds: number): void {
    note(allowed ? this.#allowed : this.#refused, seconds);
  }

  /** Once a connection: its certificate is looked at as often. */
  readonly certificate = (secondsLeft: number): void => this.#expirations.observe(secondsLeft);
}

function note({ attempts, seconds: histogram }: Outcome, seconds: number): void {
  attempts.inc();
  histogram.observe(seconds);
}

function shownUser(name: string): string {
  if (shownUsers.has(name)) return name;
  return name.includes('@') ? 'email_id' : 'other';
}

type Outcomes = (result: string) => Outcome;

function authenticationOutcomes(registry: MetricRegistry): Outcomes {
  const labels = ['result'];
  const attempts = registry.counter({ name: 'authentication_attempts', help: 'Counter of authenticated attempts.', labels });
  const help = 'Authentication duration in seconds broken out by result.';
  const seconds = registry.histogram({ name: 'authentication_duration_seconds', help, labels, buckets: durations });
  return (result) => ({ attempts: attempts.with(result), seconds: seconds.with(result) });
}

function authorizationOutcomes(registry: MetricRegistry): Outcomes {
  const labels = ['result'];
  const attempts = registry.counter({
    name: 'authorization_attempts_total',
    help: "Counter of authorization attempts broken down by result. It can be either 'allowed', 'denied', 'no-opinion' or 'error'.",
    labels,
  });
  const help = 'Authorization duration in seconds broken out by result.';
  const seconds = registry.histogram({ name: 'authorization_duration_seconds', help, labels, buckets: durations });
  return (result) => ({ attempts: attempts.with(result), seconds: seconds.with(result) });
}
