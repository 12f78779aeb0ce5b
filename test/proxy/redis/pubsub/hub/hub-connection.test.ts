import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { HUB_ANSWER_MS, HUB_CONNECT_MS, HUB_PING_MS } from '../../../../../src/limits.ts';
import { FAILURE_TIMEOUT, type Failure } from '../../../../../src/proxy/backend/failure.ts';
import { millis } from '../../../../../src/proxy/engine/clock.ts';
import type { Timed } from '../../../../../src/proxy/engine/deadlines.ts';
import {
  HubConnection,
  type HubConnectionOwner,
} from '../../../../../src/proxy/redis/pubsub/hub/hub-connection.ts';
import { CHANNEL, SHARD } from '../../../../../src/proxy/redis/pubsub/hub/kinds.ts';
import { Topic } from '../../../../../src/proxy/redis/pubsub/hub/topic.ts';
import { type FakeServer, startFake } from '../../../../support/fake-server.ts';
import { frame } from '../../../../support/subscriber.ts';
import { testEngine } from '../../../../support/test-engine.ts';
import { waitFor } from '../../../../support/wait.ts';

const MARGIN_MS = 500;
const engine = testEngine();
const target = { kind: 'tcp', host: '127.0.0.1', path: '', tls: null } as const;

/** The one clock: it stands still while nobody moves it on. */
let clock = performance.now();
let fake: FakeServer;
let open: HubConnection | null = null;

beforeEach(async () => {
  mock.method(performance, 'now', () => clock);
  fake = await startFake(() => ({ do: 'silence' }));
});

afterEach(async () => {
  open?.stop();
  open = null;
  await fake.stop();
  engine.deadlines.stop();
  mock.restoreAll();
});

/** The wheel sees that so much time has passed. */
async function pass(ms: number): Promise<void> {
  let woken = false;
  const waker: Timed = {
    timerAt: 0,
    nextDeadline: () => (woken ? 0 : 1),
    onDeadline: () => {
      woken = true;
    },
    onException: (error) => {
      throw error;
    },
  };
  engine.deadlines.arm(waker, millis() + 1);
  clock += ms;
  await waitFor('the wheel', () => woken);
}

function connectTo(port: number): {
  connection: HubConnection;
  answers: number[];
  lost: Failure[];
  messages: string[];
  taken: string[];
  opened: () => number;
} {
  const [answers, lost, messages]: [number[], Failure[], string[]] = [[], [], []];
  const taken: string[] = [];
  let opened = 0;
  const owner: HubConnectionOwner = {
    target: { ...target, port },
    login: null,
    messageLimit: 1 << 20,
    onOpen: () => {
      opened++;
    },
    onAnswer: (_topic, question) => void answers.push(question),
    onComplaint: (what, said) => assert.fail(`${what}: ${said}`),
    onLoginRefused: () => assert.fail('there is no login'),
    onMessage: (_frame, bytes, start, end) => {
      messages.push(bytes.toString('latin1', start, end));
    },
    onTaken: (_kind, name) => void taken.push(name),
    onDropped: () => assert.fail('no message is too long'),
    onLost: (failure) => void lost.push(failure),
    onException: (error) => {
      throw error;
    },
  };
  const connection = new HubConnection(engine, owner);
  open = connection;
  return { connection, answers, lost, messages, taken, opened: () => opened };
}

function say(text: string): void {
  for (const socket of fake.open) socket.write(text);
}

const asked = (word: string): number => {
  return fake.received.filter((request) => request.includes(word)).length;
};

describe('a connection that subscribes', () => {
  test('is given up when an answer is late, whatever else its server says meanwhile', async () => {
    const { connection, answers, lost, messages } = connectTo(fake.port);
    await waitFor('CLIENT SETNAME', () => asked('SETNAME') === 1);
    say('+OK\r\n');
    connection.subscribe(new Topic(CHANNEL, Buffer.from('a'), 'a'), 1);
    connection.subscribe(new Topic(CHANNEL, Buffer.from('b'), 'b'), 2);
    await waitFor('SUBSCRIBE', () => asked('SUBSCRIBE') === 2);
    await pass(HUB_ANSWER_MS - MARGIN_MS);
    assert.deepEqual(lost, []);
    say(frame('*', 'subscribe', 'a', 1));
    await waitFor('the answer', () => answers.length === 1);
    // That answer gave the next one its time anew; messages do not.
    for (let i = 1; i <= 2; i++) {
      await pass((HUB_ANSWER_MS - MARGIN_MS) / 2);
      assert.deepEqual(lost, []);
      say(frame('*', 'message', 'a', 'x'));
      await waitFor('the message', () => messages.length === i);
    }
    await pass(MARGIN_MS);
    assert.deepEqual(
      lost.map(({ code }) => code),
      [FAILURE_TIMEOUT],
    );
    assert.deepEqual([answers, connection.closed], [[1], true]);
    await waitFor('the end', () => fake.open.size === 0);
  });

  test('is asked when it says nothing, and given up when it does not answer that', async () => {
    const { lost, messages } = connectTo(fake.port);
    await waitFor('CLIENT SETNAME', () => asked('SETNAME') === 1);
    // The message tells that what stands before it was read.
    say(`+OK\r\n${frame('*', 'message', 'a', 'x')}`);
    await waitFor('its answer', () => messages.length === 1);
    await pass(HUB_PING_MS + MARGIN_MS);
    await waitFor('PING', () => asked('PING') === 1);
    say(`+PONG\r\n${frame('*', 'message', 'a', 'x')}`);
    await waitFor('its answer', () => messages.length === 2);
    await pass(HUB_PING_MS + MARGIN_MS);
    await waitFor('another PING', () => asked('PING') === 2);
    assert.deepEqual(lost, []);
    await pass(HUB_ANSWER_MS + MARGIN_MS);
    assert.deepEqual(
      lost.map(({ code }) => code),
      [FAILURE_TIMEOUT],
    );
  });

  test('that does not open is given up before clients stop waiting for it', async () => {
    const { connection, lost, opened } = connectTo(fake.port);
    clock += HUB_CONNECT_MS + 1;
    connection.onDeadline();
    assert.deepEqual(
      lost.map(({ code }) => code),
      [FAILURE_TIMEOUT],
    );
    await waitFor('the socket', () => fake.open.size === 0);
    assert.equal(opened(), 0);
  });

  test('goes on when a node takes a shard channel away, whatever else it is asked for', async () => {
    const { connection, answers, lost, taken } = connectTo(fake.port);
    await waitFor('CLIENT SETNAME', () => asked('SETNAME') === 1);
    say('+OK\r\n');
    const [a, b] = ['a', 'b'].map((name) => new Topic(SHARD, Buffer.from(name), name));
    connection.subscribe(a, 1);
    connection.subscribe(b, 2);
    await waitFor('SSUBSCRIBE', () => asked('SSUBSCRIBE') === 2);
    say(frame('*', 'ssubscribe', 'a', 1) + frame('*', 'sunsubscribe', 'a', 0));
    await waitFor('the first answer', () => answers.length === 1);
    say(frame('*', 'ssubscribe', 'b', 1));
    await waitFor('the second answer', () => answers.length === 2);
    connection.unsubscribe(b);
    await waitFor('SUNSUBSCRIBE', () => asked('SUNSUBSCRIBE') === 1);
    say(frame('*', 'sunsubscribe', 'c', 1) + frame('*', 'sunsubscribe', 'b', 0));
    await waitFor('the third answer', () => answers.length === 3);
    assert.deepEqual([answers, taken, lost], [[1, 2, 0], ['a', 'c'], []]);
  });
});
