import type { Socket } from 'node:net';

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Calls `check` until it returns something truthy, and returns that.
 * The time is for a machine that has much else to do: nothing is concluded from how long it took.
 * A throwing check counts as "not yet"; its last error becomes the cause of the timeout.
 */
export async function waitFor<T>(
  what: string,
  check: () => T | Promise<T>,
  timeoutMs = 30_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > deadline) throw new Error(`gave up waiting for ${what}`, { cause });
    await delay(20);
  }
}

/** What a promise comes to. One that nothing keeps fails here, and not with the whole file. */
export async function inTime<T>(
  what: string,
  promise: PromiseLike<T>,
  timeoutMs = 30_000,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`gave up waiting for ${what}`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until a connection is closed, with an error or without. */
export async function closed(socket: Socket): Promise<void> {
  const close = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  if (!socket.closed) await inTime('a connection to be closed', close);
}
