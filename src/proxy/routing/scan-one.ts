import {
  PART_TABLE,
  RECORD_BYTES,
  RECORD_INFO,
  RECORD_LENGTH,
  RECORD_START,
  SCAN_COMPLETE,
  STATE_CONSUMED,
  STATE_STATUS,
} from '../../protocol/frame-table.ts';
import type { Pool } from '../pool/pool.ts';

const PART_WORD = PART_TABLE / 4;

/** The bytes are not one request: STATE_ERROR says why, 0 when they are none or more than one. */
export const NOT_ONE = -1;

/**
 * Scans bytes again that should be one whole request. Its record is the first of PART_TABLE.
 * @returns its INFO; NOT_ONE unless it is one request that takes all the bytes
 */
export function scanOne(
  { engine, protocol, descriptor }: Pool,
  start: number,
  length: number,
): number {
  const { words } = engine;
  const end = start + length;
  words.fill(0, PART_WORD, PART_WORD + RECORD_BYTES / 4);
  engine.takePartTable();
  engine.loadState(null);
  const count = protocol.scanRequests(start, end, PART_TABLE, 2, descriptor);
  const isOne =
    count === 1 &&
    engine.state(STATE_STATUS) === SCAN_COMPLETE &&
    engine.state(STATE_CONSUMED) === end &&
    words[PART_WORD + RECORD_START] === start &&
    words[PART_WORD + RECORD_LENGTH] === length;
  return isOne ? words[PART_WORD + RECORD_INFO] : NOT_ONE;
}
