import type { Case } from './case.ts';

/** What the simulated world once found, as it was shrunk; each stays here for good. */
export interface Regression {
  readonly what: string;
  readonly case: Case;
}

export const USUAL = {
  reader: 'onread',
  calm: true,
  proxies: 1,
  memoryMib: 0,
  faults: [],
} as const;
