/** Lets requests in one by one (apiserver pkg/server/filters/priority-and-fairness.go). */
import type { Exchange } from '../exchange.ts';
import type { FlowControl, Pass } from '../flow-control/flow-control.ts';
import { sendText } from '../respond.ts';

/** The longest a request may spend waiting for its turn: a quarter of its time. */
const patienceShare = 1 / 4;

/** False: refused and told so, or gone while it waited. `exchange.pass` is given back by `FlowControl.done`. */
export function admitted(flow: FlowControl, exchange: Exchange, timeoutMs: number): boolean | Promise<boolean> {
  const { user, info } = exchange;
  const pass = flow.admit({ user, info, query: () => exchange.query, patienceMs: timeoutMs * patienceShare });
  exchange.pass = pass;
  exchange.flowHeaders = pass.headers;
  return pass.decided === undefined ? isIn(exchange, pass) : pass.decided.then(() => isIn(exchange, pass));
}

function isIn(exchange: Exchange, { retryAfter, state }: Pass): boolean {
  const { response } = exchange;
  if (response.headersSent || response.destroyed) return false;
  if (retryAfter === undefined) return state === 'executing';
  response.setHeader('Retry-After', String(retryAfter));
  response.setHeader('X-Content-Type-Options', 'nosniff');
  sendText(exchange, 429, 'Too many requests, please try again later.\n');
  return false;
}
