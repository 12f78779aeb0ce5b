import {
  bulkText,
  integerReply,
  nullReply,
  verbatimPieces,
  verbatimReply,
} from '../../../protocol/redis/replies/encode.ts';
import { isIntegerWord } from '../../../protocol/redis/replies/integers.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { clientsOf } from '../../client/client-list.ts';
import { laneOf } from '../../pool/lanes.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { askSiblings } from '../../siblings/question.ts';
import { listFilter } from '../clients/client-filters.ts';
import { clientLine, listBody } from '../clients/client-lines.ts';
import { type ClientOrder, type ClientReport, victimFilter } from '../clients/client-orders.ts';
import { unblockHere } from '../leases/blocking/unblock.ts';
import { deliverInPieces } from '../pieces.ts';
import { TRACKING_COMMANDS } from '../tracking/commands.ts';
import type { Local, Words } from '../words.ts';
import { clientNameError, libraryNameError } from './client-names.ts';

const NUMBER_DIGITS = 19;

function setName({ client }: SpecialRequest, words: Words): boolean {
  const name = words.text(2);
  const error = clientNameError(name);
  if (error !== null) return answer(client, error);
  client.session.name = name;
  return answer(client, replies.OK);
}

function getName({ client }: SpecialRequest): boolean {
  const { name } = client.session;
  return answer(client, name === '' ? nullReply(laneOf(client).resp) : bulkText(name));
}

function setInfo({ client }: SpecialRequest, words: Words): boolean {
  const option = words.text(2).toLowerCase();
  const value = words.text(3);
  if (option !== 'lib-name' && option !== 'lib-ver') {
    return answer(client, replies.unrecognizedOption(words.text(2)));
  }
  const error = libraryNameError(option, value);
  if (error !== null) return answer(client, error);
  if (option === 'lib-name') client.session.libName = value;
  else client.session.libVersion = value;
  return answer(client, replies.OK);
}

/** Asks all processes but this one for the same. */
function askOthers(
  client: ClientConnection,
  clients: ClientOrder['clients'],
  words: readonly string[],
  done: (reports: readonly ClientReport[] | null) => void,
): void {
  const { name: pool, clientOutputLimit: limit } = client.pool.config;
  const order: ClientOrder = { pool, clients, words, limit };
  askSiblings<ClientReport>(client, order, done);
}

/** CLIENT LIST: of all processes, by their numbers. */
function list({ client }: SpecialRequest, words: Words): boolean {
  const said = words.texts(2);
  const filter = listFilter(said);
  if (typeof filter === 'string') return answer(client, replies.error(filter));
  const limit = client.pool.config.clientOutputLimit;
  const here = listBody(clientsOf(client.pool).filter(filter), limit);
  const claim = client.claims.claim();
  askOthers(client, 'list', said, (reports) => {
    const pieces = here === null || reports === null ? null : joinLists(here, reports, limit);
    if (pieces !== null)
      deliverInPieces(client, claim, verbatimPieces(pieces, laneOf(client).resp));
    else claim.deliver(reports === null ? replies.WORKERS_SILENT : replies.REPLY_TOO_LARGE);
  });
  return true;
}

/** The lists of all processes as one; null when they have more than `limit` bytes. */
function joinLists(
  here: readonly Buffer[],
  reports: readonly ClientReport[],
  limit: number,
): readonly Buffer[] | null {
  if (reports.length === 0) return here;
  const lists = reports.map(({ lines }) => lines);
  if (lists.includes(null)) return null;
  lists.push(Buffer.concat(here).toString('latin1'));
  // Each has numbers of its own: the first of a list says where it belongs.
  const numberOf = (lines: string): number => Number(lines.slice(3, lines.indexOf(' ')));
  const whole = lists.filter((lines): lines is string => lines !== null && lines !== '');
  whole.sort((a, b) => numberOf(a) - numberOf(b));
  const bytes = whole.reduce((sum, { length }) => sum + length, 0);
  return bytes > limit ? null : whole.map((lines) => Buffer.from(lines, 'latin1'));
}

/** Ends each; the one that asks hears the reply first. */
function end(self: ClientConnection, victims: readonly ClientConnection[]): void {
  for (const victim of victims) {
    if (victim === self) self.stopReading();
    else victim.leave('CLIENT KILL');
  }
}

