import type { Tier } from '../lab/case.ts';
import {
  type Claim,
  claimsOf,
  type LabResult,
  type LabResults,
  sameAgainRatios,
} from '../lab/results.ts';
import { SAME_AGAIN } from '../micro/subjects.ts';
import { median } from '../statistics.ts';
import { short } from '../table.ts';
import { markdown } from './markdown.ts';

/** CPU of ringway per request of a workload, in µs, as `bench:e2e` has measured it. */
export type RequestCosts = ReadonlyMap<string, number>;

/** `Node 20` of a file's machine. */
export function nodeName({ machine }: LabResults): string {
  return `Node ${machine.node.slice(1).split('.')[0]}`;
}

/** The results of one group in one tier. */
export function inGroup(results: LabResults, group: string, tier: Tier): LabResult[] {
  return results.tests.filter((it) => it.group === group && it.tier === tier);
}

/** Times of the first file, ratios of all, and what it is worth in a request. */
export function mainTable(files: readonly LabResults[], costs: RequestCosts): string {
  const [first] = files;
  const head = ['case', 'js ns', 'scalar ns', 'SIMD ns', ...files.map(nodeName), 'effect'];
  const rows = inGroup(first, 'main', 'optimised').map((it) => {
    const claims = claimsOf(it);
    const times = ['js', 'wasm-scalar', 'wasm-simd'].map((name) => named(claims, name));
    return [
      `${it.name}`,
      ...times.map((claim) => (claim === null ? '' : short(claim.ns.median))),
      ...files.map((file) => ratioIn(file, it.name, 'optimised', 'wasm-simd')),
      effectOf(it, claims, costs),
    ];
  });
  return markdown(head, rows);
}

/** What SIMD is meant to be worth, and on which Nodes that counts. */
const WANTED: readonly (readonly [name: string, ratio: number])[] = [
  ['scan-hash-route/get-47', 4],
  ['scan-hash-route/mixed', 3.2],
  ['chunk/get-47', 5.5],
];
const WANTED_ON = ['Node 20', 'Node 24'];

/** What was wanted of the main cases beside what came out. */
export function wantedTable(files: readonly LabResults[]): string {
  const counted = files.filter((file) => WANTED_ON.includes(nodeName(file)));
  const head = ['times JavaScript', 'wanted'];
  for (const file of counted) head.push(nodeName(file), 'best rounds');
  const rows = WANTED.map(([name, wanted]) => [
    name,
    wanted.toFixed(1),
    ...counted.flatMap((file) => {
      const it = file.tests.find((one) => one.name === name && one.tier === 'optimised');
      const [js, simd] = ['js', 'wasm-simd'].map((codec) => bestOf(it, codec));
      const best = js === null || simd === null ? '' : (js / simd).toFixed(2);
      return [ratioIn(file, name, 'optimised', 'wasm-simd'), best];
    }),
  ]);
  return markdown(head, rows);
}

/** The ratios of the best rounds: what else a machine does makes every other round longer. */
export function bestTable(files: readonly LabResults[]): string {
  const head = [
    'case',
    ...files.flatMap((file) => [`${nodeName(file)}: js ns`, 'SIMD ns', 'ratio']),
  ];
  const rows = inGroup(files[0], 'main', 'optimised').map(({ name }) => [
    name,
    ...files.flatMap((file) => {
      const it = file.tests.find((one) => one.name === name && one.tier === 'optimised');
      const [js, simd] = ['js', 'wasm-simd'].map((codec) => bestOf(it, codec));
      return js === null || simd === null
        ? ['', '', '']
        : [short(js), short(simd), (js / simd).toFixed(2)];
    }),
  ]);
  return markdown(head, rows);
}

function bestOf(it: LabResult | undefined, codec: string): number | null {
  const found = it?.contestants.find(({ name }) => name === codec);
  return found === undefined ? null : Math.min(...found.ns.flat());
}

/** What the codec is worth, in words. */
export function scanFigure(files: readonly LabResults[]): string {
  const ratios = files.map((file) => {
    const it = file.tests.find(
      ({ name, tier }) => name === 'scan-hash-route/get-47' && tier === 'optimised',
    );
    const claim = it === undefined ? null : named(claimsOf(it), 'wasm-simd');
    return claim === null ? '' : `${claim.ratio.median.toFixed(1)} (${nodeName(file)})`;
  });
  const said = ratios.filter((text) => text !== '').join(', ');
  return `scanned, hashed and routed in WebAssembly, times as fast as in JavaScript: ${said}`;
}

