import { arrayReply, bulkReply, integerReply } from '../../../protocol/redis/replies/encode.ts';
import {
  bulkOf,
  elementsOf,
  integerOf,
  listOf,
} from '../../../protocol/redis/replies/reply-parts.ts';
import { copyOf, type SpecialRequest } from '../../routing/request.ts';
import { type Answer, joinServers } from '../server-answers.ts';
import type { Words } from '../words.ts';

// Where each subscriber has connections of its own, servers know of all of them, those of other
// proxies included: PUBSUB is their answer.

/** Asks all servers. @param join null when one of them says what PUBSUB is not answered with */
function ask(
  request: SpecialRequest,
  join: (answers: readonly Answer[]) => Buffer | null,
): boolean {
  const { client } = request;
  const servers = client.pool.liveServers;
  const question = { request, servers, bytes: copyOf(request), lane: client.lane };
  return joinServers(question, (answers) => {
    return answers.find(({ error }) => error !== null)?.error ?? join(answers);
  });
}

/** PUBSUB CHANNELS, SHARDCHANNELS: what any server has. */
export function channelsOfServers(request: SpecialRequest): boolean {
  return ask(request, (answers) => {
    const names: Map<string, Buffer> = new Map();
    for (const { body } of answers) {
      const list = listOf(body, bulkOf);
      if (list === null) return null;
      for (const name of list) names.set(name.toString('latin1'), name);
    }
    return arrayReply([...names.values()].map((name) => bulkReply(name)));
  });
}

/** PUBSUB NUMSUB, SHARDNUMSUB: of each channel what its own server has, which all subscribe at. */
export function numSubOfServers(request: SpecialRequest, words: Words): boolean {
  const { pool } = request.client;
  const places: (number | null)[] = [];
  for (let i = 2; i < words.count; i++) {
    places.push(pool.config.distribution === 'random' ? null : words.serverOf(i));
  }
  return ask(request, (answers) => {
    const lists = answers.map(({ body }) => elementsOf(body));
    const parts: Buffer[] = [];
    for (const [i, place] of places.entries()) {
      const own = answers.findIndex(({ server }) => server === pool.servers[place ?? -1]);
      const asked = own < 0 ? lists : [lists[own]];
      const counts = asked.map((list) => integerOf(list?.[i * 2 + 1] ?? Buffer.alloc(0)));
      const name = asked[0]?.[i * 2];
      if (name === undefined || bulkOf(name) === null || counts.includes(null)) return null;
      const most = counts.reduce((a, b) => ((a ?? 0n) > (b ?? 0n) ? a : b));
      parts.push(name, integerReply(most ?? 0n));
    }
    return arrayReply(parts);
  });
}

/** PUBSUB NUMPAT: all subscribe at every server. */
export function numPatOfServers(request: SpecialRequest): boolean {
  return ask(request, (answers) => {
    let most = 0n;
    for (const { body } of answers) {
      const count = integerOf(body);
      if (count === null) return null;
      if (count > most) most = count;
    }
    return integerReply(most);
  });
}
