import { ASSERTS } from '#asserts';

/**
 * Whether rules that must hold are looked at: in tests, and in a process that was started with
 * `node --conditions=ringway-asserts`. On the hot path assertions stand behind `if (ASSERTS)`.
 */
export { ASSERTS };

/** Throws when a rule of ringway's own is broken; never because of what others sent. */
export function assert(holds: boolean, rule: string): void {
  if (ASSERTS && !holds) throw new Error(`broken rule: ${rule}`);
}
