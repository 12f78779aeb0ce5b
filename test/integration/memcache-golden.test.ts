import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startFakeMemcached } from '../memcache/fake-memcached.ts';
import { RawClient } from '../memcache/raw-client.ts';
import { type Action, type FakeServer, inOrder } from '../support/fake-server.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startMemcached } from '../support/real-servers.ts';
import { startInProcess, VARIANTS, type Variant } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// What a recorded nutcracker answered before memcached servers, byte for byte; where ringway means
// to differ, what it answers. docs/memcached.md tells the reasons.

interface Recorded {
  readonly id: string;
  readonly strictness: 'must' | 'better' | 'quirk';
  readonly note: string;
  readonly config: { readonly servers: readonly string[] };
}

interface Transcript extends Recorded {
  readonly setup?: string;
  readonly request: string;
  readonly response: string;
  readonly closed: boolean;
}

interface Scripted extends Recorded {
  readonly backends: Readonly<Record<string, readonly { action: string; bytes?: string }[]>>;
  readonly steps: readonly { request: string; response: string; closed: boolean }[];
  readonly received: Readonly<Record<string, readonly string[]>>;
  readonly connections: Readonly<Record<string, number>>;
}

interface Outcome {
  readonly reply: string;
  readonly closed: boolean;
}

const kept = (reply: string): Outcome => ({ reply, closed: false });
const REFUSED = 'SERVER_ERROR Connection refused\r\n';
const BAD_FORMAT = 'CLIENT_ERROR bad command line format\r\n';

/** Where nutcracker closes or hides what a server said. */
const DIFFERENCES: Readonly<Record<string, Outcome | RegExp>> = {
  'm-get-upper': kept('ERROR\r\n'),
  'm-unknown': kept('ERROR\r\n'),
  'm-stats': /^STAT pid \d+\r\n(STAT \S+ \S+\r\n)+END\r\n$/,
  'm-gat': kept('END\r\n'),
  'm-get-no-key': kept('ERROR\r\n'),
  'm-key-251': kept(BAD_FORMAT),
  'm-negative-exptime': kept('STORED\r\n'),
  'm-data-too-long': kept('CLIENT_ERROR bad data chunk\r\nERROR\r\n'),
  'm-dead-multiget': kept(REFUSED + REFUSED),
  's-mc-fragment-error': kept('SERVER_ERROR oops\r\n'),
  // Recorded as to be kept; ringway knows this reply, it is one to a meta command.
  's-mc-unknown-reply': kept('HD\r\n'),
};

/** One server has all keys: nothing to rebuild. */
const VERBATIM = ['s-mc-multiget-rebuilt', 's-mc-fragment-error'];

function load<T>(file: string): readonly T[] {
  return (JSON.parse(readFileSync(`test/golden/${file}`, 'utf8')) as { cases: T[] }).cases;
}

const transcripts = load<Transcript>('memcache-transcripts.json');
const scripted = load<Scripted>('memcache-scripted.json');

function latin1(base64: string): string {
  return Buffer.from(base64, 'base64').toString('latin1');
}

async function expectOutcome(
  port: number,
  request: string,
  expected: Outcome | RegExp,
): Promise<void> {
  const client = await RawClient.open(port);
  try {
    if (expected instanceof RegExp) {
      assert.match(await client.ask(request), expected);
    } else if (expected.closed) {
      client.send(request);
      await client.until(() => false, 'end of the connection');
      assert.equal(client.take().toString('latin1'), expected.reply);
    } else {
      assert.equal(await client.ask(request), expected.reply);
      assert.equal(client.ended, false, 'the connection is kept');
    }
  } finally {
    client.close();
  }
}

for (const variant of VARIANTS) {
  describe(`recorded memcached transcripts, ${variant.label}`, () => transcriptSuite(variant));
  describe(`scripted memcached servers, ${variant.label}`, () => {
    for (const each of scripted) {
      test(`${each.id} (${each.strictness}): ${each.note}`, () => play(each, variant));
    }
  });
}

function transcriptSuite(variant: Variant): void {
  let servers: RealServer[] = [];
  let dead = 0;

  before(async () => {
    dead = await freePort();
  });
  const restart = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    servers = await Promise.all([startMemcached(), startMemcached(), startMemcached()]);
  };
  const empty = async (server: RealServer): Promise<void> => {
    const client = await RawClient.open(server.port);
    await client.ask('flush_all\r\n');
    client.close();
  };
  after(() => Promise.all(servers.map((server) => server.stop())));

  const line = (text: string): string => {
    const [name] = text.split(' ');
    const port = name === 'mcdead' ? dead : servers[Number(name.slice(-1)) - 1].port;
    return `127.0.0.1:${port}:1 ${name}`;
  };

  for (const { id, note, strictness, config, setup, request, response, closed } of transcripts) {
    test(`${id} (${strictness}): ${note}`, async () => {
      // Numbers of cas begin at 1 only in a fresh server.
      if (servers.length === 0 || id.includes('gets')) await restart();
      else await Promise.all(servers.map(empty));
      const pool = { ...config, redis: false, servers: config.servers.map(line) };
      const ringway = await startInProcess(pool, variant);
      try {
        if (setup !== undefined) {
          const client = await RawClient.open(ringway.port);
          await client.ask(Buffer.from(setup, 'base64'));
          client.close();
        }
        const expected = DIFFERENCES[id] ?? { reply: latin1(response), closed };
        await expectOutcome(ringway.port, latin1(request), expected);
      } finally {
        await ringway.stop();
      }
    });
  }
}

async function play(each: Scripted, variant: Variant): Promise<void> {
  const fakes = new Map<string, FakeServer>();
  for (const name of each.config.servers) {
    fakes.set(name, await startFakeMemcached(inOrder(each.backends[name].map(asAction))));
  }
  const lines = [...fakes].map(([name, { port }]) => `127.0.0.1:${port}:1 ${name}`);
  const pool = { ...each.config, redis: false, servers: lines };
  const ringway = await startInProcess(pool, variant);
  try {
    for (const step of each.steps) {
      const recorded = { reply: latin1(step.response), closed: step.closed };
      const expected = DIFFERENCES[each.id] ?? recorded;
      await expectOutcome(ringway.port, latin1(step.request), expected);
    }
    for (const [name, fake] of fakes) {
      const verbatim = VERBATIM.includes(each.id);
      const expected = (
        verbatim ? each.steps.map((step) => step.request) : each.received[name]
      ).map(latin1);
      await waitFor('all requests', () => fake.received.length >= expected.length);
      await delay(5);
      assert.deepEqual(
        fake.received.map((bytes) => bytes.toString('latin1')),
        expected,
        `what ${name} received`,
      );
      assert.equal(fake.connections, each.connections[name], `connections to ${name}`);
    }
  } finally {
    await ringway.stop();
    for (const fake of fakes.values()) await fake.stop();
  }
}

function asAction(recorded: { action: string; bytes?: string }): Action {
  const bytes = Buffer.from(recorded.bytes ?? '', 'base64');
  switch (recorded.action) {
    case 'send':
      return { do: 'send', bytes };
    case 'send then close':
      return { do: 'send-and-end', bytes };
    case 'never answer':
      return { do: 'silence' };
    default:
      throw new Error(`no such action: ${recorded.action}`);
  }
}
