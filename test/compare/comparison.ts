/** Sends cases to both servers and says where the answers differ. */
import type { Case, Step } from './case.ts';
import { type Comparable, comparable, differences } from './masks.ts';
import type { Answer, Target } from './target.ts';

export interface ComparisonOptions {
  readonly ours: Target;
  /** Without it the recorded answers count. */
  readonly real: Target | undefined;
  /** Every request and both answers are printed. */
  readonly verbose?: boolean;
}

/** One step's two answers; `theirs` may be missing when nothing was recorded. */
interface Pair {
  readonly mine: Comparable;
  readonly theirs: Comparable | undefined;
}

export interface Compared {
  /** A line each. */
  readonly differences: readonly string[];
  /** What the real server, or the record of it, answered. */
  readonly theirs: readonly Comparable[];
}

export class Comparison {
  readonly #options: ComparisonOptions;
  readonly #run = Math.random().toString(36).slice(2, 7).padEnd(5, 'q');
  readonly namespace = `compare-${this.#run}`;

  constructor(options: ComparisonOptions) {
    this.#options = options;
  }

  /** Puts the run's names in. */
  readonly fill = (text: string): string => text.replaceAll('{ns}', this.namespace).replaceAll('{run}', this.#run);

  #reduced(answer: Answer, step: Step): Comparable {
    if (step.quiet === true) return { code: answer.code, headers: {}, body: answer.code >= 300 ? answer.text.slice(0, 300) : undefined };
    const text = JSON.stringify(comparable(answer, step.mask)).replaceAll(this.namespace, '{ns}').replaceAll(this.#run, '{run}');
    return JSON.parse(text) as Comparable;
  }

  /** The step's answers, ready to be compared. */
  async both(step: Step, recorded?: Comparable): Promise<Pair> {
    const { ours, real, verbose } = this.#options;
    const [mine, theirs] = await Promise.all([ours.send(step, this.fill), real?.send(step, this.fill)]);
    if (verbose === true) {
      console.log(`# ${step.method} ${step.path}\n  ours ${mine.text}\n  real ${theirs?.text ?? JSON.stringify(recorded)}`);
    }
    return { mine: this.#reduced(mine, step), theirs: theirs === undefined ? recorded : this.#reduced(theirs, step) };
  }

  /** Every step of the case, one after the other. */
  async compare(one: Case, recorded: readonly Comparable[] = []): Promise<Compared> {
    const found: string[] = [];
    const answers: Comparable[] = [];
    for (const [index, step] of one.steps.entries()) {
      const { mine, theirs } = await this.both(step, recorded[index]);
      const where = `${step.method} ${step.path}`;
      if (theirs === undefined) {
        found.push(`${where}: no answer is recorded`);
        continue;
      }
      answers.push(theirs);
      if (step.quiet === true) {
        if (theirs.code >= 300) found.push(`${where}: the preparation fails on the real one: ${String(theirs.body)}`);
        else if (mine.code >= 300) found.push(`${where}: the preparation fails on ours: ${String(mine.body)}`);
      } else found.push(...differencesOf(mine, theirs).map((line) => `${where}: ${line}`));
    }
    return { differences: found, theirs: answers };
  }
}

/** What is different, without what follows from something shown already. */
function differencesOf(mine: Comparable, theirs: Comparable): string[] {
  const message = ({ code, body }: Comparable): string => {
    const { message: text } = (body ?? {}) as { readonly message?: unknown };
    return `${String(code)}${typeof text === 'string' ? ` ${text}` : ''}`;
  };
  if (mine.code !== theirs.code) return [`code: ours ${message(mine)} real ${message(theirs)}`];
  const all = differences(mine, theirs);
  return all.some((line) => line.startsWith('body.message')) ? all.filter((line) => !line.startsWith('body.details')) : all;
}
