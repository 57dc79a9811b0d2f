/** Calls `check` until it stops throwing; fails with its last error after `ms`. For states that somebody else brings about. */
export async function eventually<T>(check: () => Promise<T> | T, ms = 30_000): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
