import {
  STATE_ARGS_LEFT,
  STATE_BOUNDARY,
  STATE_BULK_LEFT,
  STATE_COUNT,
  STATE_DETACHED,
  STATE_INFO,
  STATE_OFFSET,
  STATE_PHASE,
  STATE_RESUME,
  STATE_SERVER,
  STATE_WANTED,
} from '../../protocol/frame-table.ts';
import { PHASE_BODY, PHASE_HELD } from '../../protocol/resp-phase.ts';
import type { SavedState } from './engine.ts';

// What the scan of an unfinished request or reply has left behind, by name.

/** The smallest a word of a request can be: `$0\r\n\r\n`. */
const SMALLEST_WORD = 6;
const NO_WORD = 0xffffffff;

/** Bytes that the request lacks at least. */
export function missingBytes(saved: SavedState): number {
  const words = saved[STATE_ARGS_LEFT - STATE_RESUME];
  return saved[STATE_BULK_LEFT - STATE_RESUME] + words * SMALLEST_WORD;
}

/** Bytes so far that the scanner has done with. */
export function scannedBytes(saved: SavedState): number {
  return saved[STATE_OFFSET - STATE_RESUME];
}

/** Bytes that the text lacks whose length is known. */
export function missingOfBulk(saved: SavedState): number {
  return saved[STATE_BULK_LEFT - STATE_RESUME];
}

/** What has been counted so far: the RECORD_COUNT of a reply. */
export function countOf(saved: SavedState): number {
  return saved[STATE_COUNT - STATE_RESUME];
}

/** Its INFO so far: flags, and the command or the type. */
export function infoOf(saved: SavedState): number {
  return saved[STATE_INFO - STATE_RESUME];
}

/** Where it goes, or NO_SERVER when that is not known. */
export function serverOf(saved: SavedState): number {
  return saved[STATE_SERVER - STATE_RESUME];
}

/** Another server has its key now. */
export function setServer(saved: SavedState, server: number): void {
  saved[STATE_SERVER - STATE_RESUME] = server;
}

/** Its beginning was taken away. */
export function isDetached(saved: SavedState): boolean {
  return saved[STATE_DETACHED - STATE_RESUME] !== 0;
}

/** Its beginning is taken away. @returns how many bytes of it may be */
export function detach(saved: SavedState): number {
  const boundary = saved[STATE_BOUNDARY - STATE_RESUME];
  saved[STATE_OFFSET - STATE_RESUME] -= boundary;
  saved[STATE_BOUNDARY - STATE_RESUME] = 0;
  saved[STATE_DETACHED - STATE_RESUME] = 1;
  return boundary;
}

/** Whether the scanner has seen the name of the command. */
export function isNamed(saved: SavedState): boolean {
  return saved[STATE_WANTED - STATE_RESUME] !== 0;
}

/** Whether the scanner is done with the key: it has looked up where that goes. */
export function isRouted(saved: SavedState): boolean {
  return saved[STATE_WANTED - STATE_RESUME] === NO_WORD;
}

/** Only its end is still looked for: nothing of it is kept, no word is wanted in one piece. */
export function swallow(saved: SavedState): void {
  saved[STATE_DETACHED - STATE_RESUME] = 1;
  saved[STATE_WANTED - STATE_RESUME] = NO_WORD;
  if (saved[STATE_PHASE - STATE_RESUME] === PHASE_HELD) {
    saved[STATE_PHASE - STATE_RESUME] = PHASE_BODY;
  }
}

/** All that was seen so far of a line may be gone. @param kept bytes of it that are not */
export function keepOf(saved: SavedState, kept: number): void {
  saved[STATE_OFFSET - STATE_RESUME] = kept;
}

/** It is scanned from its beginning again. */
export function startOver(saved: SavedState): void {
  saved[STATE_PHASE - STATE_RESUME] = 0;
}