/** CLIENT KILL, of all processes. */
function kill({ client }: SpecialRequest, words: Words): boolean {
  const said = words.texts(2);
  const filter = victimFilter(said, client, client.pool);
  if (typeof filter === 'string') return answer(client, replies.error(filter));
  const victims = clientsOf(client.pool).filter(filter);
  const claim = client.claims.claim();
  askOthers(client, 'kill', said, (reports) => {
    const elsewhere = (reports ?? []).reduce((sum, { closed }) => sum + closed, 0);
    const count = victims.length + elsewhere;
    if (reports === null) claim.deliver(replies.WORKERS_SILENT);
    else if (said.length > 1) claim.deliver(integerReply(count));
    else claim.deliver(count === 0 ? replies.error('No such client') : replies.OK);
    if (!client.closed) end(client, victims);
  });
  return true;
}

/** CLIENT UNBLOCK id [TIMEOUT|ERROR]. */
function unblock({ client }: SpecialRequest, words: Words): boolean {
  const reason = words.count > 3 ? words.text(3).toUpperCase() : 'TIMEOUT';
  if (words.count > 4) return answer(client, replies.wrongArity('CLIENT|UNBLOCK'));
  if (reason !== 'TIMEOUT' && reason !== 'ERROR') return answer(client, replies.UNBLOCK_REASON);
  const number = words.text(2);
  if (!isIntegerWord(number, NUMBER_DIGITS)) return answer(client, replies.NOT_AN_INTEGER);
  const claim = client.claims.claim();
  if (unblockHere(client.pool, number, reason, (reply) => claim.deliver(reply))) return true;
  askOthers(client, 'unblock', [number, reason], (reports) => {
    const found = reports?.find(({ reply }) => reply !== null)?.reply ?? null;
    if (reports === null) claim.deliver(replies.WORKERS_SILENT);
    else claim.deliver(found === null ? integerReply(0) : Buffer.from(found, 'latin1'));
  });
  return true;
}

/** Reads ON or OFF. @returns null for anything else */
function onOff(words: Words): boolean | null {
  const value = words.text(2).toLowerCase();
  if (value !== 'on' && value !== 'off') return null;
  return value === 'on';
}

function noEvict({ client }: SpecialRequest, words: Words): boolean {
  const on = onOff(words);
  if (on === null) return answer(client, replies.SYNTAX_ERROR);
  client.session.noEvict = on;
  return answer(client, replies.OK);
}

function noTouch({ client }: SpecialRequest, words: Words): boolean {
  const on = onOff(words);
  if (on === null) return answer(client, replies.SYNTAX_ERROR);
  return answer(client, on ? replies.NO_TOUCH : replies.OK);
}

function reply({ client }: SpecialRequest, words: Words): boolean {
  const { session } = client;
  const mode = words.text(2).toLowerCase();
  if (mode !== 'on' && mode !== 'off' && mode !== 'skip') {
    return answer(client, replies.SYNTAX_ERROR);
  }
  if (mode === 'skip' && session.replies === 'off') return true;
  session.replies = mode;
  session.modeChanges++;
  session.muted = mode !== 'on';
  client.updatePlain();
  return mode === 'on' ? answer(client, replies.OK) : true;
}

/** The subcommands of CLIENT that ringway answers itself. */
export const CLIENT_COMMANDS: Readonly<Record<string, Local>> = {
  'CLIENT|GETNAME': getName,
  'CLIENT|ID': ({ client }) => answer(client, integerReply(client.session.number)),
  'CLIENT|INFO': ({ client }) =>
    answer(client, verbatimReply(`${clientLine(client)}\n`, laneOf(client).resp)),
  'CLIENT|KILL': kill,
  'CLIENT|LIST': list,
  'CLIENT|NO-EVICT': noEvict,
  'CLIENT|NO-TOUCH': noTouch,
  'CLIENT|REPLY': reply,
  'CLIENT|SETINFO': setInfo,
  'CLIENT|SETNAME': setName,
  'CLIENT|UNBLOCK': unblock,
  ...TRACKING_COMMANDS,
};