/** SIMD against JavaScript by what the engine's compilers have done. */
export function tierTable(results: LabResults): string {
  const tiers: readonly Tier[] = ['cold', 'baseline', 'optimised'];
  const head = ['case', ...tiers.flatMap((tier) => [`${tier}: js ns`, 'SIMD ns', 'ratio'])];
  const rows = inGroup(results, 'main', 'optimised').map(({ name }) => [
    name,
    ...tiers.flatMap((tier) => {
      const it = results.tests.find((one) => one.name === name && one.tier === tier);
      const claims = it === undefined ? [] : claimsOf(it);
      const [js, simd] = [named(claims, 'js'), named(claims, 'wasm-simd')];
      if (js === null || simd === null) return ['', '', ''];
      return [short(js.ns.median), short(simd.ns.median), simd.ratio.median.toFixed(2)];
    }),
  ]);
  return markdown(head, rows);
}

/** Every contestant of a group, ns per item with the ratio to JavaScript behind it. */
export function contestantTable(results: LabResults, groups: readonly string[]): string {
  const tests = groups.flatMap((group) => inGroup(results, group, 'optimised'));
  const names = [...new Set(tests.flatMap((it) => it.contestants.map(({ name }) => name)))].filter(
    (name) => name !== SAME_AGAIN,
  );
  const rows = tests.map((it) => {
    const claims = claimsOf(it);
    return [
      it.name,
      ...names.map((name) => {
        const claim = named(claims, name);
        if (claim === null) return '';
        const ratio = name === 'js' ? '' : ` (${claim.ratio.median.toFixed(2)})`;
        return `${short(claim.ns.median)}${ratio}`;
      }),
    ];
  });
  return markdown(['case, ns', ...names], rows);
}

/** What two like contestants differ by, and how far rounds and processes lie apart. */
export function errorTable(files: readonly LabResults[]): string {
  const head = [
    '',
    'cases',
    'A/A: median',
    'lowest',
    'highest',
    'rounds of a process',
    'processes',
  ];
  const rows = files.map((file) => {
    const ratios = sameAgainRatios(file, 'optimised');
    const claims = file.tests.filter((it) => it.tier === 'optimised').flatMap(claimsOf);
    const between = median(claims.map(({ ns }) => (ns.high - ns.low) / ns.median));
    return [
      nodeName(file),
      String(ratios.length),
      median(ratios).toFixed(3),
      Math.min(...ratios).toFixed(2),
      Math.max(...ratios).toFixed(2),
      percent(median(claims.map(({ within }) => within))),
      percent(between),
    ];
  });
  return markdown(head, rows);
}

/** Where SIMD or plain WebAssembly is not faster, in the words of a list. */
export function losses(files: readonly LabResults[]): string {
  const lines = files.flatMap((file) =>
    ['wasm-simd', 'wasm-scalar'].flatMap((codec) => {
      const lost = file.tests
        .filter((it) => it.tier === 'optimised')
        .filter((it) => {
          const claim = named(claimsOf(it), codec);
          return claim !== null && claim.verdict !== 'faster';
        })
        .map(({ name }) => `\`${name}\``);
      return lost.length === 0 ? [] : [`- ${nodeName(file)}, ${codec}: ${lost.join(', ')}.`];
    }),
  );
  return lines.length === 0 ? 'Nowhere.' : lines.join('\n');
}

function ratioIn(file: LabResults, name: string, tier: Tier, contestant: string): string {
  const it = file.tests.find((one) => one.name === name && one.tier === tier);
  const claim = it === undefined ? null : named(claimsOf(it), contestant);
  if (claim === null) return '';
  const { median: middle, low, high } = claim.ratio;
  const mark = claim.verdict === 'faster' ? '' : ` ${claim.verdict}`;
  return `${middle.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})${mark}`;
}

/** What SIMD spares of the CPU of a real request, beside what that costs in all. */
function effectOf(it: LabResult, claims: readonly Claim[], costs: RequestCosts): string {
  const cost = it.effect === undefined ? undefined : costs.get(it.effect.workload);
  const [js, simd] = [named(claims, 'js'), named(claims, 'wasm-simd')];
  if (it.effect === undefined || cost === undefined || js === null || simd === null) return '';
  const spared = ((js.ns.median - simd.ns.median) * it.effect.items) / 1000;
  return `${percent(spared / cost)} of ${short(cost)} µs (${it.effect.workload})`;
}

function named(claims: readonly Claim[], name: string): Claim | null {
  return claims.find((claim) => claim.name === name) ?? null;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
