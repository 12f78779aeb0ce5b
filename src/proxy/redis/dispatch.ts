import {
  FLAG_BAD_ARITY,
  FLAG_INLINE,
  FLAG_KEY_TOO_LONG,
  FLAG_SPECIAL,
  LIMIT_KEY_BYTES,
  NO_COMMAND,
  PART_TABLE,
  RECORD_SERVER,
  SCRATCH,
  SCRATCH_BYTES,
  STATE_ERROR,
  STATE_ERROR_BYTE,
} from '../../protocol/frame-table.ts';
import { encodeRequest } from '../../protocol/redis/replies/encode.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import { splitInline } from '../../protocol/redis/scan/inline.ts';
import {
  arityFits,
  COMMANDS,
  type CommandSpec,
  findCommand,
  findSubcommand,
} from '../../protocol/redis/table/commands.ts';
import { whyUnsupported } from '../../protocol/redis/table/unsupported.ts';
import { CLASS_OTHER } from '../../stats/latency.ts';
import type { Sampler } from '../client/access/sampler.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { refusedBeforeLogin } from '../client/input/before-login.ts';
import { isHttpWord, refuseHttp } from '../client/input/http-guard.ts';
import { refuseMalformed, refuseWith } from '../client/input/malformed-request.ts';
import { forward } from '../routing/forward.ts';
import { answer, type SpecialRequest } from '../routing/request.ts';
import { NOT_ONE, scanOne } from '../routing/scan-one.ts';
import {
  entryOf,
  REASON_LOGIN,
  REASON_POOL,
  REASON_RATE,
  REASON_USER,
  writeEntry,
} from './access/audit.ts';
import { refusalByUser } from './access/refusal.ts';
import { underItsOwnName } from './access/renamed.ts';
import { sendToAllServers } from './all-servers.ts';
import { refusalByRules } from './command-rules.ts';
import { LOCAL_COMMANDS } from './commands/index.ts';
import { commonPlace, NO_KEY } from './common-server.ts';
import { sendFragments } from './fragments/fragmented-request.ts';
import { readInPieces } from './fragments/piecewise-read.ts';
import { RequestAtHand } from './fragments/request-at-hand.ts';
import { blockTime } from './leases/blocking/block-time.ts';
import { block, blockAt } from './leases/blocking/blocking.ts';
import { fanOut } from './leases/blocking/stream-fan-out.ts';
import { execRefused, execWithWords } from './leases/transaction.ts';
import { taint } from './leases/watched-connection.ts';
import { handleInMode } from './modes.ts';
import { scriptTooLong } from './script-limit.ts';
import { noteReads } from './tracking/noting.ts';
import { sentinel } from './unknown/sentinel-view.ts';
import { handleUnknown } from './unknown/unknown-command.ts';
import { Words } from './words.ts';

const PART_WORD = PART_TABLE / 4;
/** Of those that are split by server there are many, and each of them can do without an object. */
const AT_HAND = new RequestAtHand();

/**
 * Answers or sends one request at [start, start + length) that the fast loop left out.
 * @returns false when it must wait for a server to take more
 */
export function handleSpecial(
  client: ClientConnection,
  start: number,
  length: number,
  info: number,
  intent: number,
): boolean {
  if (COMMANDS[info & NO_COMMAND]?.handling !== 'fragment' || !AT_HAND.isFree) {
    return handleNext({ client, start, length, intent }, info);
  }
  AT_HAND.begin(client, start, length, intent);
  try {
    return handleNext(AT_HAND, info);
  } finally {
    AT_HAND.end();
  }
}

function handleNext(request: SpecialRequest, info: number): boolean {
  const { client } = request;
  const { session, audit } = client;
  if (audit !== null && (info & FLAG_SPECIAL) !== 0) audit.due();
  if (session.replies === 'on') return handle(request, info);
  const { modeChanges } = session;
  session.muted = true;
  const done = handle(request, info);
  session.muted = false;
  if (done && session.replies === 'skip' && session.modeChanges === modeChanges) {
    session.replies = 'on';
    client.updatePlain();
  }
  return done;
}

