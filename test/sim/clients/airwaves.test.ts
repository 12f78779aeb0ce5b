import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Airwaves } from './airwaves.ts';
import { HeardTopic } from './heard-topic.ts';

const PROXY = 0;
const [OLD, NEW] = [{ name: 'redis0' }, { name: 'redis0r0' }];

describe('a message that was refused', () => {
  let airwaves: Airwaves;
  let topic: HeardTopic;
  beforeEach(() => {
    airwaves = new Airwaves(
      () => 1,
      (server) => server === OLD.name,
    );
    topic = new HeardTopic('channel', 'm0', airwaves, PROXY, 0);
    airwaves.sent(7, PROXY);
  });

  test('is owed to nobody when a master that was replaced carries it out all the same', () => {
    airwaves.published(OLD, 'm0', 7);
    assert.equal(topic.missing(2), null);
  });

  test('is owed where the server is what it was: those who listen are there', () => {
    airwaves.published(NEW, 'm0', 7);
    assert.equal(topic.missing(2), 7);
  });

  test('is owed when it was acknowledged, whoever carried it out', () => {
    airwaves.published(OLD, 'm0', 7);
    airwaves.acknowledged(7);
    assert.equal(topic.missing(2), 7);
  });
});
