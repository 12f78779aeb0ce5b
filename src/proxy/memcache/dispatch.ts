import {
  FLAG_BAD,
  FLAG_BASE64_KEY,
  FLAG_NO_REPLY,
  FLAG_QUIET,
  MC_FLUSH_ALL,
  MC_GATS,
  MC_MN,
  MC_NONE,
  MC_QUIT,
  MC_STATS,
  MC_VERBOSITY,
  MC_VERSION,
  NO_COMMAND,
  SCRATCH,
} from '../../protocol/frame-table.ts';
import { replyToBadKey, replyToBadRequest } from '../../protocol/memcache/bad-request.ts';
import { decodeKey } from '../../protocol/memcache/base64-key.ts';
import * as replies from '../../protocol/memcache/replies.ts';
import { wordsOf } from '../../protocol/memcache/words.ts';
import { isHttpLine, refuseHttp } from '../client/input/http-guard.ts';
import { WAIT } from '../client/router.ts';
import { forward } from '../routing/forward.ts';
import { answer, copyOf, headOf, type SpecialRequest } from '../routing/request.ts';
import { askAllServers, firstError, tellAllServers } from './all-servers.ts';
import { INVALID } from './failure-reply.ts';
import { sendMultiget } from './multiget.ts';
import { READ_IN_PIECES } from './piecewise-get.ts';
import { MARKER, QuietReply } from './quiet.ts';
import { answerStats } from './stats.ts';

const BLANK = 0x20;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Answers or sends one memcached request that the fast loop left out.
 * @returns false when it must wait for a server to take more
 */
export function handleMemcacheRequest(request: SpecialRequest, info: number): boolean {
  const { client } = request;
  if ((info & FLAG_BAD) !== 0) {
    const reply = replyToBadRequest(copyOf(request), info);
    if (reply !== null) client.answer(reply);
    return true;
  }
  const command = info & NO_COMMAND;
  switch (command) {
    case MC_MN:
      return answer(client, replies.META_NO_OP);
    case MC_VERSION:
      return forward(request, client.pool.placeholderServer());
    case MC_QUIT:
      client.stopReading();
      return true;
    case MC_VERBOSITY:
    case MC_FLUSH_ALL:
      return sendToAll(request, command, info);
    case MC_STATS:
      return answerStats(request, wordsOf(copyOf(request)).slice(1));
    case MC_NONE:
    case NO_COMMAND:
      if (isHttpLine(copyOf(request).toString('latin1'))) return refuseHttp(client);
      return answer(client, replies.ERROR);
  }
  if (command <= MC_GATS) return sendMultiget(request, command, READ_IN_PIECES);
  return sendByKey(request, info);
}

function sendToAll(request: SpecialRequest, command: number, info: number): boolean {
  const { client } = request;
  const silent = (info & FLAG_NO_REPLY) !== 0;
  if (command === MC_FLUSH_ALL && !client.pool.config.flushAll) {
    if (!silent) client.answer(replies.FLUSH_REFUSED);
    return true;
  }
  if (silent) return tellAllServers(request);
  return askAllServers(request, copyOf(request), (answers) => {
    const isDone = answers.every(({ reply }) => reply.equals(replies.OK));
    return firstError(answers) ?? (isDone ? replies.OK : INVALID);
  });
}

/** A command with one key: quiet, with noreply, or with a key in base64. */
function sendByKey(request: SpecialRequest, info: number): boolean {
  const server = serverOf(request, info);
  const { client, start, length } = request;
  if (server === 'undecodable') return answer(client, replyToBadKey(info & NO_COMMAND));
  if ((info & (FLAG_QUIET | FLAG_NO_REPLY)) === 0) return forward(request, server);
  const silent = (info & FLAG_NO_REPLY) !== 0;
  const { router } = client;
  const connection = router.choose(client, server, client.lane, request.intent);
  if (connection === null) {
    if (router.verdict === WAIT) return false;
    return silent || client.failForward(router.reason);
  }
  if (silent) {
    connection.sendUnanswered(start, length);
  } else {
    connection.out.copyFrom(start, length);
    connection.out.copy(MARKER);
    connection.sentFor(new QuietReply(client), length + MARKER.length, headOf(request));
  }
  return true;
}

/** Where the request's key lives: the second word of the line. */
function serverOf(request: SpecialRequest, info: number): number | 'undecodable' {
  const { engine, descriptor } = request.client.pool;
  const { bytes, codec, memory } = engine;
  let at = request.start;
  while (bytes[at] === BLANK) at++;
  while (bytes[at] !== BLANK) at++;
  while (bytes[at] === BLANK) at++;
  const key = at;
  while (bytes[at] !== BLANK && bytes[at] !== CR && bytes[at] !== LF) at++;
  if ((info & FLAG_BASE64_KEY) === 0) return codec.route(key, at - key, descriptor);
  const decoded = decodeKey(memory.toString('latin1', key, at));
  if (decoded === null) return 'undecodable';
  decoded.copy(memory, SCRATCH);
  return codec.route(SCRATCH, decoded.length, descriptor);
}
