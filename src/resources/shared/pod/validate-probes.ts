/** validateProbe and validateHandler. */
import type { Probe } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { httpHeaderNameFaults } from '../../../api/names.ts';
import { nonNegative } from '../checks.ts';
import { portOrNameErrors } from '../names.ts';

type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & { sleep?: { seconds: number } };
type Times = 'initialDelaySeconds' | 'timeoutSeconds' | 'periodSeconds' | 'successThreshold' | 'failureThreshold';

const times: readonly Times[] = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'];

/** `once`: the probe may not ask for more than one success. */
export function probeErrors(probe: Probe, at: Path, { faults, once = false }: { faults: FieldError[]; once?: boolean }): void {
  handlerErrors(probe, at, { faults });
  for (const field of times) if ((probe[field] ?? 0) < 0) faults.push(...nonNegative(at.child(field), probe[field]));
  const { terminationGracePeriodSeconds: grace, successThreshold } = probe;
  if (grace !== undefined && grace <= 0) faults.push(invalid(at.child('terminationGracePeriodSeconds'), grace, 'must be greater than 0'));
  if (once && successThreshold !== 1) faults.push(invalid(at.child('successThreshold'), successThreshold, 'must be 1'));
}

interface Surroundings {
  readonly faults: FieldError[];
  /** The pod's; a hook that sleeps has to end within it. */
  readonly grace?: number | undefined;
}

export function handlerErrors(handler: Handler, at: Path, { faults, grace }: Surroundings): void {
  let first = true;
  for (const field of ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const) {
    if (handler[field] === undefined) continue;
    if (first) actionErrors(handler, field, { at: at.child(field), faults, grace });
    else faults.push(forbiddenField(at.child(field), 'may not specify more than 1 handler type'));
    first = false;
  }
  if (first) faults.push(required(at, 'must specify a handler type'));
}

function actionErrors(handler: Handler, field: keyof Handler, { at, faults, grace }: Surroundings & { at: Path }): void {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (field === 'exec' && (exec?.command ?? []).length === 0) faults.push(required(at.child('command')));
  if (field === 'tcpSocket') faults.push(...portOrNameErrors(at.child('port'), tcpSocket?.port));
  if (field === 'grpc') faults.push(...portOrNameErrors(at.child('port'), grpc?.port));
  if (field === 'sleep' && sleep !== undefined && grace !== undefined && (sleep.seconds < 0 || sleep.seconds > grace)) {
    const why = `must be non-negative and less than terminationGracePeriodSeconds (${String(grace)})`;
    faults.push(invalid(at, sleep.seconds, why));
  }
  if (field !== 'httpGet' || httpGet === undefined) return;
  if ((httpGet.path ?? '') === '') faults.push(required(at.child('path')));
  faults.push(...portOrNameErrors(at.child('port'), httpGet.port));
  if (httpGet.scheme !== 'HTTP' && httpGet.scheme !== 'HTTPS')
    faults.push(notSupported(at.child('scheme'), httpGet.scheme, ['HTTP', 'HTTPS']));
  for (const { name } of httpGet.httpHeaders ?? [])
    for (const fault of httpHeaderNameFaults(name)) faults.push(invalid(at.child('httpHeaders'), name, fault));
}

const signals = [
  ...['SIGABRT', 'SIGALRM', 'SIGBUS', 'SIGCHLD', 'SIGCLD', 'SIGCONT', 'SIGFPE', 'SIGHUP', 'SIGILL', 'SIGINT', 'SIGIO', 'SIGIOT', 'SIGKILL'],
  ...['SIGPIPE', 'SIGPOLL', 'SIGPROF', 'SIGPWR', 'SIGQUIT', 'SIGSEGV', 'SIGSTKFLT', 'SIGSTOP', 'SIGSYS', 'SIGTERM', 'SIGTRAP', 'SIGTSTP'],
  ...['SIGTTIN', 'SIGTTOU', 'SIGURG', 'SIGUSR1', 'SIGUSR2', 'SIGVTALRM', 'SIGWINCH', 'SIGXCPU', 'SIGXFSZ', 'SIGRTMIN', 'SIGRTMAX'],
  ...Array.from({ length: 15 }, (_, index) => `SIGRTMIN+${String(index + 1)}`),
  ...Array.from({ length: 14 }, (_, index) => `SIGRTMAX-${String(index + 1)}`),
].sort();
const signalsOfWindows = ['SIGKILL', 'SIGTERM'];

/** validateStopSignal. */
export function stopSignalErrors(signal: string, at: Path, os: { readonly name: string } | undefined): FieldError[] {
  if (os === undefined) return [forbiddenField(at, 'may not be set for containers with empty `spec.os.name`')];
  const supported = { windows: signalsOfWindows, linux: signals }[os.name] ?? [signal];
  return supported.includes(signal) ? [] : [notSupported(at, signal, supported)];
}
