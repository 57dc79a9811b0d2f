/** The storage worker thread: owns the file, answers one request after the other. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { openDatabase, sqliteError } from './database.ts';
import { Log } from './log.ts';
import type { Reply, Request, Rows, WorkerData } from './protocol.ts';

function answer(log: Log, request: Request): unknown {
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

/** The memory of values in an answer, to be handed over. */
function memoryOf(result: unknown): ArrayBuffer[] {
  const { data, rows } = (result ?? {}) as { data?: ArrayBuffer; rows?: Rows };
  return [data, rows?.data].filter((buffer) => buffer !== undefined);
}

function serve(port: MessagePort, { file, maxBytes }: WorkerData): void {
  const reply = (id: number, call: () => unknown): void => {
    let message: Reply;
    try {
      message = { id, answer: call() };
    } catch (thrown) {
      const { code, message: text } = sqliteError(thrown, file);
      message = { id, failure: { code, message: text } };
    }
    port.postMessage(message, memoryOf(message.answer));
  };
  let log: Log | undefined;
  reply(0, () => (log = new Log(openDatabase(file, maxBytes))).opened());
  port.on('message', ({ id, request }: { id: number; request: Request }) => {
    reply(id, () => (log === undefined ? undefined : answer(log, request)));
    if (request.op === 'close') port.close();
  });
}

if (parentPort !== null) serve(parentPort, workerData as WorkerData);
