import { expect, test } from '@jest/globals';
import { CommandError, type Commands } from '../../base/command.ts';
import { resetPodNetwork } from './node.ts';

test('where nft is not installed there are no rules to remove', async () => {
  const asked: string[] = [];
  const run = (command: string): Promise<string> => {
    asked.push(command);
    return command === 'nft' ? Promise.reject(new CommandError(command, null, 'spawn nft ENOENT', true)) : Promise.resolve('');
  };
  await resetPodNetwork({ instance: 'abcdef', commands: { run } as unknown as Commands });
  expect(asked).toContain('nft');
});
