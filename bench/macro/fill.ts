import { connect, type Socket } from 'node:net';
import { connectOptions } from './bed.ts';
import type { Door } from './configurations.ts';
import { type Fill, KEY_DIGITS } from './workloads.ts';

const OK = '+OK\r\n';
/** Bytes sent before the replies to them are awaited. */
const BATCH_BYTES = 256 * 1024;
/** A batch takes milliseconds; longer than this means that something hangs. */
const BATCH_TIMEOUT_MS = 20_000;

/** Writes the values that are read later, through whatever listens there. */
export async function fill(door: Door, fills: readonly Fill[]): Promise<void> {
  const socket = connect(connectOptions(door));
  try {
    for (const it of fills) {
      const value = 'x'.repeat(it.bytes);
      const perBatch = Math.max(1, Math.floor(BATCH_BYTES / it.bytes));
      for (let first = 0; first < it.keys; first += perBatch) {
        await setBatch(socket, it, first, Math.min(first + perBatch, it.keys), value);
      }
    }
  } finally {
    socket.destroy();
  }
}

/** The name that redis-benchmark makes of a prefix and a random number. */
export function keyName(prefix: string, number: number): string {
  return prefix + String(number).padStart(KEY_DIGITS, '0');
}

function setBatch(
  socket: Socket,
  { prefix }: Fill,
  first: number,
  end: number,
  value: string,
): Promise<void> {
  let text = '';
  for (let i = first; i < end; i++) {
    const key = keyName(prefix, i);
    text += `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${value.length}\r\n${value}\r\n`;
  }
  return new Promise((resolve, reject) => {
    const wanted = OK.repeat(end - first);
    let got = '';
    const finish = (error?: Error): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('error', finish).off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    const timer = setTimeout(() => {
      finish(new Error(`filling stands still after ${got.length / OK.length} replies`));
    }, BATCH_TIMEOUT_MS);
    const onClose = (): void => finish(new Error('the connection was closed while filling'));
    const onData = (chunk: Buffer): void => {
      got += chunk.toString('latin1');
      if (got === wanted) finish();
      else if (!wanted.startsWith(got)) finish(new Error(`filling failed: ${got.slice(-200)}`));
    };
    socket.on('data', onData).on('error', finish).on('close', onClose);
    socket.write(text, 'latin1');
  });
}
