// STATE_PHASE of the RESP scanners: where a partial frame stopped. A line is read again from its
// start, a body goes on at its end.
export const PHASE_START = 0;
export const PHASE_HEADER = 1; // request: in the line "*N"
export const PHASE_LINE = 2; // request: at or in a line "$N"; reply: at or in an element's header
export const PHASE_BODY = 3; // in a bulk
export const PHASE_HELD = 4; // request: in the command name or the key, wanted in one piece
export const PHASE_TEXT = 5; // in an inline request or a reply line
