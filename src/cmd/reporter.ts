/** What the person at the terminal sees: one line a step on standard output. */
export interface Reporter {
  /** Something that may take a while begins. */
  step(text: string): void;
  /** A fact the user should know. */
  note(text: string): void;
}

export function terminalReporter(write: (text: string) => void): Reporter {
  return {
    step: (text) => write(`· ${text}\n`),
    note: (text) => write(`${text}\n`),
  };
}
