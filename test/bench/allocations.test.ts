import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { allocationsOf, bytesOf, hasCalls, without } from '../../bench/macro/allocation-profile.ts';
import type { SamplerAnswer } from '../../bench/macro/allocation-sampler.ts';
import { waitFor } from '../support/wait.ts';

const SOURCE = 'file:///ringway/src/';

type Tree = Parameters<typeof allocationsOf>[0];

function called(functionName: string, url: string, selfSize: number, ...children: Tree[]): Tree {
  return { callFrame: { functionName, url }, selfSize, children };
}

describe('allocations by function', () => {
  const tree = called(
    ...(['(root)', '', 0] as const),
    called(
      ...(['onread', 'node:net', 7] as const),
      called(
        ...(['flush', `${SOURCE}net/send-queue.js`, 100] as const),
        called('push', '', 20),
        called('FastBuffer', 'node:internal/buffer', 300, called('(V8 API)', '', 5)),
      ),
    ),
    called('flush', `${SOURCE}net/send-queue.js`, 1),
    called('post', 'node:inspector', 40),
    called('', 'file:///ringway/bench/sampler.js', 2),
  );
  const list = allocationsOf(tree, SOURCE);

  test('are added up, the largest first', () => {
    assert.deepEqual(
      list.map(({ name, bytes }) => [name, bytes]),
      [
        ['FastBuffer node:internal/buffer', 300],
        ['flush net/send-queue.ts', 101],
        ['post node:inspector', 40],
        ['push', 20],
        ['onread node:net', 7],
        ['(V8 API)', 5],
        ['(anonymous) file:///ringway/bench/sampler.js', 2],
      ],
    );
  });

  test('belong to ringway, to Node, or to what measures', () => {
    assert.equal(bytesOf(list, 'ringway'), 121);
    assert.equal(bytesOf(list, 'Node'), 312);
    assert.equal(bytesOf(list, 'measuring'), 42);
  });

  test('are of the program whose functions the tree shows', () => {
    assert.equal(hasCalls(tree, SOURCE), true);
    assert.equal(hasCalls(tree, 'file:///ringway/build/'), false);
  });

  test('can be taken off others, function by function', () => {
    const half = list.map((it) => ({ ...it, bytes: it.bytes / 2 }));
    const other = { owner: 'ringway', name: 'accept', caller: '', bytes: 9 } as const;
    const left = without(list, [...half, other]);
    assert.equal(bytesOf(left, 'ringway'), 121 / 2 - 9);
    assert.equal(bytesOf(left, 'Node'), 312 / 2);
    assert.deepEqual(left[0], { ...list[0], bytes: 150 });
  });

  test('say which function of ringway made Node allocate', () => {
    const callerOf = (name: string): string | undefined =>
      list.find((it) => it.name.startsWith(name))?.caller;
    assert.equal(callerOf('FastBuffer'), 'flush net/send-queue.ts');
    assert.equal(callerOf('push'), 'flush net/send-queue.ts');
    assert.equal(callerOf('(V8 API)'), 'flush net/send-queue.ts');
    assert.equal(callerOf('flush'), '');
    assert.equal(callerOf('onread'), '');
  });
});

test('the sampler counts objects that are garbage by the end', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ringway-test-'));
  // Objects of at least 24 bytes, each alive until the next one is made.
  const program = `
    globalThis.kept = null;
    function allocate(i) { globalThis.kept = { i }; }
    setInterval(() => {
      for (let i = 0; i < 1e6; i++) allocate(i);
      process.send('allocated');
    }, 1);
  `;
  const file = join(dir, 'program.mjs');
  writeFileSync(file, program);
  const sampler = new URL('../../bench/macro/allocation-sampler.js', import.meta.url).href;
  const execArgv = ['--import', sampler, '--no-turbo-inlining'];
  const child = fork(file, [], { execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const answers: SamplerAnswer[] = [];
  let rounds = 0;
  child.on('message', (message) => {
    if (message === 'allocated') rounds++;
    else answers.push(message as SamplerAnswer);
  });
  try {
    child.send('start');
    await waitFor('the start', () => answers.length === 1);
    const before = rounds;
    await waitFor('allocations', () => rounds >= before + 2); // the first may have begun before
    child.send('stop');
    await waitFor('the profile', () => answers.length === 2);
    const [started, { head }] = answers;
    assert.equal(started.head, null);
    assert.ok(head);
    const own = bytesOf(allocationsOf(head, `${pathToFileURL(dir).href}/`), 'ringway');
    assert.ok(own >= 24e6, `${own} bytes`);
  } finally {
    child.kill();
    rmSync(dir, { recursive: true, force: true });
  }
});
