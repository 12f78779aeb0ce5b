import { HASH_NAMES } from '../../src/hash/index.ts';
import { type Corpus, requestCorpora } from '../corpus.ts';
import { oneCase } from '../micro/cases.ts';
import { KEY_LENGTHS } from '../micro/hash-cases.ts';
import type { Case } from '../micro/measure.ts';
import { type Subject, sameAgain, subjects } from '../micro/subjects.ts';
import { compareScanner, compileScanner, cTask } from './c-scanner.ts';
import { type LabCase, OPTIMISED, TIERS } from './case.ts';
import { COMPARED_HASHES, libraryCase } from './hash-libraries.ts';
import { DECODED, decoderCase } from './reply-decoders.ts';
import { CUTS, cutCase, replySizeCase, VALUE_SIZES, valueSizeCase } from './sweeps.ts';

const BATCHES = [1, 2, 4, 8, 16, 64, 256];
const LIBRARY_LENGTHS = [16, 64, 256];

/** Cases of the microbenchmarks that every tier and every Node is asked for. */
const MAIN: readonly (readonly [name: string, unit: string, effect?: LabCase['effect']])[] = [
  ['scan-hash-route/get-47', 'request', { workload: 'depth16-get', items: 1 }],
  ['scan-hash-route/set-small', 'request', { workload: 'depth16-set', items: 1 }],
  ['scan-hash-route/set-1k', 'request'],
  ['scan-hash-route/mixed', 'request', { workload: 'depth16-get', items: 1 }],
  ['scan-hash-route/mget-100', 'request', { workload: 'mget-100', items: 1 }],
  ['chunk/get-47', 'request', { workload: 'depth16-get', items: 1 }],
  ['chunk/mixed', 'request', { workload: 'depth16-get', items: 1 }],
  ['scan-replies/bulk-small', 'reply', { workload: 'depth16-get', items: 1 }],
  ['scan-replies/line', 'reply', { workload: 'depth16-set', items: 1 }],
  ['scan-replies/array-nested', 'reply'],
  ['scan-replies/mixed', 'reply'],
  ['fragment/by-server-100', 'key', { workload: 'mget-100', items: 100 }],
  ['coalesce/in-order-100', 'element', { workload: 'mget-100', items: 100 }],
  ['memcache/scan-hash-route/get-33', 'request'],
  ['memcache/scan-hash-route/mixed', 'request'],
  ['memcache/scan-replies/hit-small', 'reply'],
];

const WITH_C = ['scan-hash-route/get-47', 'scan-hash-route/set-small', 'scan-hash-route/set-1k'];

/** All questions of the lab, what matters most first. */
export function labCases(): LabCase[] {
  return [
    ...MAIN.map(
      ([name, unit, effect]): LabCase => ({
        ...{ name, unit, group: 'main', tiers: TIERS },
        ...(effect === undefined ? {} : { effect }),
        ...(WITH_C.includes(name)
          ? { note: 'The scanner in C knows only the requests of this corpus.' }
          : {}),
        make: async () => withC(oneCase(name, contestants()), name),
      }),
    ),
    ...DECODED.map((name): LabCase => {
      const note = 'Libraries make values of the bytes; ringway finds where each reply ends.';
      return of(
        'decoders',
        `decode/${name}`,
        'reply',
        () => decoderCase(name, contestants()),
        note,
      );
    }),
    ...COMPARED_HASHES.flatMap((hash) =>
      LIBRARY_LENGTHS.map((length) =>
        of('hash libraries', `hash-of-others/${hash}/${length}`, 'key', () =>
          libraryCase(hash, length, contestants()),
        ),
      ),
    ),
    ...BATCHES.map((n) => sweep('batch size', `batch/${n}`, 'request')),
    ...KEY_LENGTHS.map((n) => sweep('key length', `key-length/${n}`, 'request')),
    ...VALUE_SIZES.map((n) =>
      of('value size', `value-size/${n}`, 'request', () => valueSizeCase(n, contestants())),
    ),
    ...VALUE_SIZES.map((n) =>
      of('reply size', `reply-size/${n}`, 'reply', () => replySizeCase(n, contestants())),
    ),
    ...CUTS.map((n) => of('cut position', `cut/${n}`, 'request', () => cutCase(n, contestants()))),
    ...HASH_NAMES.flatMap((hash) =>
      KEY_LENGTHS.filter((length) => length === 16 || length === 64).map((length) =>
        sweep('hashes', `hash/${hash}/${length}`, 'key'),
      ),
    ),
  ];
}

function of(
  group: string,
  name: string,
  unit: string,
  make: () => Case | Promise<Case>,
  note?: string,
): LabCase {
  const about = { name, group, unit, tiers: OPTIMISED, make: async () => make() };
  return note === undefined ? about : { ...about, note };
}

function sweep(group: string, name: string, unit: string): LabCase {
  return of(group, name, unit, () => oneCase(name, contestants()));
}

let list: Subject[] | null = null;

/** The codecs, and the first of them once more: what they differ by is the error of measuring. */
function contestants(): Subject[] {
  list ??= [...subjects(), sameAgain()];
  return list;
}

/** The scanner in C beside the others, where it takes part and can be compiled. */
function withC(it: Case, name: string): Case {
  const module = WITH_C.includes(name) ? compileScanner() : null;
  if (module === null) return it;
  return { ...it, tasks: [...it.tasks, cTask(module, corpusOf(name), contestants()[0])] };
}

/**
 * Whether the scanner in C takes part; if so, it is first seen to find what the codecs find.
 * @throws Error when it does not
 */
export function checkScanner(): boolean {
  const module = compileScanner();
  if (module === null) return false;
  for (const name of WITH_C) compareScanner(module, corpusOf(name), contestants()[0]);
  return true;
}

function corpusOf(name: string): Corpus {
  return requestCorpora().find((one) => name === `scan-hash-route/${one.name}`) as Corpus;
}
