import type { ScannerCase } from './scanner-case.ts';

/** What `npm run fuzz` found in the scanners; each stays here for good. */
export const REGRESSIONS: readonly ScannerCase[] = [
  {
    direction: 'memcache replies',
    input: 'OK\r\nEN\0\r\n',
    chunks: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    detach: 0,
    limit: 4096,
    ring: 'plain',
  },
  {
    direction: 'memcache replies',
    input: 'VA\0\r\n',
    chunks: [10],
    detach: 0,
    limit: 4096,
    ring: 'plain',
  },
  {
    direction: 'memcache replies',
    input: 'TOUCHED\r\nTOUCHED\0b\r\nERRORab\0c\r\n',
    chunks: [4, 5, 7],
    detach: 0,
    limit: 4096,
    ring: 'tag',
  },
];
