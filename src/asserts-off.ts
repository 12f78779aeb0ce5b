/** Assertions are off, as in production: what stands behind them is never run. */
export const ASSERTS: boolean = false;
