import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { slotLines } from '../../../src/commands/top/slots.ts';
import { runCli } from '../../support/command.ts';
import { slotsKnown, startFakeCluster } from '../../support/fake-cluster.ts';
import { freePort } from '../../support/free-port.ts';
import { startChild } from '../../support/ringway.ts';

type Slots = readonly (readonly [first: number, last: number, server: number])[];

function linesOf(slots: Slots | null, names: readonly string[], columns = 100, chosen = '') {
  return slotLines({ slots, names } as never, chosen, 'plain', columns);
}

describe('slots in top', () => {
  test('a map with a letter for each node, and what each has', () => {
    const slots: Slots = [
      [0, 8191, 1],
      [8192, 16000, 0],
      [16001, 16383, 1],
    ];
    const [, head, map, ...rows] = linesOf(slots, ['b:1', 'long-a:1']);
    assert.equal(head, 'SLOTS  16384 of 16384 have an owner');
    assert.match(map, /^0 a{32}b{30,31}a{1,2} 16383$/);
    assert.deepEqual(rows, [
      'a  long-a:1   8575  0-8191 16001-16383',
      'b  b:1        7809  8192-16000',
    ]);
  });

  test('one slot without an owner is seen', () => {
    const slots: Slots = [
      [0, 9999, 0],
      [10001, 16383, 0],
    ];
    const [, head, map] = linesOf(slots, ['a:1']);
    assert.equal(head, 'SLOTS  16383 of 16384 have an owner');
    assert.equal([...map].filter((letter) => letter === '.').length, 1);
  });

  test('of many nodes those around the chosen one', () => {
    const names = Array.from({ length: 1024 }, (_, i) => `n${i}:1`);
    const slots = names.map((_, i) => [i * 16, i * 16 + 15, i] as const);
    const text = linesOf(slots, names, 100, 'n500:1').join('\n');
    assert.match(text, /^\w {2}n500:1 +16 {2}8000-8015$/m);
    assert.match(text, /^… more nodes: \d+ above, \d+ below$/m);
    assert.ok(text.split('\n').length <= 11);
  });

  test('fits every screen, and is not there where there are none', () => {
    for (const columns of [1, 9, 10, 40]) {
      for (const line of linesOf([[0, 16383, 0]], ['a:1'], columns)) {
        assert.ok(line.length <= columns, line);
      }
    }
    assert.deepEqual(linesOf(null, []), []);
  });

  test('of a cluster that runs', async (t) => {
    const cluster = await startFakeCluster(2, () => undefined);
    t.after(() => cluster.stop());
    const http = await freePort();
    const pool = { servers: [`127.0.0.1:${cluster.ports[0]}`], cluster: true };
    const ringway = await startChild(pool, { args: [`--http-addr=127.0.0.1:${http}`] });
    t.after(() => ringway.stop());
    await slotsKnown(ringway, cluster);
    const address = `--http-addr=127.0.0.1:${http}`;
    const { stdout } = await runCli(['top', '--once', '--pool=pool1', address]);
    assert.match(stdout, /queued +slots +reach/);
    assert.match(stdout, new RegExp(`^127.0.0.1:${cluster.ports[1]} .* 8192 +yes `, 'm'));
    assert.match(stdout, /^SLOTS {2}16384 of 16384 have an owner$/m);
    assert.match(stdout, new RegExp(`^\\w  127.0.0.1:${cluster.ports[0]} +8192  0-8191$`, 'm'));
  });
});
