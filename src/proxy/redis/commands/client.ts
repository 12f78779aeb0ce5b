import {
  arrayReply,
  bulkText,
  integerReply,
  mapReply,
  nullReply,
  verbatimPieces,
  verbatimReply,
} from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import {
  clientLine,
  clientsOf,
  killFilter,
  listBody,
  listFilter,
  peerAddress,
} from '../../client/client-list.ts';
import { clientNameError, libraryNameError } from '../../client/session/client-names.ts';
import { laneOf } from '../../pool/lanes.ts';
import { answer, type SpecialRequest, text } from '../../routing/request.ts';
import { answerInPieces } from '../pieces.ts';

export type Local = (request: SpecialRequest, count: number) => boolean;

function wordsFrom(request: SpecialRequest, from: number, count: number): string[] {
  return Array.from({ length: count - from }, (_, i) => text(request, from + i));
}

function setName(request: SpecialRequest): boolean {
  const name = text(request, 2);
  const error = clientNameError(name);
  if (error !== null) return answer(request.client, error);
  request.client.session.name = name;
  return answer(request.client, replies.OK);
}

function getName({ client }: SpecialRequest): boolean {
  const { name } = client.session;
  return answer(client, name === '' ? nullReply(laneOf(client).resp) : bulkText(name));
}

function setInfo(request: SpecialRequest): boolean {
  const { client } = request;
  const option = text(request, 2).toLowerCase();
  const value = text(request, 3);
  if (option !== 'lib-name' && option !== 'lib-ver') {
    return answer(client, replies.unrecognizedOption(text(request, 2)));
  }
  const error = libraryNameError(option, value);
  if (error !== null) return answer(client, error);
  if (option === 'lib-name') client.session.libName = value;
  else client.session.libVersion = value;
  return answer(client, replies.OK);
}

function list(request: SpecialRequest, count: number): boolean {
  const { client } = request;
  const filter = listFilter(wordsFrom(request, 2, count));
  if (typeof filter === 'string') return answer(client, replies.error(filter));
  const body = listBody(
    clientsOf(client.pool).filter(filter),
    client.pool.config.clientOutputLimit,
  );
  if (body === null) return answer(client, replies.REPLY_TOO_LARGE);
  answerInPieces(client, verbatimPieces(body, laneOf(client).resp));
  return true;
}

/** Ends each; the one that asks hears the reply first. */
function end(self: ClientConnection, victims: readonly ClientConnection[]): void {
  for (const victim of victims) {
    if (victim === self) self.stopReading();
    else victim.destroy('CLIENT KILL');
  }
}

function kill(request: SpecialRequest, count: number): boolean {
  const { client } = request;
  if (count === 3) {
    const address = text(request, 2);
    const victims = clientsOf(client.pool).filter((each) => peerAddress(each) === address);
    if (victims.length === 0) return answer(client, replies.error('No such client'));
    answer(client, replies.OK);
    end(client, victims);
    return true;
  }
  const filter = killFilter(wordsFrom(request, 2, count), client);
  if (typeof filter === 'string') return answer(client, replies.error(filter));
  const victims = clientsOf(client.pool).filter(filter);
  answer(client, integerReply(victims.length));
  end(client, victims);
  return true;
}

/** Reads ON or OFF. @returns null for anything else */
function onOff(request: SpecialRequest): boolean | null {
  const value = text(request, 2).toLowerCase();
  if (value !== 'on' && value !== 'off') return null;
  return value === 'on';
}

function noEvict(request: SpecialRequest): boolean {
  const on = onOff(request);
  if (on === null) return answer(request.client, replies.SYNTAX_ERROR);
  request.client.session.noEvict = on;
  return answer(request.client, replies.OK);
}

function noTouch(request: SpecialRequest): boolean {
  const on = onOff(request);
  if (on === null) return answer(request.client, replies.SYNTAX_ERROR);
  return answer(request.client, on ? replies.NO_TOUCH : replies.OK);
}

function reply(request: SpecialRequest): boolean {
  const { client } = request;
  const { session } = client;
  const mode = text(request, 2).toLowerCase();
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

function trackingInfo({ client }: SpecialRequest): boolean {
  const { resp } = laneOf(client);
  const off = Buffer.from(`${resp === 3 ? '~' : '*'}1\r\n$3\r\noff\r\n`);
  const info: [Buffer, Buffer][] = [
    [bulkText('flags'), off],
    [bulkText('redirect'), integerReply(-1)],
    [bulkText('prefixes'), arrayReply([])],
  ];
  return answer(client, mapReply(info, resp));
}

/** The subcommands of CLIENT that ringway answers itself. */
export const CLIENT_COMMANDS: Readonly<Record<string, Local>> = {
  'CLIENT|GETNAME': getName,
  'CLIENT|GETREDIR': ({ client }) => answer(client, integerReply(-1)),
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
  'CLIENT|TRACKINGINFO': trackingInfo,
};
