const STAR = 0x2a;
const LF = 0x0a;
const LOWER = 0x20;
/** Of `*<words>`, `$<bytes>` or a name of a command, line end included. */
const MOST_LINE_BYTES = 24;
const NAMES = [Buffer.from('eval'), Buffer.from('fcal')];

/** Where the script or function of a request in RESP stands. */
export interface ScriptText {
  /** Of its `$<bytes>` line. */
  start: number;
  /** Behind its line end. */
  end: number;
}

/**
 * Finds the script of an EVAL, or the function of an FCALL, in any of their forms.
 * @param into gets where it is @returns false when it is no such request, or not all of it is there
 */
export function findScript(
  bytes: Uint8Array,
  start: number,
  length: number,
  into: ScriptText,
): boolean {
  if (bytes[start] !== STAR) return false;
  const end = start + length;
  const name = lineEnd(bytes, lineEnd(bytes, start, end), end);
  if (name + 4 > end || !NAMES.some((each) => beginsWith(bytes, name, each))) return false;
  const head = lineEnd(bytes, name, end);
  const body = lineEnd(bytes, head, end);
  let size = 0;
  for (let at = head + 1; at < body - 2; at++) size = size * 10 + bytes[at] - 0x30;
  into.start = head;
  into.end = body + size + 2;
  return into.end > head && into.end <= end;
}

/** @returns the position behind the line at `at`; `end` when it is too long to be one */
function lineEnd(bytes: Uint8Array, at: number, end: number): number {
  const last = Math.min(end, at + MOST_LINE_BYTES);
  for (let i = at; i < last; i++) if (bytes[i] === LF) return i + 1;
  return end;
}

function beginsWith(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if ((bytes[at + i] | LOWER) !== name[i]) return false;
  return true;
}
