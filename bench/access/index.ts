// npm run bench:access: what rules of users and TLS cost beside a plain, unrestricted client: CPU per
// request, memory of a client, CPU of a handshake. Each is loaded for a moment, then the next, in
// random order; "plain again" shows how far apart equals are.

import { ensureServers } from '../../test/support/real-servers.ts';
import { parseOptions, runMain, wholeNumber } from '../command-line.ts';
import { describeMachine, thisMachine } from '../machine.ts';
import { Bed } from '../macro/bed.ts';
import { measureIdleClients } from '../macro/idle-clients.ts';
import { LOADS } from '../slices/loads.ts';
import { fill, type LoadTarget, measure, perRequest, type Sums } from '../slices/measure.ts';
import { medianInterval } from '../statistics.ts';
import { short, table } from '../table.ts';
import { measureHandshakes, sessionOf } from './handshakes.ts';
import { PLAIN, TLS, type Way, ways } from './subjects.ts';

const USAGE = `npm run bench:access -- [options]
  --rounds N      slices of each way and load; default 20
  --slice-ms N    length of a slice; default 150
  --idle N        idle clients; default 1000
  --handshakes N  handshakes of each kind; default 2000`;

const DEPTHS = [1, 16, 64];

interface Options {
  readonly rounds: number;
  readonly sliceMs: number;
  readonly idle: number;
  readonly handshakes: number;
}

function parse(argv: readonly string[]): Options {
  const names = {
    rounds: 'value',
    'slice-ms': 'value',
    idle: 'value',
    handshakes: 'value',
  } as const;
  const options = parseOptions(argv, names);
  const number = (name: keyof typeof names, byDefault: number, least: number, most: number) =>
    wholeNumber(name, options.value(name) ?? String(byDefault), least, most);
  return {
    rounds: number('rounds', 20, 5, 1000),
    sliceMs: number('slice-ms', 150, 20, 10_000),
    idle: number('idle', 1000, 10, 10_000),
    handshakes: number('handshakes', 2000, 100, 100_000),
  };
}

async function cpu(
  targets: readonly LoadTarget[],
  list: readonly Way[],
  options: Options,
): Promise<void> {
  const rows: string[][] = [];
  for (const depth of DEPTHS) {
    const load = LOADS.find(({ name }) => name === `redis-get-depth${depth}-clients50`);
    if (load === undefined) throw new RangeError(`no load has depth ${depth}`);
    const sums = await measure(targets, load, options.rounds, options.sliceMs);
    for (const [i, each] of sums.entries()) {
      const { beside = PLAIN } = list[i];
      const base = sums.find(({ name }) => name === beside) as Sums;
      const ratios = each.slices.map((value, slice) => value / base.slices[slice]);
      const { low, high } = medianInterval(ratios);
      const ratio = perRequest(each) / perRequest(base);
      const interval = `${short(low)} – ${short(high)}`;
      rows.push([String(depth), each.name, short(perRequest(each)), short(ratio), interval]);
    }
  }
  console.log('\nGET of 100 bytes, 50 clients\n');
  console.log(table(['depth', 'way', 'CPU µs/req', 'to plain', 'its slices'], rows));
}

async function memory(bed: Bed, list: readonly Way[], { idle }: Options): Promise<void> {
  const rows: string[][] = [];
  for (const way of list.filter(({ name }) => name === PLAIN || name === TLS)) {
    const name = `${way.name}, idle`;
    await bed.startProxy(way.tls === undefined ? way : { ...way, answersTo: way.tls }, name);
    const { port, pid } = bed.target(name);
    const { rssBeforeKib, rssAfterKib } = await measureIdleClients(port, pid, idle, way.tls);
    await bed.stopProxy(name);
    rows.push([way.name, short((rssAfterKib - rssBeforeKib) / idle)]);
  }
  console.log(`\nMemory of each of ${idle} idle clients\n`);
  console.log(table(['way', 'KiB'], rows));
}

async function handshakes({ port, pid, tls = {} }: LoadTarget, count: number): Promise<void> {
  const rows: string[][] = [];
  for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
    const options = { ...tls, minVersion: version, maxVersion: version };
    const session = await sessionOf(port, options);
    for (const [kind, more] of [
      ['full', {}],
      ['resumed', { session }],
    ] as const) {
      const { cpuMs, resumed } = await measureHandshakes(port, pid, count, { ...options, ...more });
      const perSecond = (1000 / cpuMs).toFixed(0);
      rows.push([version, kind, `${resumed} of ${count}`, short(cpuMs), perSecond]);
    }
  }
  console.log('\nHandshakes, each with a connection, a PING and its end\n');
  console.log(table(['version', 'kind', 'resumed', 'CPU ms', 'per second and core'], rows));
}

async function run(options: Options): Promise<void> {
  ensureServers();
  console.log(describeMachine(thisMachine()));
  const bed = new Bed();
  try {
    await bed.startServers();
    const list = ways();
    for (const way of list) {
      await bed.startProxy(way.tls === undefined ? way : { ...way, answersTo: way.tls });
    }
    const targets = list.map(({ name, tls }): LoadTarget => {
      return tls === undefined ? bed.target(name) : { ...bed.target(name), tls };
    });
    await fill(targets[0], 'redis');
    await cpu(targets, list, options);
    await handshakes(targets[list.findIndex(({ name }) => name === TLS)], options.handshakes);
    await memory(bed, list, options);
  } finally {
    await bed.stop();
  }
}

await runMain(USAGE, (argv) => run(parse(argv)));
