import {
  FLAG_BAD_ARITY,
  FLAG_INLINE,
  FLAG_KEY_TOO_LONG,
  FLAG_SPECIAL,
  LIMIT_KEY_BYTES,
  NO_COMMAND,
  PART_TABLE,
  RECORD_INFO,
  RECORD_SERVER,
  SCRATCH,
  SCRATCH_BYTES,
} from '../../protocol/frame-table.ts';
import { encodeRequest } from '../../protocol/redis/replies/encode.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import { splitInline } from '../../protocol/redis/scan/inline.ts';
import {
  arityFits,
  COMMANDS,
  type CommandSpec,
  findSubcommand,
} from '../../protocol/redis/table/commands.ts';
import { whyUnsupported } from '../../protocol/redis/table/unsupported.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { isHttpWord, refuseHttp } from '../client/http-guard.ts';
import { forward } from '../routing/forward.ts';
import { answer, type SpecialRequest, serverOf, split, text } from '../routing/request.ts';
import { sendToAllServers } from './all-servers.ts';
import { LOCAL_COMMANDS } from './commands/index.ts';
import { commonServer } from './common-server.ts';
import { sendFragments } from './fragmented-request.ts';
import { scriptTooLong } from './script-limit.ts';
import { handleUnknown } from './unknown-command.ts';

const PART_WORD = PART_TABLE / 4;

/** May come before the password. */
const OPEN_COMMANDS = ['AUTH', 'HELLO', 'QUIT', 'RESET'];

/**
 * Answers or sends one request at [start, start + length) that the fast loop left out.
 * @returns false when it must wait for a server to take more
 */
export function handleSpecial(
  client: ClientConnection,
  start: number,
  length: number,
  info: number,
  mustSend = false,
): boolean {
  const request: SpecialRequest = { client, start, length, mustSend };
  const { session } = client;
  if (session.replies === 'on') return handle(request, info);
  const { modeChanges } = session;
  session.muted = true;
  const done = handle(request, info);
  session.muted = false;
  if (done && session.replies === 'skip' && session.modeChanges === modeChanges) {
    session.replies = 'on';
    client.setAuthenticated(client.authenticated);
  }
  return done;
}

function handle(request: SpecialRequest, info: number): boolean {
  const { client } = request;
  if ((info & FLAG_INLINE) !== 0) return handleInline(request);
  const index = info & NO_COMMAND;
  const spec = index === NO_COMMAND ? null : COMMANDS[index];
  if (spec === null && isHttpWord(nameOf(request))) return refuseHttp(client);
  if (!client.authenticated && !(spec !== null && OPEN_COMMANDS.includes(spec.name))) {
    return answer(client, replies.NO_AUTH);
  }
  if (spec === null) return handleUnknown(request, handleBySpec);
  if ((info & FLAG_BAD_ARITY) !== 0) return answer(client, replies.wrongArity(spec.name));
  if ((info & FLAG_KEY_TOO_LONG) !== 0) {
    return answer(client, replies.error(`key is longer than ${LIMIT_KEY_BYTES} bytes`));
  }
  if ((info & FLAG_SPECIAL) === 0) return forwardByKey(request, spec);
  return handleBySpec(request, spec);
}

function nameOf(request: SpecialRequest): string {
  split(request);
  return text(request, 0);
}

function handleBySpec(request: SpecialRequest, spec: CommandSpec): boolean {
  const { client } = request;
  switch (spec.handling) {
    case 'local':
      return LOCAL_COMMANDS[spec.name](request, split(request));
    case 'placeholder':
      return forward(request, client.pool.placeholderServer());
    case 'container':
      return handleSubcommand(request, spec);
    case 'same-server':
      return sendToCommonServer(request, spec);
    case 'fragment':
      return sendFragments(request, spec);
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
  split(request);
  return forward(request, serverOf(request, spec.firstKey));
}

/** All keys must live on one server; with none, the server of the pseudo key answers. */
function sendToCommonServer(request: SpecialRequest, spec: CommandSpec): boolean {
  const server = scriptTooLong(request, spec) ?? commonServer(request, spec);
  if (typeof server === 'number') return forward(request, server);
  return answer(request.client, server);
}

function handleSubcommand(request: SpecialRequest, container: CommandSpec): boolean {
  const { client } = request;
  const count = split(request);
  const name = count > 1 ? text(request, 1) : '';
  const spec = findSubcommand(container, name);
  if (spec === undefined) {
    return answer(client, replies.unknownSubcommand(container.name, name));
  }
  if (!arityFits(spec.arity, count)) return answer(client, replies.wrongArity(spec.name));
  return handleBySpec(request, spec);
}

/** An inline request is written again as a multibulk one, which then takes the usual way. */
function handleInline(request: SpecialRequest): boolean {
  const { client, start, length, mustSend } = request;
  const { engine, descriptor } = client.pool;
  const line = Buffer.from(engine.memory.subarray(start, start + length));
  const words = splitInline(line);
  if (words === null) {
    client.answer(replies.UNBALANCED_QUOTES);
    client.stopReading();
    return true;
  }
  if (words.length === 0) return true;
  const encoded = encodeRequest(words);
  if (encoded.length > SCRATCH_BYTES)
    return answer(client, replies.error('too big inline request'));
  encoded.copy(engine.memory, SCRATCH);
  engine.loadState(null);
  engine.codec.scanRequests(SCRATCH, SCRATCH + encoded.length, PART_TABLE, 1, descriptor);
  const info = engine.words[PART_WORD + RECORD_INFO];
  const again: SpecialRequest = { client, start: SCRATCH, length: encoded.length, mustSend };
  if ((info & FLAG_SPECIAL) !== 0 || !client.plain) return handle(again, info);
  return forward(again, engine.words[PART_WORD + RECORD_SERVER]);
}
