import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Figure, Samples, turning } from '../../bench/check/figures.ts';
import { measureMicro, microCases } from '../../bench/check/micro.ts';
import { Checkout, chooseReference } from '../../bench/check/reference.ts';
import { checkTable, confirmed, summary } from '../../bench/check/report.ts';
import { judge, type Rounds } from '../../bench/check/verdict.ts';
import { Random } from '../../bench/random.ts';

/** Nine rounds on a machine that disturbs each figure by up to `noise`, and the tree `factor` slower. */
function rounds(factor: number, noise: number, seed = 1): Rounds {
  const random = new Random(seed);
  const side = (slower: number): number[] =>
    Array.from({ length: 9 }, () => 100 * slower * (1 + noise * (2 * random.next() - 1)));
  return { tree: side(factor), ref: side(1), again: side(1) };
}

describe('the verdict of bench:check', () => {
  test('a slowdown beyond the noise is one, in steps from quiet to loud machines', () => {
    assert.equal(judge(rounds(1.05, 0.01)).change, 'slower');
    assert.equal(judge(rounds(1.15, 0.05)).change, 'slower');
    assert.equal(judge(rounds(1.5, 0.2)).change, 'slower');
    assert.equal(judge(rounds(0.8, 0.05)).change, 'faster');
  });

  test('a small one is not, however sure it is', () => {
    const { change, ratio } = judge(rounds(1.02, 0.0001));
    assert.equal(change, 'none');
    assert.ok(ratio.low > 1.01);
  });

  test('one that the noise could have made is not', () => {
    const { change, noise } = judge(rounds(1.05, 0.2));
    assert.equal(change, 'none');
    assert.ok(noise > 0.05);
  });

  test('two wild rounds of nine prove nothing', () => {
    const flat = Array.from({ length: 9 }, () => 100);
    const wild = flat.map((value, i) => (i < 2 ? value * 10 : value));
    assert.equal(judge({ tree: wild, ref: flat, again: flat }).change, 'none');
    assert.equal(judge({ tree: flat, ref: flat, again: wild }).change, 'none');
  });

  test('seven slower rounds of nine are not enough, eight are', () => {
    const flat = Array.from({ length: 9 }, () => 100);
    const slower = (count: number): number[] => flat.map((_, i) => (i < count ? 120 : 99));
    assert.equal(judge({ tree: slower(7), ref: flat, again: flat }).change, 'none');
    assert.equal(judge({ tree: slower(8), ref: flat, again: flat }).change, 'slower');
  });

  test('equal builds seldom look slower, and hardly ever twice', () => {
    let suspected = 0;
    let twice = 0;
    for (let seed = 0; seed < 2000; seed++) {
      if (judge(rounds(1, 0.06, seed)).change !== 'slower') continue;
      suspected++;
      if (judge(rounds(1, 0.06, seed + 10_000)).change === 'slower') twice++;
    }
    assert.ok(suspected < 20, `${suspected} of 2000`);
    assert.ok(twice <= 1, `${twice} of 2000`);
  });
});

describe('the report of bench:check', () => {
  const figure = (name: string, factor: number): Figure => {
    const own = rounds(factor, 0.01);
    return { name, unit: 'ns', rounds: own, verdict: judge(own) };
  };
  const first = [figure('a', 1.2), figure('b', 1.2), figure('c', 1)];

  test('only what is slower both times counts', () => {
    const again = [figure('a', 1.2), figure('b', 1), figure('c', 1.2)];
    assert.deepEqual(
      confirmed(first, again).map(({ name }) => name),
      ['a'],
    );
    assert.match(summary(first, again), /^slower than the reference: a \(1\.[12]\d ×\)$/);
    assert.equal(summary(first, []), 'none of 3 figures is slower than the reference');
  });

  test('names each figure with both times and the change', () => {
    const text = checkTable(first);
    assert.match(
      text,
      /^a +[\d.]+ ns +1[12]\d ns +1\.[12]\d\d +1\.\d{3} – 1\.\d{3} +\d\.\d% +slower$/m,
    );
    assert.match(text, /^c .*%$/m);
  });

  test('a figure that one side does not have is left out', () => {
    const samples = new Samples('ns');
    for (let round = 0; round < 5; round++) {
      for (const side of turning(round)) samples.add('both', side, 1);
      samples.add('new', 'tree', 1);
    }
    assert.deepEqual(
      samples.figures().map(({ name }) => name),
      ['both'],
    );
  });

  test('each side is the first as often as the others', () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((round) => turning(round)[0]),
      [...['tree', 'ref', 'again', 'tree']],
    );
  });
});

