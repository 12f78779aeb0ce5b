import { type Regression, USUAL } from './regression.ts';

/** Those of a Redis Cluster. */
export const CLUSTER_REGRESSIONS: readonly Regression[] = [
  {
    what: 'what a client had asked behind a transaction that waited for its slot went before it',
    case: {
      ...USUAL,
      seed: 87,
      codec: 'wasm',
      busyMicros: 40,
      servers: 3,
      pools: [{ servers: 3 }, { servers: 3 }],
      clients: [
        {
          proxy: 0,
          startMs: 69,
          actions: [
            { do: 'sleep', ms: 17_818 },
            {
              do: 'send',
              ops: [
                { op: 'multi' },
                { op: 'queued', of: { op: 'half', key: 1, half: 'a', id: 10, size: 200 } },
                { op: 'queued', of: { op: 'half', key: 1, half: 'b', id: 10, size: 200 } },
                {
                  op: 'exec',
                  of: [
                    { op: 'half', key: 1, half: 'a', id: 10, size: 200 },
                    { op: 'half', key: 1, half: 'b', id: 10, size: 200 },
                  ],
                  watched: false,
                },
                { op: 'pair', key: 1 },
              ],
              pieces: 1,
            },
          ],
        },
        {
          proxy: 0,
          startMs: 155,
          actions: [
            {
              do: 'send',
              ops: [
                { op: 'multi' },
                { op: 'queued', of: { op: 'half', key: 1, half: 'a', id: 12, size: 200 } },
                { op: 'queued', of: { op: 'half', key: 1, half: 'b', id: 12, size: 200 } },
                {
                  op: 'exec',
                  of: [
                    { op: 'half', key: 1, half: 'a', id: 12, size: 200 },
                    { op: 'half', key: 1, half: 'b', id: 12, size: 200 },
                  ],
                  watched: false,
                },
              ],
              pieces: 1,
              pauseMs: 1,
            },
          ],
        },
      ],
      faults: [
        {
          atMs: 17480,
          forMs: 8000,
          kind: 'promote',
          server: 1,
          client: 0,
          proxy: 0,
          config: 1,
          host: 2,
        },
      ],
      cluster: { masters: 3, replicas: 1, nodeTimeoutMs: 1000 },
    },
  },
  {
    what: 'half a request went where its slot had been when that half came, and the next one before it',
    case: {
      ...USUAL,
      seed: 479,
      codec: 'js',
      servers: 3,
      pools: [{ servers: 2 }, { servers: 2 }],
      clients: [
        {
          proxy: 0,
          startMs: 164,
          actions: [
            { do: 'sleep', ms: 8144 },
            {
              do: 'send',
              ops: [
                { op: 'push', key: 1, id: 74, size: 200 },
                { op: 'push', key: 1, id: 79, size: 5000 },
                { op: 'push', key: 1, id: 80, size: 20 },
              ],
              pieces: 2,
              pauseMs: 39,
            },
          ],
        },
      ],
      faults: [
        {
          atMs: 4390,
          forMs: 8000,
          kind: 'grow',
          server: 3,
          client: 0,
          proxy: 0,
          config: 0,
          host: 3,
          slots: [5649, 5649, 7450],
        },
      ],
      cluster: { masters: 3, replicas: 1, nodeTimeoutMs: 2000 },
    },
  },
  {
    what: 'all that was heard of a node was lost when it gave the slot of one shard channel away',
    case: {
      ...USUAL,
      seed: 39,
      codec: 'js',
      servers: 2,
      cluster: { masters: 2, replicas: 1, nodeTimeoutMs: 2_000 },
      pools: [{ servers: 2 }, { servers: 2 }],
      clients: [{ proxy: 0, startMs: 1, actions: [] }],
      listeners: [
        {
          proxy: 0,
          startMs: 50,
          resp: 2,
          actions: [{ do: 'subscribe', kind: 'channel', names: [0] }],
        },
        {
          proxy: 0,
          startMs: 86,
          resp: 2,
          actions: [{ do: 'subscribe', kind: 'shard', names: [0, 1, 2] }],
        },
      ],
      faults: [
        {
          atMs: 2_263,
          forMs: 1,
          kind: 'reshard',
          server: 1,
          client: 0,
          proxy: 0,
          config: 0,
          host: 0,
          slots: [11_641, 2843],
        },
      ],
    },
  },
];
