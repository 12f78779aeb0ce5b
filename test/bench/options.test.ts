import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseCheckOptions } from '../../bench/check/options.ts';
import { parseOptions, UsageError } from '../../bench/command-line.ts';
import { parseMacroOptions, SCENARIOS } from '../../bench/macro/options.ts';
import { WORKLOADS } from '../../bench/macro/workloads.ts';
import { parseMicroOptions } from '../../bench/micro/options.ts';

describe('options of the benchmarks', () => {
  test('values may follow or be attached', () => {
    const kinds = { a: 'value', b: 'list', c: 'flag' } as const;
    const options = parseOptions(['--a=x=y', '--b', '1', '--b=2', '--c'], kinds);
    assert.equal(options.value('a'), 'x=y');
    assert.deepEqual(options.list('b'), ['1', '2']);
    assert.equal(options.flag('c'), true);
    for (const bad of [['--d'], ['a'], ['--a'], ['--c=1'], ['--a', '1', '--a', '2']]) {
      assert.throws(() => parseOptions(bad, kinds), UsageError, bad.join(' '));
    }
  });

  test('npm run bench', () => {
    const none = parseMicroOptions([]);
    assert.deepEqual([none.only, none.json, none.compare, none.quick], ['', null, null, false]);
    const all = parseMicroOptions(['--only', 'hash', '--json', 'a', '--compare=b', '--quick']);
    assert.deepEqual([all.only, all.json, all.compare, all.quick], ['hash', 'a', 'b', true]);
    assert.deepEqual([none.svg, none.nodes], [null, []]);
    const { svg, nodes } = parseMicroOptions(['--svg', 'charts', '--node', 'a/node,b/node']);
    assert.deepEqual([svg, nodes], ['charts', ['a/node', 'b/node']]);
  });

  test('npm run bench:e2e', () => {
    const options = parseMacroOptions([]);
    assert.deepEqual(options.codecs, ['auto']);
    assert.equal(options.rounds, 5);
    assert.equal(parseMacroOptions(['--quick']).rounds, 2);
    assert.equal(parseMacroOptions(['--quick', '--rounds=7']).rounds, 7);
    assert.deepEqual(parseMacroOptions(['--codec', 'auto,js,auto']).codecs, ['auto', 'js']);
    for (const bad of ['--rounds=0', '--rounds=x', '--codec=c', '--codec=', '--only=nothing']) {
      assert.throws(() => parseMacroOptions([bad]), UsageError, bad);
    }
  });

  test('npm run bench:check', () => {
    const none = parseCheckOptions([]);
    assert.deepEqual([none.ref, none.rounds, none.micro, none.endToEnd], [null, 9, true, true]);
    const micro = parseCheckOptions(['--micro', '--ref=v1', '--only', 'chunk', '--rounds=5']);
    assert.deepEqual([micro.ref, micro.only, micro.rounds], ['v1', 'chunk', 5]);
    assert.deepEqual([micro.micro, micro.endToEnd], [true, false]);
    assert.equal(parseCheckOptions(['--e2e']).micro, false);
    // With four rounds, four slower ones of four are no proof.
    for (const bad of [['--rounds=4'], ['--micro', '--e2e'], ['--ref']]) {
      assert.throws(() => parseCheckOptions(bad), UsageError, bad.join(' '));
    }
  });

  test('the probe is shorter when it has to be quick', () => {
    assert.equal(parseMacroOptions([]).probeSeconds, 3);
    assert.equal(parseMacroOptions(['--quick']).probeSeconds, 1);
    assert.equal(parseMacroOptions(['--quick', '--probe-seconds=9']).probeSeconds, 9);
    assert.throws(() => parseMacroOptions(['--probe-seconds=0']), UsageError);
  });

  test('scenarios are chosen like workloads, and all by default', () => {
    const { workloads, scenarios } = parseMacroOptions(['--only=start,idle-clients']);
    assert.deepEqual([workloads, scenarios], [[], ['idle-clients', 'start-up']]);
    assert.deepEqual(parseMacroOptions([]).scenarios, SCENARIOS);
    assert.deepEqual(parseMacroOptions([]).workloads, WORKLOADS);
  });

  test('workloads are chosen by whole words of their names', () => {
    const names = (only: string): string[] =>
      parseMacroOptions([`--only=${only}`]).workloads.map(({ name }) => name);
    assert.deepEqual(names('depth1'), ['depth1-get', 'depth1-set']);
    assert.deepEqual(names('get,depth16-set'), ['depth16-set', 'get-16k', 'get-512k']);
  });

  test('a rival is a name and a command', () => {
    const { rivals } = parseMacroOptions(['--rival', 'other=prog  -c {conf}', '--rival=b=x']);
    assert.deepEqual(rivals, [
      { name: 'other', command: ['prog', '-c', '{conf}'] },
      { name: 'b', command: ['x'] },
    ]);
    assert.throws(() => parseMacroOptions(['--rival', 'prog']), UsageError);
  });
});
