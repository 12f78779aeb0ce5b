// Mistakes are told in the log and on screens, where no password may stand.

/** What the key of a password looks like, whether or not it is written right. */
const SECRET = /redis.?a|auth|pass|secret|\s[>#<!]\S/i;
/** The same behind the value of another key, to which a line belongs that is indented too much. */
const SECRET_BEHIND = /\s\S*(redis.?a|auth|pass|secret).*/is;

/** Whether a line may hold a password. */
export function mayHoldPassword(line: string): boolean {
  return SECRET.test(line);
}

/** A value as far as it may be told. */
export function withoutPassword(value: string): string {
  return value.replace(SECRET_BEHIND, ' ...');
}
