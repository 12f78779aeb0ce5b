import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Timed } from '../../../../src/proxy/engine/deadlines.ts';
import { GivingUp } from '../../../../src/proxy/redis/pubsub/giving-up.ts';
import type { HubServer } from '../../../../src/proxy/redis/pubsub/hub/hub-server.ts';
import type { SubscribingClient } from '../../../../src/proxy/redis/pubsub/subscribing.ts';

/** A server that answers when it is told to. */
class FakeServer {
  silent = false;
  readonly marks: (() => void)[] = [];

  mark(mark: () => void): void {
    this.marks.push(mark);
  }

  answer(): void {
    for (const mark of this.marks.splice(0)) mark();
  }
}

/** Gives up what two servers are asked for, again and again. */
class World {
  readonly servers = [new FakeServer(), new FakeServer()] as const;
  armed: Timed | null = null;
  done = 0;

  giveUp(): void {
    const deadlines = {
      arm: (item: Timed) => {
        this.armed = item;
      },
      forget: () => {
        this.armed = null;
      },
    };
    const client = { pool: { engine: { deadlines } } } as unknown as SubscribingClient;
    const asked = this.servers as unknown as HubServer[];
    new GivingUp(client, asked, () => void this.done++).begin();
  }

  /** Nobody waits any longer. */
  expire(): void {
    assert.ok(this.armed !== null && this.armed.nextDeadline() > 0, 'somebody waits');
    this.armed.onDeadline(this.armed.nextDeadline());
  }
}

describe('a client that gives topics up', () => {
  test('waits for all servers, and is told once', () => {
    const world = new World();
    world.giveUp();
    world.servers[0].answer();
    assert.equal(world.done, 0);
    world.servers[1].answer();
    assert.equal(world.done, 1);
    assert.equal(world.armed, null, 'nothing is waited for');
  });

  test('waits in vain for a server once, until that has answered', () => {
    const world = new World();
    const [quick, slow] = world.servers;
    world.giveUp();
    quick.answer();
    world.expire();
    assert.equal(world.done, 1);
    for (const count of [2, 3]) {
      world.giveUp();
      assert.equal(slow.marks.length, 1, 'it is not asked again');
      assert.equal(world.done, count - 1);
      quick.answer();
      assert.equal(world.done, count);
    }
    slow.answer();
    assert.equal(world.done, 3, 'that was over');
    world.giveUp();
    quick.answer();
    assert.equal(world.done, 3, 'it is waited for again');
    slow.answer();
    assert.equal(world.done, 4);
  });
});
