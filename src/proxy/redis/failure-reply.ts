import * as replies from '../../protocol/redis/replies/replies.ts';
import {
  FAILURE_CLUSTER_DOWN,
  FAILURE_INVALID,
  FAILURE_UNOWNED,
  type Failure,
  failureOf,
  failureText,
} from '../backend/failure.ts';

/** What a client hears when the server of its request failed. */
export function failureReply(failure: Failure): Buffer {
  if (failure.code === FAILURE_UNOWNED) return replies.SLOT_NOT_SERVED;
  if (failure.code === FAILURE_CLUSTER_DOWN) return replies.CLUSTER_DOWN;
  return replies.failed(failureText(failure));
}

/** For replies that are not what the request is answered with. */
export const INVALID: Buffer = failureReply(failureOf(FAILURE_INVALID));
