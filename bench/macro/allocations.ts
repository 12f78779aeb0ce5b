// npm run bench:allocations: what ringway allocates per request on the heap of V8, and where. What
// its clients cost when they come and go is taken off: that is measured by a load of one round each.
//
// Two proxies run: one as it is, which gives the bytes per request, and one whose functions the
// compilers may not inline, as the profile counts an inlined function as part of its caller.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CODEC_CHOICES, type CodecChoice } from '../../src/codec/choices.ts';
import { ensureServers } from '../../test/support/real-servers.ts';
import { commaList, parseOptions, runMain, UsageError, wholeNumber } from '../command-line.ts';
import { describeMachine, thisMachine } from '../machine.ts';
import { short, table } from '../table.ts';
import {
  type Allocation,
  allocationsOf,
  bytesOf,
  hasCalls,
  type Owner,
  without,
} from './allocation-profile.ts';
import type { SamplerAnswer, SamplerRequest } from './allocation-sampler.ts';
import { Bed } from './bed.ts';
import { fill } from './fill.ts';
import { findLoadProgram, load } from './load.ts';
import { ringway, type Subject } from './subjects.ts';
import { fillsOf, SEVERAL_KEYS, type Workload, workload } from './workloads.ts';

const WORKLOADS: readonly Workload[] = [
  ...['depth1-get', 'depth16-get', 'depth64-get', 'mget-10', 'mget-100'].map(workload),
  ...SEVERAL_KEYS,
];
/** A request with several keys stands for so many others. */
const SEVERAL_KEYS_SHARE = 20;
const SAMPLER = new URL('./allocation-sampler.js', import.meta.url).href;
const SOURCE = new URL('../../src/', import.meta.url).href;
/** File by file: in the bundle nothing tells ringway's own functions from those of packages. */
const CLI = fileURLToPath(new URL('cli.js', SOURCE));
const REQUESTS = 1_000_000;
/** Functions that allocate less per request are not listed. */
const LEAST_BYTES = 0.05;
/** V8 flags of each proxy. */
const MODES = {
  'as it is': [],
  'not inlined': ['--no-turbo-inlining', '--no-maglev-inlining'],
} as const;
type Mode = keyof typeof MODES;

const USAGE = `npm run bench:allocations -- [options]
  --requests N  GETs per depth; default ${REQUESTS}. With several keys a twentieth of that
  --only LIST   workloads whose names begin with one of these:
                ${WORKLOADS.map(({ name }) => name).join(', ')}
  --codec NAME  of ${CODEC_CHOICES.join(', ')}; default auto
  --json FILE   write the bytes of each function as JSON`;

interface Sample {
  readonly mode: Mode;
  readonly workload: string;
  readonly requests: number;
  readonly allocations: readonly Allocation[];
  /** Of as many clients that come, send what they send at once, and go. */
  readonly ofClients: readonly Allocation[];
}

await runMain(USAGE, run);

async function run(argv: readonly string[]): Promise<void> {
  const kinds = { requests: 'value', codec: 'value', json: 'value', only: 'value' } as const;
  const options = parseOptions(argv, kinds);
  const workloads = chosen(commaList(options.value('only') ?? ''));
  const requests = wholeNumber('requests', options.value('requests') ?? `${REQUESTS}`, 1000, 1e9);
  const codec = codecOf(options.value('codec') ?? 'auto');
  ensureServers();
  console.log(describeMachine(thisMachine()));
  const samples: Sample[] = [];
  const bed = new Bed();
  try {
    await bed.startServers();
    for (const mode of Object.keys(MODES) as Mode[]) {
      await bed.startProxy(sampled(mode, codec));
      await fill(bed.target(mode), fillsOf(workloads));
      for (const it of workloads) samples.push(await sample(bed, mode, it, requests));
      await bed.stopProxy(mode);
    }
  } finally {
    await bed.stop();
  }
  console.log(`\n${totals(samples, workloads)}`);
  for (const it of workloads) console.log(`\n${it.title}, not inlined\n\n${details(samples, it)}`);
  const json = options.value('json');
  if (json === undefined) return;
  const report = { machine: thisMachine(), samples };
  writeFileSync(json, `${JSON.stringify(report, null, 1)}\n`);
}

