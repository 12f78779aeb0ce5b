import * as replies from '../../protocol/redis/replies/replies.ts';
import {
  FAILURE_INVALID,
  FAILURE_NOT_GRANTED,
  FAILURE_UNOWNED,
  type Failure,
  failureOf,
  failureText,
} from '../backend/failure.ts';

/** What clients know to come back for, when a server says it: it keeps its own first word. */
const LATER = /^(LOADING|MASTERDOWN|CLUSTERDOWN) /;

/** What a client hears when the server of its request failed. */
export function failureReply(failure: Failure): Buffer {
  if (failure.code === FAILURE_UNOWNED) return replies.SLOT_NOT_SERVED;
  const text = failureText(failure);
  const isOwn = failure.code === FAILURE_NOT_GRANTED && LATER.test(text);
  return isOwn ? Buffer.from(`-${text}\r\n`, 'latin1') : replies.failed(text);
}

/** For replies that are not what the request is answered with. */
export const INVALID: Buffer = failureReply(failureOf(FAILURE_INVALID));
