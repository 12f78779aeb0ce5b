import { arrayReply, bulkText, integerReply } from '../../../protocol/redis/replies/encode.ts';
import { matchesGlob } from '../../../protocol/redis/replies/glob.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { NOTHING_MORE } from '../../client/stored-reply.ts';
import type { Pool } from '../../pool/pool.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { askSiblings } from '../../siblings/question.ts';
import type { Local } from '../words.ts';
import { heardNames, hubsOf } from './hub/hubs.ts';
import { CHANNEL, type Kind, PATTERN, SHARD } from './hub/kinds.ts';
import { channelsOfServers, numPatOfServers, numSubOfServers } from './server-counts.ts';

/** What one process is asked about the subscriptions of its clients. Names are latin1. */
export interface CountQuestion {
  readonly pool: string;
  readonly kind: Kind;
  /** Those to be counted; null = which there are. */
  readonly names: readonly string[] | null;
  /** Which of these are meant; null = all. */
  readonly pattern: string | null;
  /** Bytes that the names may have. */
  readonly limit: number;
}

/** What it says. */
export interface CountAnswer {
  /** Of each name in the question, in its order. */
  readonly counts: readonly number[];
  /** Those there are; null = they have more bytes than the limit. */
  readonly names: readonly string[] | null;
}

const NONE: CountAnswer = { counts: [], names: [] };

/** Of the clients of this process. */
export function countHere(pool: Pool | undefined, question: CountQuestion): CountAnswer {
  const { kind, names, pattern, limit } = question;
  if (pool === undefined) return { ...NONE, counts: names?.map(() => 0) ?? [] };
  if (names !== null) return { ...NONE, counts: names.map((name) => listeners(pool, kind, name)) };
  const glob = pattern === null ? null : Buffer.from(pattern, 'latin1');
  const found: string[] = [];
  let bytes = 0;
  for (const name of heardNames(pool, kind)) {
    if (glob !== null && !matchesGlob(glob, Buffer.from(name, 'latin1'), false)) continue;
    bytes += name.length;
    if (bytes > limit) return { ...NONE, names: null };
    found.push(name);
  }
  return { ...NONE, names: found };
}

function listeners(pool: Pool, kind: Kind, name: string): number {
  let sum = 0;
  for (const { topics } of hubsOf(pool)) sum += topics.find(kind, name)?.listeners.size ?? 0;
  return sum;
}

/** Asks all processes, this one and its siblings. */
function ask(
  { client, length }: SpecialRequest,
  about: Pick<CountQuestion, 'kind' | 'names' | 'pattern'>,
  join: (answers: readonly CountAnswer[]) => Buffer,
): true {
  const { pool } = client;
  const limit = pool.config.clientOutputLimit;
  const question: CountQuestion = { pool: pool.config.name, limit, ...about };
  const here = countHere(pool, question);
  const claim = client.claims.claim();
  // The names in the question are kept until all have answered.
  claim.keep(NOTHING_MORE, length);
  askSiblings<CountAnswer>(client, question, (others) => {
    claim.deliver(others === null ? replies.WORKERS_SILENT : join([here, ...others]));
  });
  return true;
}

/** All names, each once; null when a process has too many. */
function union(answers: readonly CountAnswer[]): Set<string> | null {
  const all = new Set<string>();
  for (const { names } of answers) {
    if (names === null) return null;
    for (const name of names) all.add(name);
  }
  return all;
}

/** PUBSUB CHANNELS, SHARDCHANNELS [pattern]. */
function channels(kind: Kind): Local {
  return (request, words) => {
    const { client } = request;
    if (words.count > 3) return answer(client, replies.subcommandSyntax('PUBSUB', words.text(1)));
    if (client.pool.config.ownHubs) return channelsOfServers(request);
    const pattern = words.count === 3 ? words.text(2) : null;
    return ask(request, { kind, names: null, pattern }, (answers) => {
      const names = union(answers);
      if (names === null) return replies.REPLY_TOO_LARGE;
      return arrayReply([...names].map((name) => bulkText(name)));
    });
  };
}

/** PUBSUB NUMSUB, SHARDNUMSUB [channel ...]. */
function numSub(kind: Kind): Local {
  return (request, words) => {
    if (request.client.pool.config.ownHubs) return numSubOfServers(request, words);
    const names = words.texts(2);
    return ask(request, { kind, names, pattern: null }, (answers) => {
      const pairs = names.flatMap((name, i) => {
        const sum = answers.reduce((total, { counts }) => total + (counts[i] ?? 0), 0);
        return [bulkText(name), integerReply(sum)];
      });
      return arrayReply(pairs);
    });
  };
}

function numPat(request: SpecialRequest): boolean {
  if (request.client.pool.config.ownHubs) return numPatOfServers(request);
  return ask(request, { kind: PATTERN, names: null, pattern: null }, (answers) => {
    const names = union(answers);
    return names === null ? replies.REPLY_TOO_LARGE : integerReply(names.size);
  });
}

/** The subcommands of PUBSUB: counts of the clients of all processes, or of the servers. */
export const PUBSUB_COMMANDS: Readonly<Record<string, Local>> = {
  'PUBSUB|CHANNELS': channels(CHANNEL),
  'PUBSUB|NUMPAT': numPat,
  'PUBSUB|NUMSUB': numSub(CHANNEL),
  'PUBSUB|SHARDCHANNELS': channels(SHARD),
  'PUBSUB|SHARDNUMSUB': numSub(SHARD),
};
