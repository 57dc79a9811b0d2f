import { expect, test } from '@jest/globals';
import { decodeContinue, encodeToken } from './continue-token.ts';

const refusal = (text: string): string => {
  try {
    decodeContinue(text);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('what was encoded is read back', () => {
  expect(decodeContinue(encodeToken({ revision: 7, start: 'default/a\u0000' }))).toEqual({ revision: 7, start: 'default/a\u0000' });
});

test.each([
  ['x', 'illegal base64 data at input byte 0'],
  ['abc!', 'illegal base64 data at input byte 3'],
  ['abcde', 'illegal base64 data at input byte 4'],
  ['xyz', "invalid character 'Ç' looking for beginning of value"],
])('%s is no token', (text, why) => {
  expect(refusal(text)).toBe(`invalid continue token: continue key is not valid: ${why}`);
});
