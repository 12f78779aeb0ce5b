import type { Action, Op } from '../case.ts';

// What takes several requests.

/** Both keys of a pair are written in a transaction. @param id of both writes */
export function transactionOf(key: number, id: number, size: number): Op[] {
  const of = (['a', 'b'] as const).map((half): Op => ({ op: 'half', key, half, id, size }));
  const queued = of.map((each): Op => ({ op: 'queued', of: each }));
  return [{ op: 'multi' }, ...queued, { op: 'exec', of, watched: false }];
}

/**
 * A register is written over what was read of it, while nobody else writes it.
 * @param pauseMs between the two; 0 = none
 */
export function swapOf(key: number, id: number, size: number, pauseMs: number): Action[] {
  const swap: Op = { op: 'swap', key, id, size };
  const look: readonly Op[] = [
    { op: 'watch', key },
    { op: 'look', key },
  ];
  const exec: Op = { op: 'exec', of: [swap], watched: true };
  const ops: readonly Op[] = [{ op: 'multi' }, { op: 'queued', of: swap }, exec];
  const pause: Action[] = pauseMs > 0 ? [{ do: 'sleep', ms: pauseMs }] : [];
  return [
    { do: 'wait' },
    { do: 'send', ops: look, pieces: 1 },
    { do: 'wait' },
    ...pause,
    { do: 'send', ops, pieces: 1 },
  ];
}
