import assert from 'node:assert/strict';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { delay, waitFor } from '../support/wait.ts';

/** What a client sees: the bytes, and whether its connection is closed after them. */
export interface Outcome {
  readonly reply: string;
  readonly closed: boolean;
}

/** Stands for ringway's own INFO, which is never the same twice. */
export const INFO = '<info>';

function seen(client: RespClient): string {
  const text = client.unread.toString('latin1');
  return text.replace(/\$\d+\r\n# Server\r\n[^$+]*\r\n\r\n/, INFO);
}

/** Sends `chunks` and checks every byte that comes back. */
export async function expectOutcome(
  port: number,
  chunks: readonly Uint8Array[],
  expected: Outcome,
): Promise<void> {
  const client = await RespClient.open(port);
  try {
    for (const [i, chunk] of chunks.entries()) {
      if (i > 0) await delay(chunks.length > 10 ? 1 : 50);
      await client.send(chunk);
    }
    if (expected.closed) {
      assert.equal((await client.readToEnd()).toString('latin1'), expected.reply);
      return;
    }
    const { length } = expected.reply;
    await waitFor(`${length} bytes`, () => client.ended || seen(client).length >= length).catch(
      () => {},
    );
    assert.equal(seen(client), expected.reply);
    assert.equal(client.ended, false, 'the connection is kept');
    // Nothing else came, and the connection still serves.
    await client.send(encodeRequest('PING'));
    const end = /^(\+PONG|-NOAUTH Authentication required|\+QUEUED)\r\n$/;
    await waitFor('a last PONG', () => end.test(seen(client).slice(length)));
  } finally {
    client.close();
  }
}

/** Splits bytes into the sizes given; what is left over is the last piece. */
export function cut(bytes: Buffer, sizes: readonly number[] | undefined): Buffer[] {
  if (sizes === undefined) return [bytes];
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  if (at < bytes.length) chunks.push(bytes.subarray(at));
  return chunks;
}