function chosen(parts: readonly string[]): readonly Workload[] {
  if (parts.length === 0) return WORKLOADS;
  const list = WORKLOADS.filter(({ name }) => parts.some((part) => name.startsWith(part)));
  if (list.length === 0) throw new UsageError(`--only: no workload begins with ${parts}`);
  return list;
}

function codecOf(text: string): CodecChoice {
  const codec = CODEC_CHOICES.find((choice) => choice === text);
  if (codec === undefined) throw new UsageError(`--codec: ${text} is no codec`);
  return codec;
}

function sampled(mode: Mode, codec: CodecChoice): Subject {
  const subject = ringway(codec, { cli: CLI });
  const [node, ...args] = subject.command;
  const command = [node, ...MODES[mode], '--import', SAMPLER, ...args];
  return { ...subject, name: mode, command, channel: true };
}

/** After as many requests to warm up: what grows to its size and stays is not a cost per request. */
async function sample(bed: Bed, mode: Mode, it: Workload, gets: number): Promise<Sample> {
  console.error(`${it.title}, ${mode} ...`);
  const requests = it.command.length > 3 ? Math.ceil(gets / SEVERAL_KEYS_SHARE) : gets;
  const program = findLoadProgram();
  const child = bed.process(mode);
  await load(program, it, bed.target(mode), requests);
  const sampled = async (count: number): Promise<Allocation[]> => {
    await ask(child, 'start');
    await load(program, it, bed.target(mode), count);
    const { head } = await ask(child, 'stop');
    if (head === null) throw new Error('the sampler answers out of turn');
    if (!hasCalls(head, SOURCE)) throw new Error(`nothing that was sampled is of ${SOURCE}`);
    return allocationsOf(head, SOURCE);
  };
  const ofClients = await sampled(it.connections * it.depth);
  const allocations = without(await sampled(requests), ofClients);
  return { mode, workload: it.name, requests, allocations, ofClients };
}

async function ask(child: ChildProcess, request: SamplerRequest): Promise<SamplerAnswer> {
  const gone = new AbortController();
  const onExit = (): void => gone.abort();
  child.once('exit', onExit);
  try {
    const answer = once(child, 'message', { signal: gone.signal });
    child.send(request);
    return (await answer)[0] as SamplerAnswer;
  } finally {
    child.off('exit', onExit);
  }
}

function totals(samples: readonly Sample[], workloads: readonly Workload[]): string {
  const rows = workloads.map(({ name, title, connections }) => {
    const [asItIs, apart] = (Object.keys(MODES) as Mode[]).map((mode) => find(samples, mode, name));
    const bytes = ({ allocations, requests }: Sample, ...owners: Owner[]): string =>
      short(owners.reduce((sum, owner) => sum + bytesOf(allocations, owner), 0) / requests);
    return [
      title,
      bytes(asItIs, 'ringway', 'Node'),
      bytes(apart, 'ringway', 'Node'),
      bytes(apart, 'ringway'),
      bytes(apart, 'Node'),
      short(bytesOf(apart.ofClients, 'ringway') / connections),
    ];
  });
  const own = ['of ringway', 'of Node', 'ringway, a client'];
  const head = ['bytes per request', 'as it is', 'not inlined', ...own];
  return table(head, rows);
}

function find(samples: readonly Sample[], mode: Mode, name: string): Sample {
  const found = samples.find((it) => it.mode === mode && it.workload === name);
  if (found === undefined) throw new Error(`${name}, ${mode}: nothing was sampled`);
  return found;
}

function details(samples: readonly Sample[], { name }: Workload): string {
  const own = find(samples, 'not inlined', name);
  const rows = own.allocations
    .map((it) => ({ ...it, bytes: it.bytes / own.requests }))
    .filter(({ owner, bytes }) => owner !== 'measuring' && bytes >= LEAST_BYTES)
    .map(({ owner, name, caller, bytes }) => [name, owner, short(bytes), caller]);
  return table(['function', 'of', 'bytes', 'called from'], rows);
}
