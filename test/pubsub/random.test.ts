import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { matchesGlob } from '../../src/protocol/redis/replies/glob.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway } from '../support/ringway.ts';
import { frame, Subscriber } from '../support/subscriber.ts';

// Random programs of several clients, and a model that says what each of them hears.

const CHANNELS = ['a', 'ab', 'b', '', '*'];
const PATTERNS = ['*', 'a*', '?', '[ab]', 'none'];
const CLIENTS = 3;
const KINDS = ['', 'p', 's'] as const;
type Kind = (typeof KINDS)[number];

/** What a client of the model has subscribed to. */
class Model {
  readonly type: string;
  readonly #topics = { '': new Set<string>(), p: new Set<string>(), s: new Set<string>() };

  constructor(resp: number) {
    this.type = resp === 3 ? '>' : '*';
  }

  #count(kind: Kind): number {
    const { '': channels, p, s } = this.#topics;
    return kind === 's' ? s.size : channels.size + p.size;
  }

  subscribe(kind: Kind, names: readonly string[]): string[] {
    return names.map((name) => {
      this.#topics[kind].add(name);
      return frame(this.type, `${kind}subscribe`, name, this.#count(kind));
    });
  }

  unsubscribe(kind: Kind, names: readonly string[]): string[] {
    const all = names.length > 0 ? names : [...this.#topics[kind]];
    if (all.length === 0) {
      return [frame(this.type, `${kind}unsubscribe`, null, this.#count(kind))];
    }
    return all.map((name) => {
      this.#topics[kind].delete(name);
      return frame(this.type, `${kind}unsubscribe`, name, this.#count(kind));
    });
  }

  /** What it hears of a message. */
  heard(kind: '' | 's', channel: string, text: string): string[] {
    const heard: string[] = [];
    if (this.#topics[kind].has(channel))
      heard.push(frame(this.type, `${kind}message`, channel, text));
    if (kind === 's') return heard;
    for (const pattern of this.#topics.p) {
      if (!matchesGlob(Buffer.from(pattern), Buffer.from(channel), false)) continue;
      heard.push(frame(this.type, 'pmessage', pattern, channel, text));
    }
    return heard;
  }
}

const names = (from: readonly string[]) => fc.array(fc.constantFrom(...from), { maxLength: 3 });
const steps = fc.array(
  fc.record({
    client: fc.nat(CLIENTS - 1),
    what: fc.constantFrom('subscribe', 'subscribe', 'unsubscribe', 'publish', 'publish', 'leave'),
    kind: fc.constantFrom(...KINDS),
    channels: names(CHANNELS),
    patterns: names(PATTERNS),
  }),
  { minLength: 1, maxLength: 30 },
);

for (const subscribeTo of ['all', 'owner']) {
  describe(`random subscribers, subscribe_to: ${subscribeTo}`, () => {
    let servers: RealServer[];
    let ringway: TestRingway;
    let publisher: RespClient;

    before(async () => {
      servers = await startRedisSet(3);
      const lines = shards(servers.map(({ port }) => port));
      ringway = await startInProcess({ servers: lines, hash: 'md5', subscribe_to: subscribeTo });
      publisher = await RespClient.open(ringway.port);
    });
    after(async () => {
      publisher.close();
      await ringway.stop();
      await Promise.all(servers.map((server) => server.stop()));
    });

    test('hear what the model says, and nothing else', async () => {
      let published = 0;
      await fc.assert(
        fc.asyncProperty(
          steps,
          fc.array(fc.constantFrom(2, 3), { minLength: 3, maxLength: 3 }),
          async (program, resps) => {
            const enter = async (i: number): Promise<{ real: Subscriber; model: Model }> => {
              const real = await Subscriber.open(ringway.port);
              await real.ask(['HELLO', resps[i]]);
              return { real, model: new Model(resps[i]) };
            };
            const clients = await Promise.all([0, 1, 2].map(enter));
            const expect = async (
              i: number,
              wanted: readonly string[],
              ordered: boolean,
            ): Promise<void> => {
              const got = await clients[i].real.take(wanted.length);
              if (ordered) assert.deepEqual(got, wanted);
              else assert.deepEqual([...got].sort(), [...wanted].sort());
            };
            for (const { client, what, kind, channels, patterns } of program) {
              const { real, model } = clients[client];
              const chosen = kind === 'p' ? patterns : channels;
              if (what === 'leave') {
                real.close();
                clients[client] = await enter(client);
              } else if (what === 'publish') {
                const shard = kind === 's' ? 's' : '';
                const channel = channels[0] ?? 'a';
                const text = `message ${published++}`;
                await publisher.command(`${shard}PUBLISH`, channel, text);
                for (const [i, each] of clients.entries()) {
                  await expect(i, each.model.heard(shard, channel, text), false);
                }
              } else {
                const words = what === 'subscribe' && chosen.length === 0 ? ['a'] : chosen;
                real.send([`${kind}${what}`, ...words]);
                const wanted =
                  what === 'subscribe'
                    ? model.subscribe(kind, words)
                    : model.unsubscribe(kind, words);
                await expect(client, wanted, true);
              }
            }
            for (const { real } of clients) {
              real.send(['PING', 'end']);
              const [last] = await real.take(1);
              assert.match(last, /end/, 'nothing more was heard');
              real.close();
            }
          },
        ),
        { numRuns: 60 },
      );
    });
  });
}
