import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { WINDOW_BYTES } from '../../../src/protocol/frame-table.ts';
import { REPLY_TOO_LARGE } from '../../../src/protocol/redis/replies/replies.ts';
import { MAY_WAIT } from '../../../src/proxy/client/router.ts';
import type { Server } from '../../../src/proxy/pool/server.ts';
import { type Answer, askServers, joinServers } from '../../../src/proxy/redis/server-answers.ts';
import { FORWARD_ERROR } from '../../../src/stats/counters.ts';
import { assertAnswered, assertAtRest, holdingsOf } from '../../support/at-rest.ts';
import { engineCodecs, testEngine } from '../../support/test-engine.ts';
import { PoolClient, TestPool } from '../../support/test-pool.ts';

const LIMIT = 150_000;
const QUESTION = Buffer.from('*1\r\n$6\r\nDBSIZE\r\n');
const LOST = Buffer.from('-ERR lost\r\n');

const REPLIES = [
  ':1\r\n',
  '+OK\r\n',
  '-ERR no\r\n',
  '*2\r\n:1\r\n*1\r\n$-1\r\n',
  `$70000\r\n${'x'.repeat(70_000)}\r\n`,
  `$200000\r\n${'y'.repeat(200_000)}\r\n`,
];

const step = fc.oneof(
  {
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      servers: fc.uniqueArray(fc.nat({ max: 2 }), { minLength: 1 }),
      replies: fc.array(fc.constantFrom(...REPLIES), { minLength: 3, maxLength: 3 }),
      muted: fc.constantFrom(false, false, true),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('say' as const),
      pick: fc.nat({ max: 9 }),
      most: fc.constantFrom(1, 100, WINDOW_BYTES, WINDOW_BYTES),
    }),
    weight: 6,
  },
);

/** What one server has to say for one question. */
interface Part {
  readonly server: number;
  readonly reply: string;
  lost: boolean;
}

interface Question {
  readonly parts: Part[];
  readonly muted: boolean;
  answers: readonly Answer[] | null;
}

function shown(answers: readonly Answer[]): Buffer {
  return Buffer.from(`+${answers.map(({ reply }) => reply.length).join(',')}\r\n`);
}

for (const { label, codec } of engineCodecs()) {
  describe(`what several servers say, ${label}`, () => {
    const engine = testEngine(undefined, 0, codec);

    test('random questions, replies in pieces, losses and ends', () => {
      const programs = fc.record({
        steps: fc.array(step, { maxLength: 30 }),
        losesAt: fc.option(fc.nat({ max: 30 }), { freq: 2 }),
        closesAt: fc.option(fc.nat({ max: 30 }), { freq: 3 }),
        loses: fc.nat({ max: 2 }),
      });
      fc.assert(
        fc.property(programs, ({ steps, losesAt, closesAt, loses }) => {
          const fresh = holdingsOf(engine);
          const pool = new TestPool(engine, 3, { clientOutputLimit: LIMIT });
          const client = new PoolClient(engine, pool);
          const questions: Question[] = [];
          const toSay: { text: string; part: Part }[][] = [[], [], []];
          const say = (pick: number, most: number): void => {
            const talking = [0, 1, 2].filter((i) => toSay[i].length > 0);
            if (talking.length === 0) return;
            const server = talking[pick % talking.length];
            const [first] = toSay[server];
            const text = first.text.slice(0, most);
            assert.ok(pool.backends[server].say(Buffer.from(text)));
            first.text = first.text.slice(text.length);
            if (first.text === '') toSay[server].shift();
          };
          const lose = (server: number): void => {
            for (const { part } of toSay[server]) part.lost = true;
            toSay[server] = [];
            pool.backends[server].lose(LOST);
          };
          steps.forEach((each, i) => {
            if (i === losesAt) lose(loses);
            if (i === closesAt) client.close();
            if (each.kind === 'say') {
              say(each.pick, each.most);
              return;
            }
            if (client.closed || pool.backends.some(({ closed }) => closed)) return;
            const servers = each.servers.map((at) => pool.servers[at] as unknown as Server);
            const request = { client: client.asConnection, start: 0, length: 0, intent: MAY_WAIT };
            client.muted = each.muted;
            const question: Question = {
              parts: each.servers.map((server) => {
                return { server, reply: each.replies[server], lost: false };
              }),
              muted: each.muted,
              answers: null,
            };
            questions.push(question);
            const asked = askServers(
              { request, servers, bytes: QUESTION, lane: client.lane },
              (answers, claim) => {
                assert.equal(question.answers, null, 'told once');
                assert.ok(!client.closed, 'nobody is told who has gone');
                question.answers = answers;
                claim.deliver(shown(answers));
              },
            );
            assert.ok(asked);
            client.muted = false;
            for (const part of question.parts) {
              assert.deepEqual(pool.backends[part.server].takeSent(), QUESTION);
              toSay[part.server].push({ text: part.reply, part });
            }
          });
          for (let i = 0; toSay.some(({ length }) => length > 0); i++) say(i, WINDOW_BYTES);
          if (!client.closed) check(questions, client, pool);
          client.close();
          for (let i = 0; i < 3; i++) lose(i);
          assertAtRest(engine, fresh, [], [client]);
        }),
        { numRuns: 150, seed: 121 },
      );
    });

    const check = (questions: readonly Question[], client: PoolClient, pool: TestPool): void => {
      let told = '';
      let withLost = 0;
      for (const { parts, answers, muted } of questions) {
        assert.ok(answers !== null);
        if (!muted) told += shown(answers).toString();
        if (parts.some(({ lost }) => lost)) withLost++;
        const sum = parts.reduce((bytes, { reply }) => bytes + reply.length, 0);
        answers.forEach((answer, i) => {
          const { server, reply, lost } = parts[i];
          assert.equal(answer.server, pool.servers[server]);
          assert.equal(answer.lost, lost);
          const text = answer.reply.toString();
          if (lost) assert.equal(text, LOST.toString());
          else if (text !== reply) {
            assert.equal(text, REPLY_TOO_LARGE.toString());
            assert.ok(sum > LIMIT, 'only too much is refused');
          }
          assert.equal(answer.error?.toString() ?? null, text.startsWith('-') ? text : null);
        });
        const kept = answers.reduce((bytes, { reply }) => bytes + reply.length, 0);
        assert.ok(kept <= LIMIT + 3 * REPLY_TOO_LARGE.length, 'no more is kept than the limit');
      }
      assertAnswered(client);
      assert.equal(client.received(), told);
      assert.equal(pool.counters[FORWARD_ERROR], withLost);
    };

    test('a server that cannot be asked: its error, and nobody is asked', () => {
      const fresh = holdingsOf(engine);
      const pool = new TestPool(engine, 3, { clientOutputLimit: LIMIT });
      const client = new PoolClient(engine, pool);
      pool.down.add(2);
      const servers = pool.servers as unknown as Server[];
      const request = { client: client.asConnection, start: 0, length: 0, intent: MAY_WAIT };
      assert.ok(
        joinServers({ request, servers, bytes: QUESTION, lane: client.lane }, () => assert.fail()),
      );
      assert.deepEqual(
        pool.backends.map((backend) => backend.takeSent().length),
        [0, 0, 0],
      );
      assert.equal(client.received(), '-ERR Connection refused\r\n');
      client.close();
      assertAtRest(engine, fresh, [], [client]);
    });
  });
}
