/** Lets everything that is ready run (promises and immediates, no timers), for tests on a {@link FakeClock}. */
export async function settle(rounds = 20): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await new Promise((resolve) => setImmediate(resolve));
}
