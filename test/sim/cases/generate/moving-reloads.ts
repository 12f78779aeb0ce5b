import { Random } from '../../../fuzz/random.ts';
import { seedOf } from '../../world/world.ts';
import type { Case, Fault } from '../case.ts';

/** In one of so many clusters the file of a proxy changes while slots are on the move. */
const RELOADING = 3;

/** @returns the case as it is, or with such reloads */
export function withMovingReloads(given: Case, spanMs: number): Case {
  const random = new Random(seedOf(given.seed, 'moving reloads'));
  if (!random.once(RELOADING)) return given;
  const count = 1 + random.below(4);
  const more = Array.from({ length: count }, (): Fault[] => {
    const atMs = 2_000 + random.below(spanMs - 2_000);
    const kind = random.pick(['reshard', 'reshard', 'grow', 'shrink'] as const);
    return [
      { atMs, forMs: 1, kind },
      { atMs: atMs + 1, forMs: 1, kind: 'reload', when: { moving: true } },
    ];
  });
  const faults = [...given.faults, ...more.flat()].sort((a, b) => a.atMs - b.atMs);
  return { ...given, faults };
}
