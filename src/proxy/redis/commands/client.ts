import {
  bulkText,
  integerReply,
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
import { laneOf } from '../../pool/lanes.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { unblock } from '../leases/unblock.ts';
import { answerInPieces } from '../pieces.ts';
import { TRACKING_COMMANDS } from '../tracking/commands.ts';
import type { Local, Words } from '../words.ts';
import { clientNameError, libraryNameError } from './client-names.ts';

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

function list({ client }: SpecialRequest, words: Words): boolean {
  const filter = listFilter(words.texts(2));
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

function kill({ client }: SpecialRequest, words: Words): boolean {
  if (words.count === 3) {
    const address = words.text(2);
    const victims = clientsOf(client.pool).filter((each) => peerAddress(each) === address);
    if (victims.length === 0) return answer(client, replies.error('No such client'));
    answer(client, replies.OK);
    end(client, victims);
    return true;
  }
  const filter = killFilter(words.texts(2), client);
  if (typeof filter === 'string') return answer(client, replies.error(filter));
  const victims = clientsOf(client.pool).filter(filter);
  answer(client, integerReply(victims.length));
  end(client, victims);
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