function handle(request: SpecialRequest, info: number): boolean {
  const { client, start, length } = request;
  if (!client.authenticated && refusedBeforeLogin(client, start, length, info)) return true;
  if ((info & FLAG_INLINE) !== 0) return handleInline(request);
  const index = info & NO_COMMAND;
  const spec = index === NO_COMMAND ? null : COMMANDS[index];
  if (spec === null) {
    if (isHttpWord(nameOf(request))) return refuseHttp(client);
    const own = underItsOwnName(request);
    if (own !== null) return handleRenamed(own);
  }
  // Who leaves asks for nothing more, and waits to be let go.
  if (client.rates?.late && spec?.name !== 'QUIT')
    return refuseByRules(request, spec, REASON_RATE, replies.RATE_LIMITED);
  if (spec?.access !== 'r') client.router.noteWrite(client);
  if (client.pool.allowed !== null && client.authenticated) {
    const error = refusalByRules(request, spec);
    if (error !== null) return refuseByRules(request, spec, REASON_POOL, error);
  }
  if (client.gate !== null && client.authenticated && (info & FLAG_BAD_ARITY) === 0) {
    const error = refusalByUser(request, spec);
    if (error !== null) return refuseByRules(request, spec, REASON_USER, error);
  }
  const { audit } = client;
  if (audit?.chosen) return audited(audit, request, info, spec);
  return carryOut(request, info, spec);
}

function carryOut(request: SpecialRequest, info: number, spec: CommandSpec | null): boolean {
  if (request.client.session.tracking?.notes) return handleNoting(request, info, spec);
  return handleKnown(request, info, spec);
}

/** Apart: where a function makes a closure, every call of it allocates. */
function handleNoting(request: SpecialRequest, info: number, spec: CommandSpec | null): boolean {
  return noteReads(request, spec, () => handleKnown(request, info, spec));
}

/** A request that the audit log tells of, once it is carried out. */
function audited(
  audit: Sampler,
  request: SpecialRequest,
  info: number,
  spec: CommandSpec | null,
): boolean {
  const { client } = request;
  const entry = entryOf(request, spec);
  const { failures } = client.login;
  const done = carryOut(request, info, spec);
  if (!done) audit.putBack();
  else if (client.login.failures > failures) writeEntry(client, entry, REASON_LOGIN);
  else writeEntry(client, entry, null);
  return done;
}

/** A request that was written again with the name that the servers know. */
function handleRenamed(request: SpecialRequest): boolean {
  const { client, start, length } = request;
  const { pool } = client;
  const info = scanOne(pool, start, length);
  if (info !== NOT_ONE) return handle(request, info);
  // With the longer name it is larger than a request may be.
  client.session.failTransaction();
  return answer(client, replies.error('the request is too large'));
}

/** @param spec null when the command is not in the table */
function handleKnown(request: SpecialRequest, info: number, spec: CommandSpec | null): boolean {
  const { client } = request;
  const badArity = (info & FLAG_BAD_ARITY) !== 0;
  const done = client.authenticated ? handleInMode(request, spec, badArity) : null;
  if (done !== null) return done;
  if (spec === null && client.pool.config.sentinelView && isSentinel(request)) {
    return sentinel(request);
  }
  if (spec === null) return handleUnknown(request, handleBySpec);
  if (badArity && spec.name === 'EXEC') return execWithWords(request);
  if (badArity) return answer(client, replies.wrongArity(spec.name));
  if ((info & FLAG_KEY_TOO_LONG) !== 0) return refuse(client, spec, replies.KEY_TOO_LONG);
  if ((info & FLAG_SPECIAL) === 0) return forwardByKey(request, spec);
  return handleBySpec(request, spec);
}

/** A client whose WATCH is refused might go on as if it were not. */
function refuse(client: ClientConnection, { name }: CommandSpec, error: Buffer): true {
  if (name === 'WATCH') taint(client);
  return answer(client, error);
}

/** EXEC must not say that all went well. */
function refuseByRules(
  request: SpecialRequest,
  spec: CommandSpec | null,
  reason: string,
  error: Buffer,
): boolean {
  const { client } = request;
  if (client.audit !== null) writeEntry(client, entryOf(request, spec), reason);
  if (spec?.name === 'EXEC') return execRefused(request, error);
  client.session.failTransaction();
  return spec === null ? answer(client, error) : refuse(client, spec, error);
}

function nameOf(request: SpecialRequest): string {
  const words = Words.of(request, 1);
  return words.readable === 0 ? '' : words.text(0);
}

