/** The chain a question goes through: each handler answers or hands on to the next. */
import type { Query, Reply } from './wire.ts';
import { rcodes } from './wire.ts';

/** A reply made here, or the bytes of a message from elsewhere (its id and question are put right when it is sent). */
export type Answer = Reply | { readonly message: Buffer };

export interface Request {
  readonly query: Query;
  /** Whether the client asked over TCP, so that what is asked elsewhere for it may be long too. */
  readonly tcp: boolean;
}

/** Answers at once where it can: a promise costs a turn of the loop. */
export type Handler = (request: Request) => Answer | Promise<Answer>;

export function emptyReply(rcode: number, authoritative = false): Reply {
  return { rcode, authoritative, answers: [], authorities: [], additionals: [] };
}

/** The outermost handler: what fails further in becomes SERVFAIL, what is no ordinary question is refused. */
export function guarded(next: Handler, onError: (error: unknown, request: Request) => void): Handler {
  const failed = (error: unknown, request: Request): Answer => {
    onError(error, request);
    return emptyReply(rcodes.SERVFAIL);
  };
  return (request) => {
    const refused = refusal(request);
    if (refused !== undefined) return emptyReply(refused);
    try {
      const answer = next(request);
      return answer instanceof Promise ? answer.catch((error: unknown) => failed(error, request)) : answer;
    } catch (error) {
      return failed(error, request);
    }
  };
}

const inClass = 1;

function refusal({ query }: Request): number | undefined {
  if (query.opcode !== 0) return rcodes.NOTIMP;
  if (query.edns !== undefined && query.edns.version !== 0) return rcodes.BADVERS;
  if (query.question.class !== inClass) return rcodes.REFUSED;
  // Zone transfers and other meta questions (128-254).
  return query.question.type >= 128 && query.question.type < 255 ? rcodes.REFUSED : undefined;
}
