/** What pods can have of a node: its capacity without what is reserved and without what eviction keeps free; pure. pkg/kubelet/cm, node_container_manager_linux.go. */
import { parseQuantity, tryParseQuantity } from '../../api/quantity.ts';
import { limitOf, type Signal, type Threshold } from '../eviction/thresholds.ts';

type Amounts = Readonly<Record<string, string>>;

export interface Reservations {
  readonly kubeReserved: Amounts;
  readonly systemReserved: Amounts;
  readonly thresholds: readonly Threshold[];
}

/** What eviction keeps free counts as reserved. */
const keptFree: Readonly<Partial<Record<Signal, string>>> = { 'memory.available': 'memory', 'nodefs.available': 'ephemeral-storage' };

export function allocatable(capacity: Amounts, { kubeReserved, systemReserved, thresholds }: Reservations): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, amount] of Object.entries(capacity)) {
    const whole = tryParseQuantity(amount);
    const reserved = [systemReserved, kubeReserved].flatMap((amounts) => {
      const found = amounts[name];
      return found === undefined ? [] : [parseQuantity(found)];
    });
    const free = whole === undefined ? [] : thresholds.filter(({ signal }) => keptFree[signal] === name);
    if (whole === undefined || (reserved.length === 0 && free.length === 0)) {
      result[name] = amount;
      continue;
    }
    if (name === 'cpu') {
      const left = reserved.reduce((sum, quantity) => sum - quantity.milliValue(), whole.milliValue());
      result[name] = milliText(Math.max(0, left));
      continue;
    }
    const kept = free.reduce((sum, threshold) => sum + shareOf(threshold, whole.value()), 0);
    const left = Math.max(0, reserved.reduce((sum, quantity) => sum - quantity.value(), whole.value()) - kept);
    result[name] = bytesText(left, amount);
  }
  return result;
}

/** Shares are counted in single precision, as upstream's are. */
function shareOf(threshold: Threshold, capacity: number): number {
  if (threshold.share === undefined) return limitOf(threshold, capacity);
  return Math.trunc(capacity * Math.fround(threshold.share));
}

function milliText(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${String(milli)}m`;
}

/** In Ki like the capacity, where that divides evenly. */
function bytesText(bytes: number, like: string): string {
  return like.endsWith('Ki') && bytes % 1024 === 0 ? `${String(bytes / 1024)}Ki` : String(bytes);
}
