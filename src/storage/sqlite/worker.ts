/** The storage worker thread: owns the file from the request to open it on, answers one request after the other. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { answer } from './answer.ts';
import { openDatabase, sqliteError } from './database.ts';
import { Log } from './log.ts';
import type { OpenRequest, Reply, Request, Rows, WorkerData } from './protocol.ts';

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
  port.on('message', ({ id, request }: { id: number; request: Request | OpenRequest }) => {
    if (request.op === 'open') reply(id, () => (log = new Log(openDatabase(file, { maxBytes, isKnown: request.isKnown }))).opened());
    else reply(id, () => (log === undefined ? undefined : answer(log, request)));
    // The values of a commit lie in the file now: their memory need not wait for a collection, which is rare in this thread.
    if (request.op === 'commit') request.rows.data.transfer(0);
    if (request.op === 'close') port.close();
  });
  reply(0, () => undefined);
}

if (parentPort !== null) serve(parentPort, workerData as WorkerData);
