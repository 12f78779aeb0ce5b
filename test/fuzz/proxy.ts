import { RawClient } from '../memcache/raw-client.ts';
import type { Direction } from '../support/codec-replay.ts';
import { encodeRequest } from '../support/resp-client.ts';
import { shards, startInProcess, type Variant } from '../support/ringway.ts';
import { delay } from '../support/wait.ts';
import { frames, SEEDS } from './grammar.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';
import { type FuzzServer, parseMemcached, parseRedis, startFuzzServer } from './servers.ts';

// A whole proxy between hostile clients and servers that answer, split, drop and spoil replies.
// Beside the hostile clients good ones ask; each must get its own replies, or errors, or an end.

const GOOD_TIMEOUT_MS = 5_000;
const SERVERS = 3;

export interface ProxyFuzz {
  /** Runs one round. @returns complaints */
  round(): Promise<string[]>;
  requests: number;
  /** Complaints about what is left when nobody is connected any more. */
  stop(): Promise<string[]>;
}

/** What differs between a Redis and a memcached pool. */
interface Dialect {
  readonly direction: Direction;
  readonly replies: Direction;
  /** A request and the reply that the scripted servers give. */
  ask(random: Random, tag: string): readonly [request: Buffer, reply: string];
  readonly error: RegExp;
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

const REDIS: Dialect = {
  direction: 'requests',
  replies: 'replies',
  error: /^-[A-Z]+ [^\r\n]*\r\n/,
  ask(random, tag) {
    const key = `${tag}${'k'.repeat(random.once(20) ? random.below(70_000) : random.below(30))}`;
    switch (random.below(6)) {
      case 0: {
        const keys = Array.from({ length: 2 + random.below(8) }, (_, i) => `${tag}.${i}`);
        return [encodeRequest('MGET', ...keys), `*${keys.length}\r\n${keys.map(bulk).join('')}`];
      }
      case 1:
        return [encodeRequest('DEL', `${tag}a`, `${tag}b`, `${tag}c`), ':3\r\n'];
      case 2:
        return [encodeRequest('PING', tag), bulk(tag)];
      default:
        return [encodeRequest('GET', key), bulk(key)];
    }
  },
};

const MEMCACHED: Dialect = {
  direction: 'memcache requests',
  replies: 'memcache replies',
  // The hits of servers that live come before the error of one that does not.
  error: /^((?:VALUE \S+ 0 \d+\r\n\S*\r\n)*)(?:SERVER_ERROR|CLIENT_ERROR) [^\r\n]*\r\n/,
  ask(random, tag) {
    const item = (key: string): string => `VALUE ${key} 0 ${key.length}\r\n${key}\r\n`;
    const keys = Array.from({ length: 1 + random.below(4) }, (_, i) => `${tag}.${i}`);
    if (random.once(4)) return [Buffer.from('mn\r\n'), 'MN\r\n'];
    if (random.once(4)) return [Buffer.from(`delete ${tag}\r\n`), 'OK\r\n'];
    return [Buffer.from(`get ${keys.join(' ')}\r\n`), `${keys.map(item).join('')}END\r\n`];
  },
};

export async function startProxyFuzz(
  random: Random,
  redis: boolean,
  variant: Variant,
): Promise<ProxyFuzz> {
  const dialect = redis ? REDIS : MEMCACHED;
  const spoil = (r: Random, reply: Buffer): Buffer => {
    const bytes = r.once(3) ? r.pick(SEEDS[dialect.replies]) : reply;
    return mutate(r, bytes);
  };
  const servers: FuzzServer[] = [];
  for (let i = 0; i < SERVERS; i++) {
    servers.push(await startFuzzServer(redis ? parseRedis : parseMemcached, random, spoil));
  }
  const ringway = await startInProcess(
    {
      servers: shards(servers.map(({ port }) => port)),
      redis,
      timeout: 300,
      breaker_failures: 0,
      max_assembled_request: 65_536,
      client_output_limit: 65_536,
    },
    variant,
  );
  const fuzz: ProxyFuzz = {
    requests: 0,
    round: async () => {
      const spoilt = random.once(3);
      for (const server of servers) {
        server.spoilEvery = spoilt ? 1 + random.below(8) : 0;
        server.dropEvery = random.once(3) ? 5 + random.below(40) : 0;
      }
      const bad = Array.from({ length: 3 }, () => hostile(random, dialect, ringway.port));
      const good = Array.from({ length: 3 }, (_, i) => {
        return goodClient(random, dialect, ringway.port, `g${fuzz.requests}.${i}.`, spoilt);
      });
      const results = await Promise.all([...good, ...bad]);
      fuzz.requests += results.reduce((sum, { requests }) => sum + requests, 0);
      if (spoilt) {
        // Requests of hostile clients may still come: what is answered from here on is good again.
        for (const server of servers) server.spoilEvery = 0;
        for (const server of servers) server.hangUp();
        await delay(20);
      }
      const complaints = results.flatMap((result) => result.complaints);
      for (const server of servers) {
        for (const text of server.complaints.splice(0)) complaints.push(`a server got ${text}`);
      }
      return complaints;
    },
    stop: async () => {
      await delay(500);
      const complaints = leftovers(JSON.parse(ringway.ringway.stats()).pool1);
      await ringway.stop();
      for (const server of servers) await server.stop();
      return complaints;
    },
  };
  return fuzz;
}

/** What must be back at zero. */
function leftovers(pool: Record<string, unknown>): string[] {
  const complaints: string[] = [];
  if (pool['client_connections'] !== 0) {
    complaints.push(`client_connections is ${pool['client_connections']}`);
  }
  for (const [name, server] of Object.entries(pool)) {
    if (typeof server !== 'object' || server === null) continue;
    for (const [field, value] of Object.entries(server)) {
      if (/_queue/.test(field) && value !== 0) complaints.push(`${name} ${field} is ${value}`);
    }
  }
  return complaints;
}

interface Result {
  readonly requests: number;
  readonly complaints: string[];
}

/** Sends frames that are partly spoilt, in pieces, and goes in one of several ways. */
async function hostile(random: Random, dialect: Dialect, port: number): Promise<Result> {
  const client = await RawClient.open(port);
  let sent = 0;
  for (let i = random.below(4); i >= 0; i--) {
    const seed = random.once(2) ? random.pick(SEEDS[dialect.direction]) : null;
    const bytes = mutate(random, seed ?? frames(random, dialect.direction, 6));
    for (let at = 0; at < bytes.length && !client.ended; ) {
      const size = 1 + random.below(random.pick([3, 50, bytes.length]));
      client.send(bytes.subarray(at, at + size));
      at += size;
      if (random.once(3)) await delay(0);
    }
    sent++;
  }
  if (random.once(3)) client.socket.resetAndDestroy();
  else if (random.once(2)) {
    client.socket.end();
    await client.until(() => false, 'end', GOOD_TIMEOUT_MS).catch(() => {});
  }
  client.close();
  return { requests: sent, complaints: [] };
}

/** Asks a pipeline and checks every byte of the replies; with spoilt ones, only that it ends. */
async function goodClient(
  random: Random,
  dialect: Dialect,
  port: number,
  tag: string,
  spoilt: boolean,
): Promise<Result> {
  const client = await RawClient.open(port);
  const expected: string[] = [];
  const requests: Buffer[] = [];
  for (let i = random.below(40); i >= 0; i--) {
    const [request, reply] = dialect.ask(random, `${tag}${i}.`);
    requests.push(request);
    expected.push(reply);
  }
  const bytes = Buffer.concat(requests);
  const at = random.below(bytes.length);
  client.send(bytes.subarray(0, at));
  if (random.once(2)) await delay(random.below(3));
  client.send(bytes.subarray(at));
  const complaints = await (spoilt ? ends(client) : matches(client, expected, dialect.error));
  client.close();
  return { requests: requests.length, complaints };
}

/** Whether all items before an error are of the expected reply, in its order. */
function holdsHits(reply: string, hits: string): boolean {
  let at = 0;
  for (const [item] of hits.matchAll(/VALUE \S+ 0 \d+\r\n\S*\r\n/g)) {
    at = reply.indexOf(item, at);
    if (at < 0) return false;
    at += item.length;
  }
  return true;
}

/** Every reply is the expected one, or an error in its place. */
async function matches(
  client: RawClient,
  expected: readonly string[],
  error: RegExp,
): Promise<string[]> {
  let done = 0;
  let at = 0;
  const check = (bytes: Buffer): boolean => {
    for (; done < expected.length; done++) {
      const reply = expected[done];
      const text = bytes.toString('latin1', at, at + reply.length + 300);
      if (text.startsWith(reply)) at += reply.length;
      else {
        const found = error.exec(text);
        if (found === null || !holdsHits(reply, found[1] ?? '')) return false;
        at += found[0].length;
      }
    }
    return true;
  };
  try {
    await client.until(check, `${expected.length} replies`, GOOD_TIMEOUT_MS);
  } catch {
    // Told below.
  }
  if (done === expected.length && at === client.received.length) return [];
  const got = JSON.stringify(client.received.toString('latin1', at, at + 200));
  return [`reply ${done} of ${expected.length}: got ${got}, not ${expected[done]?.slice(0, 200)}`];
}

/** Servers lie: nothing is known of the bytes, but it must come to an end. */
async function ends(client: RawClient): Promise<string[]> {
  client.socket.end();
  try {
    await client.until(() => false, 'end', GOOD_TIMEOUT_MS);
    return [];
  } catch (error) {
    return [`a half-closed client was not closed: ${(error as Error).message}`];
  }
}
