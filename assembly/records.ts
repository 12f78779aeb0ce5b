// Records and state, as every scanner writes them.

import {
  RECORD_COUNT,
  RECORD_DEST,
  RECORD_INFO,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_LENGTH,
  RECORD_SERVER,
  RECORD_START,
  STATE,
  STATE_CONSUMED,
  STATE_ERROR,
  STATE_ERROR_BYTE,
  STATE_PHASE,
  STATE_STATUS,
  STATE_WORD_BYTES,
} from './layout';

/** What is looked at in whole words may be read so far behind its end; nothing there matters. */
const READ_AHEAD: u32 = 128;

/** The end of what may be read in whole words: `end`, or less where the arena is over behind it. */
export function quickEnd(end: u32): u32 {
  return min<u32>(end, ((<u32>memory.size()) << 16) - READ_AHEAD);
}

export function getState(word: u32): u32 {
  return load<u32>(STATE + (word << 2));
}

export function setState(word: u32, value: u32): void {
  store<u32>(STATE + (word << 2), value);
}

export function writeRecord(
  record: u32,
  start: u32,
  end: u32,
  info: u32,
  server: u32,
  count: u32,
  key: u32,
  keyLength: u32,
): void {
  store<u32>(record + RECORD_START, start);
  store<u32>(record + RECORD_LENGTH, end - start);
  store<u32>(record + RECORD_DEST, 0);
  store<u32>(record + RECORD_INFO, info);
  store<u32>(record + RECORD_SERVER, server);
  store<u32>(record + RECORD_COUNT, count);
  store<u32>(record + RECORD_KEY, key);
  store<u32>(record + RECORD_KEY_LENGTH, keyLength);
}

/** Leaves the result of a scan that did not stop inside a frame. */
export function finish(status: u32, consumed: u32, error: u32, errorByte: u32): void {
  setState(STATE_STATUS, status);
  setState(STATE_CONSUMED, consumed);
  setState(STATE_ERROR, error);
  setState(STATE_ERROR_BYTE, errorByte);
  memory.fill(STATE + (STATE_PHASE << 2), 0, (STATE_WORD_BYTES - STATE_PHASE) << 2);
}
