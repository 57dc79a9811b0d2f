import { describe as jestDescribe, test as jestTest } from '@jest/globals';
import { etcdBinary } from './etcd-process.ts';

const isThere = etcdBinary() !== undefined;
const named = (name: string): string => (isThere ? name : `${name} (there is no etcd on this machine: apt-get install etcd-server)`);

/** `describe` and `test` for what needs an etcd: where there is none they are skipped, and their names say what is missing. */
export const withEtcd = {
  describe: (name: string, body: () => void): void => (isThere ? jestDescribe : jestDescribe.skip)(named(name), body),
  test: (name: string, body: () => Promise<void>, timeout?: number): void =>
    (isThere ? jestTest : jestTest.skip)(named(name), body, timeout),
};