function isSentinel(request: SpecialRequest): boolean {
  return nameOf(request).toUpperCase() === 'SENTINEL';
}

function handleBySpec(request: SpecialRequest, spec: CommandSpec): boolean {
  const { client } = request;
  switch (spec.handling) {
    case 'local': {
      const words = Words.of(request);
      if (!words.complete) return refuse(client, spec, replies.TOO_MANY_ARGUMENTS);
      return LOCAL_COMMANDS[spec.name](request, words);
    }
    case 'placeholder':
      return forward(request, client.pool.placeholderServer());
    case 'container':
      return handleSubcommand(request, spec);
    case 'same-server':
      return sendToCommonServer(request, spec);
    case 'fragment':
      return sendFragments(request, spec, spec.coalesce === 'array' ? readInPieces : null);
    case 'blocking':
      return block(request, spec);
    case 'all-servers': {
      const error = scriptTooLong(request, spec);
      return error === null ? sendToAllServers(request, spec) : answer(client, error);
    }
    case 'forward':
      return forwardByKey(request, spec);
    case 'unsupported':
      return answer(client, replies.unsupported(spec.name, whyUnsupported(spec.name)));
  }
}

function forwardByKey(request: SpecialRequest, spec: CommandSpec): boolean {
  const { client } = request;
  const { pool } = client;
  const words = Words.of(request, spec.firstKey + 1);
  if (words.readable <= spec.firstKey) return forward(request, pool.placeholderServer());
  if (words.length(spec.firstKey) > LIMIT_KEY_BYTES) {
    return answer(client, replies.KEY_TOO_LONG);
  }
  const reads = spec.access === 'r' && client.usual;
  return forward(request, words.serverOf(spec.firstKey), CLASS_OTHER, reads);
}

/** All keys must live on one server; with none, the server of the pseudo key answers. */
function sendToCommonServer(request: SpecialRequest, spec: CommandSpec): boolean {
  const { client } = request;
  const tooLong = scriptTooLong(request, spec);
  if (tooLong !== null) return answer(client, tooLong);
  const place = commonPlace(request, spec);
  const { error, block: time } = place;
  // What a server only calls like it may mean something else.
  const isKnown = findCommand(spec.name) === spec;
  if (error !== null && time !== null && isKnown) {
    return fanOut(request, spec, blockTime(time, 1), error);
  }
  if (error !== null) return answer(client, error);
  if (time !== null) {
    if (!isKnown) return answer(client, replies.blockingForm(spec.name));
    return blockAt(request, spec, place, blockTime(time, 1));
  }
  return forward(request, place.server === NO_KEY ? client.pool.placeholderServer() : place.server);
}

function handleSubcommand(request: SpecialRequest, container: CommandSpec): boolean {
  const { client } = request;
  const words = Words.of(request, 2);
  const name = words.readable > 1 ? words.text(1) : '';
  const spec = findSubcommand(container, name);
  if (spec === undefined) {
    return answer(client, replies.unknownSubcommand(container.name, name));
  }
  if (!arityFits(spec.arity, words.count)) return answer(client, replies.wrongArity(spec.name));
  return handleBySpec(request, spec);
}

/** An inline request is written again as a multibulk one, which then takes the usual way. */
function handleInline(request: SpecialRequest): boolean {
  const { client, start, length, intent } = request;
  const { engine } = client.pool;
  const line = Buffer.from(engine.memory.subarray(start, start + length));
  const words = splitInline(line);
  if (words === null) {
    refuseWith(client, replies.UNBALANCED_QUOTES);
    return true;
  }
  if (words.length === 0) return true;
  const encoded = encodeRequest(words);
  if (encoded.length > SCRATCH_BYTES) {
    client.session.failTransaction();
    return answer(client, replies.error('too big inline request'));
  }
  encoded.copy(engine.memory, SCRATCH);
  const info = scanOne(client.pool, SCRATCH, encoded.length);
  if (info === NOT_ONE) {
    refuseMalformed(client, engine.state(STATE_ERROR), engine.state(STATE_ERROR_BYTE), 0);
    return true;
  }
  const again: SpecialRequest = { client, start: SCRATCH, length: encoded.length, intent };
  if ((info & FLAG_SPECIAL) !== 0 || !client.plain) return handle(again, info);
  client.router.noteWrite(client);
  return forward(again, engine.words[PART_WORD + RECORD_SERVER]);
}