describe('the codecs in bench:check', () => {
  const dir = mkdtempSync(join(tmpdir(), 'ringway-test-'));
  after(() => rmSync(dir, { recursive: true, force: true }));

  /** A build whose benchmark reports `ns` for each of its cases. */
  function fakeBuild(name: string, ns: number, cases: readonly string[]): string {
    const program = join(dir, name, 'build/bench/micro/index.js');
    mkdirSync(dirname(program), { recursive: true });
    writeFileSync(
      program,
      `const option = (name) => process.argv[process.argv.indexOf(name) + 1];
      const found = ${JSON.stringify(cases)}.filter((name) => name.includes(option('--only')));
      if (found.length === 0) process.exit(2);
      const measurements = found.map((name) => ({ name, codec: 'js', nsPerItem: ${ns} }));
      require('fs').writeFileSync(option('--json'), JSON.stringify({ measurements }));`,
    );
    return join(dir, name);
  }

  test('are measured by the benchmark of each build, and new cases left out', async () => {
    const tree = fakeBuild('tree', 120, ['chunk/a', 'chunk/ab', 'fragment/new']);
    const ref = fakeBuild('ref', 100, ['chunk/a', 'chunk/ab']);
    const figures = await measureMicro({ tree, ref, again: ref }, ['chunk/a', 'fragment/new'], 5);
    assert.deepEqual(
      figures.map(({ name, verdict }) => [name, verdict.change]),
      [['chunk/a js', 'slower']],
    );
  });

  test('a build that cannot be measured is an error', async () => {
    const broken = join(dir, 'broken');
    mkdirSync(broken);
    const builds = { tree: broken, ref: broken, again: broken };
    await assert.rejects(measureMicro(builds, ['chunk/a'], 5), /Cannot find module/);
  });

  test('the cases are those of the codecs that matter for a request', () => {
    const names = microCases('');
    for (const name of ['chunk/mixed', 'scan-replies/line', 'coalesce/in-order-100']) {
      assert.ok(names.includes(name), name);
    }
    assert.deepEqual(microCases('hash/md5'), []);
  });
});

describe('the reference of bench:check', () => {
  const dir = mkdtempSync(join(tmpdir(), 'ringway-test-'));
  const root = join(dir, 'clone');
  const git = (cwd: string, ...args: string[]): string => {
    const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
    return execFileSync('git', [...identity, ...args], { cwd, encoding: 'utf8' }).trim();
  };
  const commit = (cwd: string, subject: string): void => {
    writeFileSync(join(cwd, 'subject.txt'), subject);
    git(cwd, 'add', '--all');
    git(cwd, 'commit', '--quiet', '-m', subject);
  };

  before(() => {
    const origin = join(dir, 'origin');
    mkdirSync(origin);
    git(origin, 'init', '--quiet', '--initial-branch=main');
    const scripts = { build: "node -e \"fs.copyFileSync('subject.txt', 'built.txt')\"" };
    writeFileSync(join(origin, 'package.json'), JSON.stringify({ scripts }));
    writeFileSync(join(origin, 'package-lock.json'), '{}');
    writeFileSync(join(origin, '.gitignore'), 'node_modules\nbuilt.txt\n');
    commit(origin, 'first');
    commit(origin, 'second');
    git(dir, 'clone', '--quiet', origin, root);
    mkdirSync(join(root, 'node_modules'));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  const chosen = (ref: string | null): string =>
    chooseReference(root, ref).subject.replace(/^\w+ /, '');

  test('is the commit before when there is nothing else new', () => {
    assert.equal(chosen(null), 'first');
  });

  test('is where the branch began when it has commits of its own', () => {
    commit(root, 'third');
    commit(root, 'fourth');
    assert.equal(chosen(null), 'second');
  });

  test('is the last commit when there are changes', () => {
    writeFileSync(join(root, 'subject.txt'), 'changed');
    assert.equal(chosen(null), 'fourth');
    assert.equal(chosen('HEAD~1'), 'third');
    assert.throws(() => chooseReference(root, 'nothing'));
  });

  test('is built beside the working tree and leaves no trace', async () => {
    const { commit } = chooseReference(root, 'HEAD~2');
    const checkout = new Checkout(root);
    await checkout.build(commit);
    assert.equal(readFileSync(join(checkout.dir, 'built.txt'), 'utf8'), 'second');
    assert.equal(git(root, 'worktree', 'list').split('\n').length, 2);
    checkout.remove();
    assert.equal(existsSync(checkout.dir), false);
    assert.equal(git(root, 'worktree', 'list').split('\n').length, 1);
    assert.ok(existsSync(join(root, 'node_modules')));
    assert.equal(readFileSync(join(root, 'subject.txt'), 'utf8'), 'changed');
  });
});
