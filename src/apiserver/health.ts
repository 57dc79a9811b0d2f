/** /healthz, /livez, /readyz (apiserver pkg/server/healthz). */
import type { Exchange } from './exchange.ts';
import { sendText } from './respond.ts';

export interface HealthCheck {
  readonly name: string;
  /** Rejects or throws when it is not well. */
  check(): void | Promise<void>;
}

/** Answers for `path` (`/readyz`, `/readyz/NAME`); false: there is no such check. */
export async function answerHealth(exchange: Exchange, checks: readonly HealthCheck[]): Promise<boolean> {
  const [, group = '', ...rest] = exchange.info.path.split('/');
  const one = rest.join('/');
  if (one !== '') {
    const found = checks.find(({ name }) => name === one);
    if (found === undefined) return false;
    const failure = await failureOf(found);
    sendText(exchange, failure === undefined ? 200 : 500, failure === undefined ? 'ok' : `internal server error: ${failure}\n`);
    return true;
  }
  const excluded = new Set(exchange.query.getAll('exclude'));
  const lines: string[] = [];
  let failed = 0;
  for (const item of checks) {
    if (excluded.delete(item.name)) {
      lines.push(`[+]${item.name} excluded: ok`);
      continue;
    }
    const failure = await failureOf(item);
    if (failure !== undefined) failed++;
    lines.push(failure === undefined ? `[+]${item.name} ok` : `[-]${item.name} failed: reason withheld`);
  }
  for (const name of excluded) lines.push(`warn: some health checks cannot be excluded: no matches for ${JSON.stringify(name)}`);
  if (failed > 0) sendText(exchange, 500, `${lines.join('\n')}\n${group} check failed\n`);
  else if (exchange.query.has('verbose')) sendText(exchange, 200, `${lines.join('\n')}\n${group} check passed\n`);
  else sendText(exchange, 200, 'ok');
  return true;
}

async function failureOf(item: HealthCheck): Promise<string | undefined> {
  try {
    await item.check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
