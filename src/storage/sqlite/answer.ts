/** Which operation a request is for. */
import type { Log } from './log.ts';
import type { Request } from './protocol.ts';

/** What the log answers. Throws what SQLite does. */
export function answer(log: Log, request: Request): unknown {
  switch (request.op) {
    case 'keys':
      return log.keys(request);
    case 'expiring':
      return log.expiring();
    case 'commit':
      return log.commit(request);
    case 'get':
      return log.get(request);
    case 'range':
      return log.range(request);
    case 'history':
      return log.history(request);
    case 'compact':
      return log.compact(request);
    case 'clean':
      return log.clean();
    case 'close':
      return log.close();
  }
}
