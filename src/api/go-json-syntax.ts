/** What Go's encoding/json says about a text that is no JSON (its scanner's states); undefined: it is JSON. */
import { goQuoted } from './go-text.ts';

const endOfInput = 'unexpected end of JSON input';
const space = /[ \t\r\n]/;

class SyntaxFault extends Error {}

/** The error text, without the `json: ` or other frame around it. */
export function jsonSyntaxFault(text: string): string | undefined {
  try {
    new Scanner(text).whole();
    return undefined;
  } catch (error) {
    if (error instanceof SyntaxFault) return error.message;
    throw error;
  }
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): void {
    this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#wrong('after top-level value');
  }

  #value(): void {
    this.#skipSpace();
    const letter = this.#peek();
    if (letter === '{') this.#object();
    else if (letter === '[') this.#array();
    else if (letter === '"') this.#string();
    else if (letter === 't') this.#literal('true');
    else if (letter === 'f') this.#literal('false');
    else if (letter === 'n') this.#literal('null');
    else if (letter === '-' || isDigit(letter)) this.#number();
    else this.#wrong('looking for beginning of value');
  }

  #object(): void {
    this.#at++;
    this.#skipSpace();
    if (this.#take('}')) return;
    for (;;) {
      this.#skipSpace();
      if (this.#peek() !== '"') this.#wrong('looking for beginning of object key string');
      this.#string();
      this.#skipSpace();
      if (!this.#take(':')) this.#wrong('after object key');
      this.#value();
      this.#skipSpace();
      if (this.#take('}')) return;
      if (!this.#take(',')) this.#wrong('after object key:value pair');
    }
  }

  #array(): void {
    this.#at++;
    this.#skipSpace();
    if (this.#take(']')) return;
    for (;;) {
      this.#value();
      this.#skipSpace();
      if (this.#take(']')) return;
      if (!this.#take(',')) this.#wrong('after array element');
    }
  }

  #string(): void {
    this.#at++;
    for (;;) {
      const letter = this.#peek();
      if (letter === '"') {
        this.#at++;
        return;
      }
      if (letter < ' ') this.#wrong('in string literal');
      this.#at++;
      if (letter === '\\') this.#escape();
    }
  }

  #escape(): void {
    const letter = this.#peek();
    if (letter === 'u') {
      this.#at++;
      for (let count = 0; count < 4; count++) {
        if (!/[0-9a-fA-F]/.test(this.#peek())) this.#wrong('in \\u hexadecimal character escape');
        this.#at++;
      }
      return;
    }
    if (!'bfnrt\\/"'.includes(letter)) this.#wrong('in string escape code');
    this.#at++;
  }

  #literal(word: string): void {
    for (const expected of word) {
      if (this.#peek() !== expected) this.#wrong(`in literal ${word} (expecting '${expected}')`);
      this.#at++;
    }
  }

  #number(): void {
    this.#take('-');
    if (!isDigit(this.#peek())) this.#wrong('in numeric literal');
    if (!this.#take('0')) this.#digits();
    if (this.#ahead() === '.') {
      this.#at++;
      if (!isDigit(this.#peek())) this.#wrong('after decimal point in numeric literal');
      this.#digits();
    }
    if (this.#ahead()?.toLowerCase() !== 'e') return;
    this.#at++;
    if (this.#peek() === '+' || this.#peek() === '-') this.#at++;
    if (!isDigit(this.#peek())) this.#wrong('in exponent of numeric literal');
    this.#digits();
  }

  #digits(): void {
    while (isDigit(this.#ahead() ?? '')) this.#at++;
  }

  #skipSpace(): void {
    while (space.test(this.#ahead() ?? '')) this.#at++;
  }

  #ahead(): string | undefined {
    return this.#text[this.#at];
  }

  #peek(): string {
    const letter = this.#ahead();
    if (letter === undefined) throw new SyntaxFault(endOfInput);
    return letter;
  }

  #take(letter: string): boolean {
    if (this.#ahead() === undefined) throw new SyntaxFault(endOfInput);
    if (this.#ahead() !== letter) return false;
    this.#at++;
    return true;
  }

  #wrong(where: string): never {
    throw new SyntaxFault(`invalid character ${quotedLetter(this.#peek())} ${where}`);
  }
}

const isDigit = (letter: string): boolean => letter >= '0' && letter <= '9';

/** Go quotes bytes, not letters. */
function quotedLetter(letter: string): string {
  if (letter === "'") return "'\\''";
  if (letter === '"') return `'"'`;
  const [first = 0] = Buffer.from(letter);
  return `'${goQuoted(String.fromCharCode(first)).slice(1, -1)}'`;
}
