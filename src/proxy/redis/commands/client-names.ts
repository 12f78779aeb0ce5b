import { CLIENT_NAME_BYTES } from '../../../limits.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';

/** Redis's rule for the names of clients and libraries: visible ASCII without blanks. */
const NAME = /^[!-~]*$/;

/** @returns the error for a name that a client may not have, or null */
export function clientNameError(name: string): Buffer | null {
  if (name.length > CLIENT_NAME_BYTES) return replies.CLIENT_NAME_TOO_LONG;
  return NAME.test(name) ? null : replies.CLIENT_NAME;
}

/** @param option lib-name or lib-ver @returns the error for such a value, or null */
export function libraryNameError(option: string, value: string): Buffer | null {
  if (value.length > CLIENT_NAME_BYTES) return replies.nameTooLong(option);
  return NAME.test(value) ? null : replies.notAName(option);
}
