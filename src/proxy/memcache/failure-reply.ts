import { serverError } from '../../protocol/memcache/replies.ts';
import { FAILURE_INVALID, type Failure, failureOf, failureText } from '../backend/failure.ts';

/** What a client hears when the server of its request failed. */
export function failureReply(failure: Failure): Buffer {
  return serverError(failureText(failure));
}

/** For replies that are not what the request is answered with. */
export const INVALID: Buffer = failureReply(failureOf(FAILURE_INVALID));
export const REPLY_TOO_LARGE: Buffer = serverError('reply is larger than client_output_limit');
