import { expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { openMemory } from '../storage/memory/memory.ts';
import { startServerAddresses } from './server-addresses.ts';

test('servers are published while they renew, and vanish when they stop or fall silent', async () => {
  const clock = new FakeClock();
  await using storage = openMemory({ clock });
  const published: string[] = [];
  const publish = async (addresses: readonly string[]): Promise<void> => void published.push(addresses.join());
  const silent = new FakeClock();
  const one = await startServerAddresses({ storage, own: ['10.0.0.1'], publish, clock, logger: silentLogger });
  const two = await startServerAddresses({ storage, own: ['10.0.0.2'], publish, clock, logger: silentLogger });
  const three = await startServerAddresses({ storage, own: ['10.0.0.3'], publish, clock: silent, logger: silentLogger });
  expect(published).toEqual(['10.0.0.1', '10.0.0.1,10.0.0.2', '10.0.0.1,10.0.0.2,10.0.0.3']);
  for (let passed = 0; passed < 30; passed += 5) await clock.advance(5000);
  expect(published.at(-1)).toBe('10.0.0.1,10.0.0.2');
  await two.stop();
  expect(published.at(-1)).toBe('10.0.0.1');
  await one.stop();
  await three.stop();
});
