import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { BoundedConnections } from '../../src/net/bounded-connections.ts';

class Visitor extends EventEmitter {
  destroyed = false;
  readonly remoteAddress: string;

  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

describe('a door of few connections', () => {
  const full = (addressOf: (i: number) => string): Visitor => {
    const door = new BoundedConnections(8);
    const admit = (visitor: Visitor): void => door.admit(visitor as unknown as Socket);
    const guest = new Visitor('2001:db8:aaaa::1');
    admit(guest);
    for (let i = 0; i < 100; i++) admit(new Visitor(addressOf(i)));
    assert.equal(door.size, 8);
    return guest;
  };

  test('nobody is pushed out by one address that comes again and again', () => {
    assert.equal(full(() => '10.0.0.1').destroyed, false);
  });

  test('nor by somebody who comes from another address of its network each time', () => {
    assert.equal(full((i) => `2001:db8:1:2::${i + 1}`).destroyed, false);
  });

  test('where all are of different networks the one goes that has waited longest', () => {
    assert.equal(full((i) => `10.0.0.${i + 1}`).destroyed, true);
  });
});
