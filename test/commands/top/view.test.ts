import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderTop, TOP_START, type ViewState } from '../../../src/commands/top/view.ts';

describe('what top shows', () => {
  const well = { live: true, reachable: true, breakerOpen: false, holding: false };
  const pool = (name: string, requests: number, state: { live: boolean; reachable: boolean }) => ({
    open: true,
    serversBefore: 0,
    summary: {
      servers: 1,
      ejected: state.live ? 0 : 1,
      unreachable: state.reachable ? 0 : 1,
    },
    name,
    listen: '127.0.0.1:1',
    protocol: 'redis',
    hash: 'fnv1a_64',
    distribution: 'ketama',
    clients: 3,
    clientErrors: 0,
    clientsRefused: 0,
    forwardErrors: 0,
    ejects: 0,
    requests,
    inFlight: 1,
    queued: 0,
    latency: { total: [100, 2000, 30000] },
    classes: { read: { count: 5, latency: [100, 2000, 30000] } },
    history: { requests: [1, requests], errors: [0, 0], p50: [1, 100], p99: [2, 2000] },
    ringCells: [],
    names: [],
    slots: null,
    slow: [{ at: 1, command: 'GET', server: 's1', totalMicros: 5000, serverMicros: 4000 }],
    servers: [
      {
        ...{
          name: 's1',
          ringShare: 1,
          rate: requests,
          errorRate: 0,
          p50: 1,
          p99: 2,
          inFlight: 0,
          queued: 0,
        },
        replicas: [],
        ...state,
      },
    ],
  });
  const status = {
    version: '1.2.3',
    state: 'ready',
    pid: 1,
    startedAt: 0,
    now: 3_700_000,
    codec: 'js',
    workers: 2,
    cpuSeconds: 1,
    residentBytes: 2 ** 26,
    connections: 4,
    reloadErrors: 0,
    pools: [pool('quiet', 10, well), pool('busy', 123_456, { ...well, live: false })],
  } as unknown as Parameters<typeof renderTop>[0];
  const state: ViewState = { ...TOP_START, selected: 'busy', colors: 'plain' };

  test('pools by requests, the chosen one with its servers, ejected ones named', () => {
    const lines = renderTop(status, state, 100, 0, 0);
    const text = lines.join('\n');
    assert.match(text, /up 1 h 1 min/);
    assert.ok(text.indexOf('busy') < text.indexOf('quiet'));
    assert.match(text, /123k/);
    assert.match(text, /EJECTED/);
    assert.match(text, /2 workers/);
  });

  test('a server that is not reachable is down, though it is in the ring', () => {
    const shown = (server: typeof well): string => {
      const pools = [pool('one', 1, server)];
      const lines = renderTop({ ...status, pools } as never, state, 100, 0, 0);
      return lines.join('\n');
    };
    assert.match(shown({ ...well, reachable: false, breakerOpen: true }), / DOWN +open +live\n/);
    assert.match(shown(well), / yes +- +live\n/);
    assert.match(shown({ ...well, reachable: false, holding: true }), /WAITED FOR/);
    assert.match(shown({ ...well, reachable: false }), / 1\/1\n/, 'the pool counts it');
    assert.doesNotMatch(shown(well), /DOWN|1\/1/);
  });

  test('all keys, and a question, where they are asked for', () => {
    const help = renderTop(status, { ...state, help: true }, 100, 0, 0).join('\n');
    assert.match(help, /E +eject the chosen server/);
    const notice = 'eject server s1 of pool busy?';
    const asked = renderTop(status, { ...state, notice }, 100, 0, 0);
    assert.match(asked[asked.length - 1], /eject server s1 of pool busy\?/);
  });

  /** Escape sequences that can be looked for. */
  const shown = (text: string): string => text.replaceAll('\x1b', '␛');

  /** What is printed, without what only changes how it looks. */
  const visible = (line: string): string => shown(line).replace(/␛\[[0-9;]*m/g, '');

  test('fits any screen, in colours or not', () => {
    const long = {
      ...pool('ein-pool-mit-einem-langen-namen', 5, well),
      listen: '/run/a/long/path',
    };
    const many = { ...status, pools: [...status.pools, long] } as typeof status;
    for (const [columns, rows] of [
      [1, 1],
      [20, 5],
      [40, 10],
      [80, 24],
      [200, 60],
    ]) {
      for (const colors of ['all', 'none', 'plain'] as const) {
        for (const more of [
          {},
          { zoomed: true },
          { help: true },
          { notice: 'eject '.repeat(40) },
        ]) {
          const lines = renderTop(many, { ...state, ...more, colors }, columns, rows, 0);
          assert.equal(lines.length, Math.max(2, rows));
          for (const line of lines) assert.ok([...visible(line)].length <= columns, line);
        }
      }
    }
  });

  test('without colours what is bad and what is chosen still look different', () => {
    const text = shown(renderTop(status, { ...state, colors: 'none' }, 100, 0, 0).join('\n'));
    assert.doesNotMatch(text, /␛\[(?:[0-9;]*;)?3[0-9]/);
    assert.match(text, /␛\[7mbusy/);
    assert.match(text, /␛\[1ms1/);
  });

  test('of more servers and pools than fit the chosen ones are seen, and how many are left out', () => {
    const [one] = pool('busy', 9, well).servers;
    const servers = Array.from({ length: 100 }, (_, i) => ({ ...one, name: `s${i + 300}` }));
    const summary = { servers: 1000, ejected: 0, unreachable: 0 };
    const busy = { ...pool('busy', 9, well), servers, serversBefore: 300, summary };
    const others = Array.from({ length: 50 }, (_, i) => pool(`p${i + 10}`, i / 50, well));
    const full = { ...status, pools: [busy, ...others] } as unknown as typeof status;
    const alone = renderTop(full, { ...state, zoomed: true, server: 's350' }, 100, 24, 0);
    assert.match(alone.join('\n'), /^s350 /m);
    assert.match(alone.join('\n'), /^… more servers: 3\d\d above, 6\d\d below$/m);
    const all = renderTop(full, { ...state, selected: 'p10' }, 100, 24, 0).join('\n');
    assert.match(all, /^p10 /m);
    assert.match(all, /^… more pools: \d+ above$/m);
    assert.match(all, /^s1 /m, 'its servers have room too');
  });

  test('sorts by name, and shows one pool alone', () => {
    const byName = renderTop(status, { ...state, sort: 'name' }, 100, 0, 0).join('\n');
    assert.ok(byName.indexOf('busy') < byName.indexOf('quiet'));
    const alone = renderTop(status, { ...state, zoomed: true }, 100, 0, 0).join('\n');
    assert.doesNotMatch(alone, /quiet/);
    assert.match(alone, /slow requests/);
  });
});
