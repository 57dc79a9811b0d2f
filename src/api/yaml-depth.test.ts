import { expect, test } from '@jest/globals';
import { parseYaml } from './yaml.ts';

test.each(['[', '{"a":', '{"a":[', '{a: [ ', '&a [*a,'])('%s without an end is refused at once', (opener) => {
  const started = process.cpuUsage();
  expect(() => parseYaml(`x: ${opener.repeat(300_000)}`)).toThrow('exceeded max depth of 10000');
  expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
});

test('many collections beside each other, and brackets in texts, are nothing special', () => {
  const list = `a:\n${'- [{b: 1}]\n'.repeat(5000)}`;
  expect(parseYaml(list)).toMatchObject({ a: { length: 5000 } });
  const log = `a: |\n${'  [31m some words that go on for a while, as the lines of logs do [0m without end\n'.repeat(5000)}`;
  expect(JSON.stringify(parseYaml(log))).toContain('[31m some words');
});
