import { LIMIT_KEY_BYTES, NO_SERVER } from '../../../protocol/frame-table.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import {
  arityFits,
  COMMANDS,
  type CommandSpec,
  findSubcommand,
} from '../../../protocol/redis/table/commands.ts';
import { whyUnsupported } from '../../../protocol/redis/table/unsupported.ts';
import type { Pool } from '../../pool/pool.ts';
import type { SpecialRequest } from '../../routing/request.ts';
import { notAllowed } from '../allowed.ts';
import { commonPlace, NO_KEY } from '../common-server.ts';
import { failureReply } from '../failure-reply.ts';
import { scriptTooLong } from '../script-limit.ts';
import { knownCommand } from '../unknown/known-commands.ts';
import { Words } from '../words.ts';

/** ringway answers these itself; between MULTI and EXEC a server does, in its turn. */
const ASKED_THERE: ReadonlySet<string> = new Set([
  'ACL|WHOAMI',
  'ECHO',
  'PING',
  'TIME',
  'UNWATCH',
  'WAIT',
  'WAITAOF',
]);
/** The same, where there is but one server whose answer it could be. */
const OF_ONE_SERVER: ReadonlySet<string> = new Set([
  'CLUSTER',
  'CONFIG|GET',
  'INFO',
  'ROLE',
  'SCAN',
  'SLOWLOG',
]);

/** What servers refuse between MULTI and EXEC, in these words. */
const NEVER_KEPT: ReadonlySet<string> = new Set(['PSYNC', 'SAVE', 'SHUTDOWN', 'SYNC']);

/** Where a request between MULTI and EXEC belongs. */
export interface Placement {
  /** Index of the server; NO_KEY when any will do, NO_SERVER with an error when there is none. */
  readonly server: number;
  /** Of the keys of a Redis Cluster; -1 elsewhere, and when any will do. */
  readonly slot: number;
  /** The first key, latin1. */
  readonly key: string;
  /** It cannot be kept: what to answer; else null. */
  readonly error: Buffer | null;
  /** The database that SELECT names; null for other commands. */
  readonly selects: string | null;
}

const ANYWHERE: Placement = { server: NO_KEY, slot: -1, key: '', error: null, selects: null };

function refused(error: Buffer): Placement {
  return { ...ANYWHERE, error };
}

function at({ nowhere }: Pool, server: number, slot: number, key: string): Placement {
  if (server === NO_SERVER) return { ...refused(failureReply(nowhere)), server };
  return { server, slot, key, error: null, selects: null };
}

/** By one word, as a key. */
function byWord(request: SpecialRequest, words: Words, index: number): Placement {
  const { pool } = request.client;
  const slot = pool.slots === null ? -1 : words.slotOf(index);
  return at(pool, words.serverOf(index), slot, words.text(index));
}

/** The row of a command that the table does not have; null when it is not known. */
export function addedCommand(pool: Pool, name: string): CommandSpec | null {
  const known = knownCommand(pool, name);
  const fits = known !== undefined && !known.movable && !known.administers && !known.hides;
  return fits ? known.spec : null;
}

/** @param command number of the command, from the scan @returns its row, null when not known */
export function rowOf(request: SpecialRequest, command: number): CommandSpec | null {
  const spec = COMMANDS[command];
  if (spec !== undefined) return spec;
  return addedCommand(request.client.pool, Words.of(request, 1).text(0).toUpperCase());
}

/** @returns where a request goes that is kept until EXEC, by the row of its command */
export function placementOf(request: SpecialRequest, spec: CommandSpec): Placement {
  const { name } = spec;
  switch (spec.handling) {
    case 'container':
      return placementOfSubcommand(request, spec);
    case 'unsupported':
      if (NEVER_KEPT.has(name)) return refused(replies.NOT_IN_MULTI);
      return refused(replies.unsupported(name, whyUnsupported(name)));
    case 'placeholder':
      return ANYWHERE;
    case 'forward':
      return byFirstKey(request, spec);
    case 'same-server':
    case 'fragment':
    case 'blocking':
      return byKeys(request, spec);
    case 'all-servers':
      return byOnlyServer(request, spec);
    case 'local':
      if (name === 'WATCH') return byKeys(request, spec);
      if (name === 'SELECT') return { ...ANYWHERE, selects: Words.of(request, 2).text(1) };
      if (name === 'ACL|WHOAMI' && request.client.pool.config.users !== null) {
        return refused(replies.notInTransaction(name));
      }
      if (ASKED_THERE.has(name)) return ANYWHERE;
      if (name === 'PUBLISH' || name === 'SPUBLISH') {
        return byChannel(request, name === 'SPUBLISH');
      }
      if (OF_ONE_SERVER.has(name)) return byOnlyServer(request, spec);
      return refused(replies.notInTransaction(name));
  }
}

/** A message: heard from any server, or from that of its channel alone (`subscribe_to`). */
function byChannel(request: SpecialRequest, isOfShard: boolean): Placement {
  const words = Words.of(request, 2);
  if (words.length(1) > LIMIT_KEY_BYTES) return refused(replies.CHANNEL_TOO_LONG);
  const { config, slots } = request.client.pool;
  // Every node of a cluster passes it on, but for a message of a shard.
  if (slots === null ? config.subscribeToAll : !isOfShard) return ANYWHERE;
  return byWord(request, words, 1);
}

function byFirstKey(request: SpecialRequest, { firstKey }: CommandSpec): Placement {
  const words = Words.of(request, firstKey + 1);
  if (words.readable <= firstKey) return ANYWHERE;
  if (words.length(firstKey) > LIMIT_KEY_BYTES) return refused(replies.KEY_TOO_LONG);
  return byWord(request, words, firstKey);
}

function byKeys(request: SpecialRequest, spec: CommandSpec): Placement {
  const tooLong = scriptTooLong(request, spec);
  if (tooLong !== null) return refused(tooLong);
  const { server, slot, error, key } = commonPlace(request, spec);
  if (error !== null) return refused(error);
  return server === NO_KEY ? ANYWHERE : at(request.client.pool, server, slot, key);
}

/** A request that concerns all servers, or one of them whichever it is. */
function byOnlyServer(request: SpecialRequest, spec: CommandSpec): Placement {
  const { servers } = request.client.pool;
  if (servers.length > 1) return refused(replies.oneServerOnly(spec.name));
  const refusal = notAllowed(request, spec);
  if (refusal !== null) return refused(refusal);
  const tooLong = scriptTooLong(request, spec);
  return tooLong === null ? ANYWHERE : refused(tooLong);
}

function placementOfSubcommand(request: SpecialRequest, container: CommandSpec): Placement {
  const words = Words.of(request, 2);
  const name = words.readable > 1 ? words.text(1) : '';
  const spec = findSubcommand(container, name);
  if (spec === undefined) return refused(replies.unknownSubcommand(container.name, name));
  if (!arityFits(spec.arity, words.count)) return refused(replies.wrongArity(spec.name));
  return placementOf(request, spec);
}
