import {
  FLAG_KEY_TOO_LONG,
  FLAG_NO_REPLY,
  MC_CAS,
  MC_GAT,
  MC_GATS,
  MC_GET,
  MC_GETS,
  MC_MA,
  MC_MD,
  MC_ME,
  MC_MG,
  MC_MS,
  MC_SET,
  NO_COMMAND,
} from '../frame-table.ts';
import * as replies from './replies.ts';
import { isSigned } from './request-line.ts';
import { wordsOf } from './words.ts';

const LF = 0x0a;
const CR = 0x0d;
/** A meta command with more words than this has "too many flags" for memcached. */
const META_WORDS = 19;

/**
 * What memcached says about a request that the scanner found malformed.
 * @param request all its bytes, with the data block where that belongs to it
 * @returns null where it says nothing
 */
export function replyToBadRequest(request: Buffer, info: number): Buffer | null {
  if ((info & FLAG_NO_REPLY) !== 0) return null;
  const command = info & NO_COMMAND;
  if (command === NO_COMMAND) return replies.ERROR;
  if ((info & FLAG_KEY_TOO_LONG) !== 0) return replies.BAD_FORMAT;
  const lineEnd = request.indexOf(LF) + 1;
  if (hasForbiddenByte(request, lineEnd)) return replies.BAD_FORMAT;
  if (lineEnd < request.length) return replies.BAD_DATA_CHUNK;
  return replyToBadLine(command, wordsOf(request));
}

/** NUL and CR are in no line: memcached ends it there, or takes what follows for another one. */
function hasForbiddenByte(request: Buffer, lineEnd: number): boolean {
  let end = lineEnd - 1;
  if (request[end - 1] === CR) end--;
  for (let at = 0; at < end; at++) if (request[at] === 0 || request[at] === CR) return true;
  return false;
}

function replyToBadLine(command: number, words: readonly string[]): Buffer {
  const count = words.length;
  if (command >= MC_MG && command <= MC_ME) return replyToBadMetaLine(command, count);
  if (command === MC_GET || command === MC_GETS) return replies.ERROR;
  if (command === MC_GAT || command === MC_GATS) {
    if (count === 1) return replies.ERROR;
    return isExptime(words[1]) ? replies.END : replies.BAD_EXPTIME;
  }
  if (command === MC_CAS) return count < 6 || count > 7 ? replies.ERROR : replies.BAD_FORMAT;
  if (command >= MC_SET && command < MC_CAS) {
    return count < 5 || count > 6 ? replies.ERROR : replies.BAD_FORMAT;
  }
  return replies.ERROR;
}

function replyToBadMetaLine(command: number, count: number): Buffer {
  if (command === MC_ME) return replies.BAD_FORMAT;
  if (count === 1) return replies.ERROR;
  if (count > META_WORDS) {
    return command === MC_MG ? replies.MG_FLAGS_TOO_LONG : replies.FLAGS_TOO_LONG;
  }
  return command === MC_MS ? replies.BAD_FORMAT : replies.ERROR;
}

/** What memcached says about a key in base64 that cannot be decoded. */
export function replyToBadKey(command: number): Buffer {
  if (command === MC_ME) return replies.BAD_FORMAT;
  return command === MC_MD || command === MC_MA ? replies.BAD_FLAG : replies.BAD_BASE64;
}

function isExptime(word: string): boolean {
  return isSigned(Buffer.from(word, 'latin1'), 0, word.length);
}
