import { expect, test } from '@jest/globals';
import type { CronJob } from '../../../api/generated/types.ts';
import { validateCronJobUpdate } from './validation.ts';

const told = (timeZone: string): string[] => {
  const spec = { schedule: '* * * * *', timeZone, concurrencyPolicy: 'Allow', jobTemplate: {} };
  return validateCronJobUpdate({ spec } as unknown as CronJob).map(({ body }) => body.replace(/^Invalid value: "[^"]*": /, ''));
};

test('time zones have the names of files', () => {
  for (const zone of ['Europe/Berlin', 'UTC', 'US/Pacific', 'Etc/GMT+5', 'EST5EDT', 'GMT']) expect(told(zone)).toEqual([]);
  for (const zone of ['europe/berlin', 'EUROPE/Berlin', '+01:00', 'utc', 'Nowhere/Else'])
    expect(told(zone)).toEqual([`unknown time zone ${zone}`]);
  expect(told('../UTC')).toEqual(['unknown time zone ../UTC']);
  expect(told('local').map((text) => text.slice(0, 16))).toEqual(['timeZone must be', 'unknown time zon']);
  expect(told('Local')).toHaveLength(1);
});
