import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type Action, type FakeServer, inOrder, startFake } from '../support/fake-server.ts';
import { freePort } from '../support/free-port.ts';
import { startInProcess, VARIANTS, type Variant } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';
import { expectOutcome, type Outcome } from './golden-support.ts';

// What a recorded nutcracker answered, and sent, when its servers followed a script.

interface RecordedAction {
  readonly action: string;
  readonly bytes?: string;
  readonly delay_s?: number;
}

interface Case {
  readonly id: string;
  readonly strictness: 'must' | 'better' | 'quirk';
  readonly note: string;
  readonly config: { readonly servers: readonly string[] };
  /** null = nobody listens there. */
  readonly backends: Readonly<Record<string, readonly RecordedAction[] | null>>;
  readonly steps: readonly {
    readonly delay_before_s?: number;
    readonly request: string;
    readonly response: string;
    readonly closed: boolean;
  }[];
  readonly received: Readonly<Record<string, readonly string[]>>;
  readonly connections: Readonly<Record<string, number>>;
}

const golden: { cases: Case[] } = JSON.parse(readFileSync('test/golden/scripted.json', 'utf8'));

interface Difference {
  /** Per step. */
  readonly steps?: readonly Outcome[];
  readonly received?: Readonly<Record<string, readonly string[]>>;
  readonly connections?: Readonly<Record<string, number>>;
}

const kept = (reply: string): Outcome => ({ reply, closed: false });

function request(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

const verbatim = (...words: string[]): Difference => ({ received: { f1: [request(...words)] } });
const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

/** The differences, all of them; docs/migration.md tells the reasons. */
const DIFFERENCES: Readonly<Record<string, Difference>> = {
  // One server has all keys: nothing to rebuild.
  's-mget2-rebuilt': verbatim('MgEt', 'a', 'b'),
  's-mset-rebuilt': verbatim('MSET', 'a', '1', 'b', '2'),
  's-del-rebuilt': verbatim('DEL', 'a', 'b'),
  's-unlink-rebuilt': verbatim('UNLINK', 'a', 'b', 'c'),
  's-touch-rebuilt': verbatim('TOUCH', 'a', 'b'),
  's-backend-timeout-del': verbatim('DEL', 'a', 'b'),
  's-del-huge-int-wraps': { steps: [kept(':4294967297\r\n')], ...verbatim('DEL', 'a', 'b') },
  's-auth-select': {
    received: { f1: [request('AUTH', 'pw'), request('SELECT', '12'), request('GET', 'a')] },
  },
  's-backend-timeout-mget': {
    steps: [kept('-ERR Connection timed out\r\n+PONG\r\n')],
    ...verbatim('MGET', 'a', 'b'),
  },
  // The server's words, and its connection is kept.
  's-oom': { steps: [kept(OOM), kept('+x\r\n')], connections: { f1: 1 } },
  's-eject-oom': { steps: [kept('-OOM x\r\n')] },
  's-loading': { steps: [kept('-LOADING Redis is loading the dataset in memory\r\n')] },
  's-busy': { steps: [kept('-BUSY Redis is busy running a script.\r\n')] },
  's-mget-fragment-error': { steps: [kept('-WRONGTYPE x\r\n+PONG\r\n')] },
  's-del-fragment-error': { steps: [kept('-ERR x\r\n+PONG\r\n')] },
  's-mset-fragment-error': { steps: [kept('-READONLY x\r\n+PONG\r\n')] },
  's-mget-one-down': { steps: [kept('-ERR Connection refused\r\n+PONG\r\n')] },
  // Recorded as to be kept, but it hides what the server said.
  's-backend-resp3': { steps: [kept('_\r\n')] },
  // Nutcracker dies of this; with one server the reply is passed on as it is.
  's-mget-null-array': { steps: [kept('*-1\r\n')], ...verbatim('MGET', 'a', 'b') },
};

for (const variant of VARIANTS) {
  describe(`scripted servers, ${variant.label}`, () => {
    for (const each of golden.cases) {
      test(`${each.id} (${each.strictness}): ${each.note}`, () => play(each, variant));
    }
  });
}

async function play(each: Case, variant: Variant): Promise<void> {
  const difference = DIFFERENCES[each.id] ?? {};
  const fakes = new Map<string, FakeServer>();
  const lines: string[] = [];
  for (const name of each.config.servers) {
    const script = each.backends[name];
    if (script !== null) fakes.set(name, await startFake(inOrder(script.map(asAction))));
    lines.push(`127.0.0.1:${fakes.get(name)?.port ?? (await freePort())}:1 ${name}`);
  }
  const ringway = await startInProcess({ ...each.config, servers: lines }, variant);
  try {
    for (const [i, step] of each.steps.entries()) {
      await delay((step.delay_before_s ?? 0) * 1000);
      const reply = latin1(step.response);
      const expected = difference.steps?.[i] ?? { reply, closed: step.closed };
      await expectOutcome(ringway.port, [Buffer.from(step.request, 'base64')], expected);
    }
    for (const [name, fake] of fakes) {
      const expected = difference.received?.[name] ?? each.received[name].map(latin1);
      await waitFor('all requests', () => fake.received.length >= expected.length).catch(() => {});
      assert.deepEqual(
        fake.received.map((bytes) => bytes.toString('latin1')),
        expected,
        `what ${name} received`,
      );
      const connections = difference.connections?.[name] ?? each.connections[name];
      assert.equal(fake.connections, connections, `connections to ${name}`);
    }
  } finally {
    await ringway.stop();
    for (const fake of fakes.values()) await fake.stop();
  }
}

function latin1(base64: string): string {
  return Buffer.from(base64, 'base64').toString('latin1');
}

function asAction(recorded: RecordedAction): Action {
  const bytes = Buffer.from(recorded.bytes ?? '', 'base64');
  switch (recorded.action) {
    case 'send':
      return { do: 'send', bytes };
    case 'wait then send':
      return { do: 'send', bytes, afterMs: Number(recorded.delay_s) * 1000 };
    case 'send then close':
      return { do: 'send-and-end', bytes };
    case 'reset connection':
      return { do: 'reset' };
    case 'never answer':
      return { do: 'silence' };
    default:
      throw new Error(`no such action: ${recorded.action}`);
  }
}
