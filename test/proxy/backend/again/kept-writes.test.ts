import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { KeptRequests } from '../../../../src/proxy/backend/again/kept-requests.ts';
import { LARGE, receive, Sender } from '../../../net/sender.ts';
import { waitFor } from '../../../support/wait.ts';

/** Bytes of each request, by write: in one slab, in a small and a large one, in two large ones. */
const WRITES = [[100], [40, 4090, 10], [60_000, 60_000]];

/** A queue whose writes are kept, and the other end of its socket, which does not read yet. */
async function keptQueue(t: TestContext) {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const from = connect((server.address() as AddressInfo).port, '127.0.0.1');
  t.after(() => from.destroy());
  await once(from, 'connect');
  const [to] = (await accepted) as [Socket];
  t.after(() => to.destroy());
  const sender = new Sender('onread');
  const kept = new KeptRequests(sender.slabs, 1 << 24);
  sender.queue.keeper = kept;
  sender.queue.open(from);
  return { sender, kept, to };
}

/** The `length` bytes from the `at`-th on that a Sender sends. */
function sentBytes(at: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (at + i) % 251));
}

test('what is written in several pieces is kept in its slabs, and found again', async (t) => {
  const { sender, kept, to } = await keptQueue(t);
  const keepBuffer = t.mock.method(kept, 'keepBuffer');
  const offsets: number[] = [];
  for (const lengths of WRITES) {
    for (const length of lengths) {
      offsets.push(kept.advance(length));
      sender.put(length);
    }
    sender.queue.flush();
    // Nobody else gets what is kept.
    const { small, large } = sender.scribble();
    sender.giveBack(small, large);
    assert.equal(sender.queue.blocked, false, 'the kernel takes so little at once');
  }
  assert.equal(keepBuffer.mock.callCount(), 0, 'nothing is copied');
  for (const [i, length] of WRITES.flat().entries()) {
    assert.deepEqual(kept.copy(offsets[i], length), sentBytes(offsets[i], length));
  }
  await receive(to, sender.sent);
  kept.release(offsets[4]);
  assert.equal(kept.copy(offsets[3], 10), null);
  assert.deepEqual(kept.copy(offsets[4], 60_000), sentBytes(offsets[4], 60_000));
  assert.ok(sender.slabs.largeLeft <= LARGE - 2);
  kept.release(kept.next);
  assert.ok(sender.allSlabsFree, 'all slabs are back');
  assert.equal(kept.bytes, 0);
});

test('what waits in the socket is copied for who keeps it', async (t) => {
  const { sender, kept, to } = await keptQueue(t);
  while (!sender.queue.blocked) {
    kept.advance(50_000);
    sender.put(50_000);
    sender.queue.flush();
    if (!sender.queue.blocked) kept.release(kept.next);
  }
  const last = (kept.next - 50_000) | 0;
  sender.put(100);
  sender.append(5000);
  const middle = kept.advance(5100);
  const received = receive(to, sender.sent);
  await waitFor('the socket to drain', () => sender.drained > 0);
  sender.queue.flush();
  await received;
  const { small, large } = sender.scribble();
  assert.deepEqual(kept.copy(last, 50_000), sentBytes(last, 50_000));
  assert.deepEqual(kept.copy(middle, 5100), sentBytes(middle, 5100));
  sender.giveBack(small, large);
  kept.drop();
  assert.ok(sender.allSlabsFree, 'all slabs are back');
});
