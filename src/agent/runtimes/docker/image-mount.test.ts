import { expect, test } from '@jest/globals';
import { mountArguments } from './image-mount.ts';

const driver = (LowerDir: string | undefined, Name = 'overlay2') => ({
  GraphDriver: { Name, Data: { UpperDir: '/l/3/diff', ...(LowerDir === undefined ? {} : { LowerDir }) } },
});

test('layers of overlay2 become one file system', () => {
  const options = 'ro,lowerdir=/l/3/diff:/l/2/diff:/l/1/diff';
  expect(mountArguments(driver('/l/2/diff:/l/1/diff'))).toEqual(['-t', 'overlay', '-o', options, 'overlay']);
  expect(mountArguments(driver(undefined))).toEqual(['--bind', '/l/3/diff']);
});

test('everything else has to be copied', () => {
  expect(mountArguments(driver('/l/1', 'btrfs'))).toBeUndefined();
  expect(mountArguments({ GraphDriver: { Name: 'overlay2', Data: null } })).toBeUndefined();
  expect(mountArguments({})).toBeUndefined();
  expect(mountArguments(driver(Array.from({ length: 60 }, () => `/${'x'.repeat(90)}`).join(':')))).toBeUndefined();
});
