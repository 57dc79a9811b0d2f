import { expect, test } from '@jest/globals';
import { path } from '../../../api/field-errors.ts';
import { annotatedTolerationErrors } from './annotated-tolerations.ts';

const told = (text: string): string[] =>
  annotatedTolerationErrors({ 'scheduler.alpha.kubernetes.io/tolerations': text }, path('a')).map(({ field, body }) => `${field}: ${body}`);

test('tolerations in an annotation are read as Go reads them, and checked', () => {
  const whole = 'a: Invalid value: "scheduler.alpha.kubernetes.io/tolerations": ';
  expect([told(''), told('[]'), told('null'), told('[{"KEY":"k"}]')]).toEqual([[], [], [], []]);
  expect(told('x')).toEqual([`${whole}invalid character 'x' looking for beginning of value`]);
  expect(told('{}')).toEqual([`${whole}json: cannot unmarshal object into Go value of type []core.Toleration`]);
  expect(told('[{"effect":1}]')).toEqual([
    `${whole}json: cannot unmarshal number into Go struct field Toleration.Effect of type core.TaintEffect`,
  ]);
  expect(told('[{"key":"k","tolerationSeconds":3}]')).toEqual([
    `a.scheduler.alpha.kubernetes.io/tolerations[0].effect: Invalid value: "": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
  ]);
});
