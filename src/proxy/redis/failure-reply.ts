import * as replies from '../../protocol/redis/replies/replies.ts';
import { FAILURE_INVALID, type Failure, failureOf, failureText } from '../backend/failure.ts';

/** What a client hears when the server of its request failed. */
export function failureReply(failure: Failure): Buffer {
  return replies.failed(failureText(failure));
}

/** For replies that are not what the request is answered with. */
export const INVALID: Buffer = failureReply(failureOf(FAILURE_INVALID));
