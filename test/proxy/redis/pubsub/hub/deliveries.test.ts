import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { type Cut, Deliveries } from '../../../../../src/proxy/redis/pubsub/hub/deliveries.ts';
import { Frame } from '../../../../../src/proxy/redis/pubsub/hub/frame.ts';
import type { HubServer } from '../../../../../src/proxy/redis/pubsub/hub/hub-server.ts';
import { CHANNEL, type Kind, PATTERN } from '../../../../../src/proxy/redis/pubsub/hub/kinds.ts';
import { type Listener, Topic } from '../../../../../src/proxy/redis/pubsub/hub/topic.ts';
import { Topics, type TopicsOwner } from '../../../../../src/proxy/redis/pubsub/hub/topics.ts';
import { poolCounters } from '../../../../../src/stats/counters.ts';
import { frame as written } from '../../../../support/subscriber.ts';

const SERVER = {} as HubServer;
const MARKED = '__ringway:cut:1:127.0.0.1:1';

class HeardCut implements Cut {
  readonly marks: string[] = [];
  readonly kept: Buffer[] = [];
  readonly errors: unknown[] = [];
  progress = 0;
  losses = 0;
  /** It throws whenever it is told of something. */
  isFaulty = false;

  #check(): void {
    if (this.isFaulty) throw new Error('faulty');
  }

  channelOf(): null {
    return null;
  }

  onProgress(): void {
    this.#check();
    this.progress++;
  }

  onMark(_server: HubServer, bytes: Buffer, start: number, end: number): void {
    this.#check();
    this.marks.push(bytes.toString('latin1', start, end));
  }

  onLost(): void {
    this.#check();
    this.losses++;
  }

  wants(): boolean {
    this.#check();
    return true;
  }

  keep(_topic: Topic, message: Buffer): void {
    this.kept.push(message);
  }

  onException(error: unknown): void {
    this.errors.push(error);
  }
}

let deliveries: Deliveries;
let topics: Topics;

beforeEach(() => {
  const engine = { turn: { markBackend: () => {} }, budget: { add: () => {} } };
  const owner = { engine, counters: poolCounters() } as unknown as TopicsOwner;
  topics = new Topics(owner, assert.ifError);
  deliveries = new Deliveries(topics, owner.counters);
});

/** Somebody who hears a topic. @returns what is heard */
function listen(kind: Kind, name: string, leaving: Listener['leaving'] = null): string[] {
  const heard: string[] = [];
  const topic = topics.find(kind, name) ?? topics.add(kind, Buffer.from(name), name);
  topic.listeners.add({
    leaving,
    take: (bytes, start, end) => heard.push(bytes.toString('latin1', start, end)),
    lose: assert.fail,
    onException: assert.ifError,
  });
  return heard;
}

function say(...words: string[]): string {
  const text = written('*', ...words);
  const frame = new Frame();
  const bytes = Buffer.from(text, 'latin1');
  frame.read(bytes, 0, bytes.length);
  deliveries.onMessage(SERVER, frame, bytes, 0, bytes.length);
  return text;
}

function addCuts(): [HeardCut, HeardCut] {
  const cuts: [HeardCut, HeardCut] = [new HeardCut(), new HeardCut()];
  for (const cut of cuts) deliveries.cuts.add(cut);
  return cuts;
}

describe('a mark', () => {
  test('reaches the cuts, and no client, although one has subscribed to its channel', () => {
    const heard = [listen(CHANNEL, MARKED), listen(PATTERN, '*')];
    const cuts = addCuts();
    const mark = say('message', MARKED, 'secret');
    say('pmessage', '*', MARKED, 'secret');
    for (const { marks, kept } of cuts) assert.deepEqual([marks, kept], [[mark], []]);
    assert.deepEqual(heard, [[], []]);
  });
});

describe('a message', () => {
  test('of a channel that nobody hears any more is no mark', () => {
    const [cut] = addCuts();
    say('message', 'c', 'x');
    assert.deepEqual(cut.marks, []);
  });

  test('is copied once for all cuts that keep it', () => {
    listen(CHANNEL, 'c');
    const [one, other] = addCuts();
    const text = say('message', 'c', 'x');
    assert.equal(one.kept[0].toString('latin1'), text);
    assert.equal(one.kept[0], other.kept[0]);
  });

  test('is not heard by who hears that server elsewhere', () => {
    const gone = listen(CHANNEL, 'c', { id: '1', isOver: (server) => server === SERVER });
    const here = listen(CHANNEL, 'c', { id: '1', isOver: () => false });
    const text = say('message', 'c', 'x');
    assert.deepEqual([gone, here], [[], [text]]);
  });
});

describe('what servers grant', () => {
  test('is told to cuts where it is a channel of theirs: clients may have thousands of topics', () => {
    const [cut] = addCuts();
    deliveries.onProgress(new Topic(CHANNEL, Buffer.from('c'), 'c'));
    assert.equal(cut.progress, 0);
    deliveries.onProgress(new Topic(CHANNEL, Buffer.from(MARKED), MARKED));
    assert.equal(cut.progress, 1);
  });
});

describe('a cut in which something goes wrong', () => {
  test('is told so alone: the others and the clients hear what they are to hear', () => {
    const heard = listen(CHANNEL, 'c');
    const [faulty, sound] = addCuts();
    faulty.isFaulty = true;
    const mark = say('message', MARKED, 'secret');
    const text = say('message', 'c', 'x');
    deliveries.onProgress(new Topic(CHANNEL, Buffer.from(MARKED), MARKED));
    deliveries.onLost(SERVER);
    assert.deepEqual(heard, [text]);
    assert.deepEqual([sound.marks, sound.progress, sound.losses], [[mark], 1, 1]);
    assert.equal(sound.kept.length, 1);
    assert.equal(faulty.errors.length, 4);
    assert.deepEqual(sound.errors, []);
  });
});
