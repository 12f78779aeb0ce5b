import type { Action, Op } from './case.ts';
import { CLUSTER_REGRESSIONS } from './cluster-regressions.ts';
import { type Regression, USUAL } from './regression.ts';
import { REPLICA_REGRESSIONS } from './replica-regressions.ts';

export const REGRESSIONS: readonly Regression[] = [
  {
    what: 'with retry_reads, a request behind a large reply was left unread for ever',
    case: {
      ...USUAL,
      seed: 109,
      codec: 'wasm',
      servers: 3,
      pools: [{ servers: 3, retry_reads: 3, max_pipeline: 1 }, { servers: 3 }],
      clients: [
        {
          proxy: 0,
          startMs: 137,
          actions: [
            {
              do: 'send',
              ops: [
                { op: 'set', key: 1, id: 59, size: 70_000 },
                { op: 'get', key: 1 },
                { op: 'del', keys: [0, 1] },
              ],
              pieces: 1,
            },
          ],
        },
      ],
    },
  },
  {
    what: 'the same with a body that is streamed, which stood still for request_read_timeout',
    case: {
      ...USUAL,
      seed: 262,
      codec: 'wasm-scalar',
      servers: 1,
      pools: [{ servers: 1, retry_reads: 3, max_assembled_request: 65_536 }, { servers: 1 }],
      clients: [
        {
          proxy: 0,
          startMs: 70,
          actions: [
            { do: 'send', ops: [{ op: 'set', key: 0, id: 44, size: 300_000 }], pieces: 1 },
            {
              do: 'send',
              ops: [
                { op: 'get', key: 0 },
                { op: 'push', key: 2, id: 45, size: 70_000 },
              ],
              pieces: 1,
            },
          ],
        },
      ],
    },
  },
  {
    what: 'the rest of a large request was dropped that was held when its client half-closed',
    case: {
      ...USUAL,
      calm: false,
      seed: 5,
      codec: 'js',
      servers: 1,
      pools: [{ servers: 1, client_output_limit: 65_536 }, { servers: 1 }],
      clients: [
        {
          proxy: 0,
          startMs: 26,
          actions: [
            { do: 'send', ops: [{ op: 'set', key: 1, id: 17, size: 60_000 }], pieces: 1 },
            { do: 'wait' },
            {
              do: 'send',
              ops: [
                { op: 'get', key: 1 },
                { op: 'get', key: 1 },
                { op: 'get', key: 1 },
                { op: 'set', key: 0, id: 215, size: 300_000 },
              ],
              pieces: 1,
            },
            { do: 'half' },
          ],
        },
      ],
    },
  },
  {
    what: 'a WATCH that was answered behind a reload counted as asked in the new ring',
    case: {
      ...USUAL,
      seed: 2,
      codec: 'js',
      servers: 2,
      pools: [{ servers: 2 }, { servers: 1 }],
      clients: [
        {
          proxy: 0,
          startMs: 10,
          actions: [
            {
              do: 'send',
              ops: [
                { op: 'watch', key: 0 },
                { op: 'look', key: 0 },
              ],
              pieces: 1,
            },
            { do: 'wait' },
            {
              do: 'send',
              ops: [
                { op: 'multi' },
                { op: 'queued', of: { op: 'swap', key: 0, id: 1, size: 20 } },
                {
                  op: 'exec',
                  of: [{ op: 'swap', key: 0, id: 1, size: 20 }],
                  watched: true,
                },
              ],
              pieces: 1,
            },
          ],
        },
      ],
      faults: [
        { atMs: 10.22, forMs: 1, kind: 'reload', server: 0, client: 0, proxy: 0, config: 1 },
      ],
    },
  },
  {
    what: 'a body to stream was called too large when all servers had left the ring',
    case: {
      ...USUAL,
      seed: 115,
      memcache: true,
      codec: 'js',
      servers: 1,
      pools: [
        {
          servers: 1,
          max_assembled_request: 65_536,
          auto_eject_hosts: true,
          server_failure_limit: 1,
          server_retry_timeout: 2_000,
        },
        { servers: 1 },
      ],
      clients: [
        {
          proxy: 0,
          startMs: 100,
          actions: [
            { do: 'send', ops: [{ op: 'get', key: 0 }], pieces: 1 },
            { do: 'wait' },
            { do: 'send', ops: [{ op: 'set', key: 0, id: 1, size: 300_000 }], pieces: 1 },
          ],
        },
      ],
      faults: [
        { atMs: 50, forMs: 1_000, kind: 'crash', server: 0, client: 0, proxy: 0, config: 0 },
      ],
    },
  },
  {
    what: 'what watches, waits or is queued was refused before the nodes of a cluster were known',
    case: {
      ...USUAL,
      seed: 7,
      codec: 'js',
      servers: 1,
      cluster: { masters: 2, replicas: 1, nodeTimeoutMs: 1_000 },
      pools: [{ servers: 1 }, { servers: 1 }],
      clients: [
        [
          { op: 'watch', key: 1 },
          { op: 'look', key: 1 },
        ],
        [{ op: 'await', key: 1, ms: 20 }],
        [
          { op: 'multi' },
          { op: 'queued', of: { op: 'swap', key: 1, id: 1, size: 20 } },
          { op: 'exec', of: [{ op: 'swap', key: 1, id: 1, size: 20 }], watched: false },
        ],
      ].map((ops) => ({
        proxy: 0,
        startMs: 0,
        actions: [{ do: 'send', ops: ops as Op[], pieces: 1 }, { do: 'wait' }],
      })),
    },
  },
  {
    what: 'a client of a cluster that left in the middle of a streamed body was never forgotten',
    case: {
      ...USUAL,
      seed: 7,
      codec: 'js',
      servers: 1,
      cluster: { masters: 2, replicas: 1, nodeTimeoutMs: 1_000 },
      pools: [{ servers: 1, max_assembled_request: 65_536 }, { servers: 1 }],
      clients: [{ proxy: 0, startMs: 500, actions: [{ do: 'break', bytes: 400_000 }] }],
    },
  },
  {
    what: 'a WATCH whose slot was on the move was sent five times at once to the same node, and refused',
    case: {
      ...USUAL,
      seed: 23,
      codec: 'js',
      servers: 2,
      cluster: { masters: 2, replicas: 1, nodeTimeoutMs: 2_000 },
      pools: [
        { servers: 2, failover_wait: 20_000 },
        { servers: 2, failover_wait: 20_000 },
      ],
      clients: [
        {
          proxy: 0,
          startMs: 4_290,
          actions: [
            {
              do: 'send',
              ops: [
                { op: 'watch', key: 1 },
                { op: 'look', key: 1 },
              ],
              pieces: 1,
            },
            { do: 'wait' },
            {
              do: 'send',
              ops: [
                { op: 'multi' },
                { op: 'queued', of: { op: 'swap', key: 1, id: 1, size: 20 } },
                { op: 'exec', of: [{ op: 'swap', key: 1, id: 1, size: 20 }], watched: true },
              ],
              pieces: 1,
            },
          ],
        },
      ],
      faults: [
        {
          atMs: 4_177,
          forMs: 30,
          kind: 'reshard',
          server: 4,
          client: 0,
          proxy: 0,
          config: 0,
          host: 5,
          slots: [2121, 14_268],
        },
      ],
    },
  },
  {
    what: 'a subscription that came before the nodes of a cluster were known was refused',
    case: {
      ...USUAL,
      seed: 7,
      codec: 'js',
      servers: 1,
      cluster: { masters: 2, replicas: 1, nodeTimeoutMs: 1_000 },
      pools: [{ servers: 1 }, { servers: 1 }],
      clients: [
        {
          proxy: 0,
          startMs: 1,
          actions: [{ do: 'send', ops: [{ op: 'get', key: 0 }], pieces: 1 }, { do: 'wait' }],
        },
      ],
      listeners: [
        {
          proxy: 0,
          startMs: 0,
          resp: 2,
          actions: [
            { do: 'subscribe', kind: 'channel', names: [0] },
            { do: 'subscribe', kind: 'pattern', names: [0] },
            { do: 'subscribe', kind: 'shard', names: [1] },
          ],
        },
      ],
    },
  },
  {
    what: 'a connection stood still for ever for the reply that was to come on it, that of a read sent again',
    case: {
      ...USUAL,
      seed: 177,
      codec: 'wasm',
      calm: false,
      busyMicros: 40,
      servers: 3,
      memcache: true,
      pools: [
        { servers: 3, retry_reads: 3, client_output_limit: 65536, distribution: 'modula' },
        { servers: 3 },
      ],
      clients: [
        {
          proxy: 0,
          startMs: 110,
          actions: [
            { do: 'send', ops: [{ op: 'set', key: 4, id: 1, size: 200 }], pieces: 1 },
            { do: 'sleep', ms: 682 },
            { do: 'send', ops: [{ op: 'get', key: 1 }], pieces: 1 },
            {
              do: 'send',
              ops: [{ op: 'set', key: 2, id: 5, size: 300000 }],
              pieces: 1,
              pauseMs: 1,
            },
            {
              do: 'send',
              ops: [
                { op: 'get', key: 2 },
                { op: 'set', key: 3, id: 6, size: 200 },
                { op: 'mget', keys: [4, 0, 5] },
                { op: 'get', key: 5 },
              ],
              pieces: 1,
            },
            {
              do: 'send',
              ops: [
                { op: 'mget', keys: [3, 4] },
                { op: 'get', key: 0 },
                { op: 'mget', keys: [5, 1] },
              ],
              pieces: 4,
              pauseMs: 1,
            },
          ],
        },
      ],
      faults: [
        {
          atMs: 792.128,
          forMs: 3,
          kind: 'drop',
          server: 1,
          client: 0,
          proxy: 0,
          config: 1,
          host: 0,
        },
      ],
    },
  },
  {
    what: 'a pattern that was subscribed to while a server was away missed what that said when it was back',
    case: {
      ...USUAL,
      seed: 592,
      codec: 'wasm',
      servers: 2,
      pools: [{ servers: 2 }, { servers: 2 }],
      clients: [
        {
          proxy: 0,
          startMs: 360,
          actions: [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2].flatMap((channel, i): Action[] => [
            {
              do: 'send',
              ops: [{ op: 'publish', channel, id: 1_000_000 + i, size: 20, isShard: false }],
              pieces: 1,
            },
            { do: 'sleep', ms: 30 },
          ]),
        },
      ],
      listeners: [
        {
          proxy: 0,
          startMs: 90,
          resp: 2,
          actions: [{ do: 'subscribe', kind: 'pattern', names: [0] }],
        },
      ],
      faults: [{ atMs: 185, forMs: 200, kind: 'crash', server: 1, client: 0, proxy: 0, config: 0 }],
    },
  },
  ...CLUSTER_REGRESSIONS,
  ...REPLICA_REGRESSIONS,
];
