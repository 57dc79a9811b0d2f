import { tryParseQuantity } from '../api/quantity.ts';
import { UsageError } from './usage-error.ts';

const names: readonly string[] = ['cpu', 'memory', 'ephemeral-storage', 'pid'];

/** `cpu=100m,memory=256Mi`, as the kubelet's --kube-reserved. Throws a {@link UsageError}. */
export function reservedAmounts(text: string): Record<string, string> {
  const amounts: Record<string, string> = {};
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === '') continue;
    const [name = '', amount = '', ...rest] = part.split('=').map((side) => side.trim());
    const value = tryParseQuantity(amount)?.value() ?? -1;
    if (rest.length > 0 || !names.includes(name) || value < 0)
      throw new UsageError(`must be NAME=AMOUNT,... with names of ${names.join(', ')}, such as cpu=100m,memory=256Mi`);
    amounts[name] = amount;
  }
  return amounts;
}
