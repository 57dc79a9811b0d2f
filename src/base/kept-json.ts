import { rename, writeFile } from 'node:fs/promises';

export interface KeptJson {
  /** The value has changed: it is written as it is when its turn comes. A write that fails is forgotten. */
  readonly save: () => void;
  /** Resolves when what was saved so far is in the file. */
  readonly written: () => Promise<void>;
}

/** Keeps a value in a file of mode 600, which is always whole; of saves that wait for another write one serves all. */
export function keepJson(file: string, value: () => unknown): KeptJson {
  let writing = Promise.resolve();
  let waits = false;
  const write = async (): Promise<void> => {
    waits = false;
    await writeFile(`${file}.new`, JSON.stringify(value()), { mode: 0o600 });
    await rename(`${file}.new`, file);
  };
  return {
    save: () => {
      if (waits) return;
      waits = true;
      writing = writing.then(write).catch(() => undefined);
    },
    written: () => writing,
  };
}
