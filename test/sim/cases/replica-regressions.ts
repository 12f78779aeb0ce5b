import type { Action, Op } from './case.ts';
import { type Regression, USUAL } from './regression.ts';

// Of cases with replicas.

export const REPLICA_REGRESSIONS: readonly Regression[] = [
  {
    what: 'what was read behind WATCH came from a replica, which did not have the last write yet',
    case: {
      ...USUAL,
      seed: 36,
      codec: 'wasm',
      servers: 2,
      availability: { replicas: 2, downAfterMs: 1_000 },
      pools: [
        { servers: 2, preconnect: true, read_from: 'any', read_after_write: 0 },
        { servers: 2 },
      ],
      clients: [
        { proxy: 0, startMs: 1, actions: [{ do: 'wait' }] },
        { proxy: 0, startMs: 1, actions: [{ do: 'wait' }] },
        {
          proxy: 0,
          startMs: 1,
          actions: [
            swap(39, 0),
            { do: 'sleep', ms: 5_074 },
            swap(72, 200),
            {
              do: 'send',
              ops: [
                { op: 'watch', key: 0 },
                { op: 'look', key: 0 },
              ],
              pieces: 1,
            },
            { do: 'wait' },
            swap(84, 0),
          ],
        },
        { proxy: 0, startMs: 38, actions: [] },
      ],
      faults: [
        {
          ...{ atMs: 2_138, forMs: 8_000, kind: 'orphan' },
          ...{ server: 4, client: 3, proxy: 0, config: 1, host: 8 },
        },
      ],
    },
  },
  {
    what: 'what was promoted, and turned back into a replica, was taken for the master for 40 s',
    case: {
      ...USUAL,
      seed: 9_804,
      codec: 'wasm',
      servers: 1,
      availability: { replicas: 1, downAfterMs: 3_000 },
      pools: [{ servers: 1 }, { servers: 1 }],
      clients: [{ proxy: 0, startMs: 1, actions: [] }],
      faults: [
        {
          ...{ atMs: 6_268, forMs: 3_000, kind: 'failover' },
          ...{ server: 0, client: 0, proxy: 0, config: 0, host: 0 },
        },
        {
          ...{ atMs: 6_650, forMs: 12_000, kind: 'sentinel-crash' },
          ...{ server: 0, client: 0, proxy: 0, config: 0, host: 0 },
        },
      ],
    },
  },
  {
    what: 'what lies in the socket of a master that stands still and is replaced, nobody hears',
    case: {
      ...USUAL,
      seed: 10_212,
      codec: 'js',
      servers: 1,
      availability: { replicas: 1, downAfterMs: 3_000 },
      pools: [{ servers: 1 }, { servers: 1 }],
      clients: [
        {
          proxy: 0,
          startMs: 58,
          actions: [publication(1_000_014), { do: 'sleep', ms: 3_086 }, publication(1_000_015)],
        },
      ],
      faults: [
        {
          ...{ atMs: 2_951, forMs: 15_000, kind: 'freeze' },
          ...{ server: 0, client: 0, proxy: 0, config: 0, host: 2 },
        },
      ],
      listeners: [
        {
          ...{ proxy: 0, startMs: 38, resp: 3 },
          actions: [{ do: 'subscribe', kind: 'channel', names: [0] }],
        },
      ],
    },
  },
  {
    what: 'WAIT ends with what a server had said before it timed out, and was not asked any more',
    case: {
      ...USUAL,
      ...{ seed: 14_472, codec: 'js', calm: false, servers: 1, password: true },
      availability: { replicas: 1, downAfterMs: 3_000 },
      pools: [{ servers: 1, timeout: 50, breaker_failures: 1 }, { servers: 1 }],
      clients: [
        {
          ...{ proxy: 0, startMs: 76 },
          actions: [
            { do: 'send', ops: [{ op: 'watch', key: 1 }], pieces: 1 },
            { do: 'send', ops: [{ op: 'await', key: 0, ms: 20 }], pieces: 1 },
          ],
        },
        {
          ...{ proxy: 0, startMs: 196 },
          actions: [
            { do: 'send', ops: [{ op: 'hello', resp: 3 }], pieces: 1 },
            {
              do: 'send',
              ops: [
                { op: 'watch', key: 1 },
                { op: 'look', key: 1 },
              ],
              pieces: 1,
            },
          ],
        },
      ],
      listeners: [
        {
          ...{ proxy: 0, startMs: 54, resp: 2 },
          actions: [
            { do: 'sleep', ms: 4_576 },
            { do: 'subscribe', kind: 'pattern', names: [0, 1] },
            { do: 'sleep', ms: 4_443 },
            { do: 'sleep', ms: 3_038 },
            { do: 'unsubscribe', kind: 'pattern', names: [] },
          ],
        },
      ],
    },
  },
];

function swap(id: number, size: number): Action {
  const of: Op = { op: 'swap', key: 0, id, size };
  const ops: readonly Op[] = [
    { op: 'multi' },
    { op: 'queued', of },
    { op: 'exec', of: [of], watched: true },
  ];
  return { do: 'send', ops, pieces: 1 };
}

function publication(id: number): Action {
  const op: Op = { op: 'publish', channel: 0, id, size: 20, isShard: false };
  return { do: 'send', ops: [op], pieces: 1 };
}
