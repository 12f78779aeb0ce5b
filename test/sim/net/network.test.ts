import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { World } from '../world/world.ts';
import { Network } from './network.ts';

const [A, B, C] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const;

describe('a simulated network', () => {
  test('two hosts reach each other when the last of the partitions between them is over', () => {
    const network = new Network(new World(1, false), true);
    network.partition(A, B);
    network.partition(B, A, true);
    network.heal(A, B);
    assert.equal(network.isCut(A, B), true);
    assert.equal(network.isCut(A, C), false);
    network.heal(B, A);
    assert.equal(network.isCut(A, B), false);
    network.partition(A, B);
    network.heal(A, B);
    assert.equal(network.isCut(B, A), false);
  });
});
