import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ConfigText, parseConfig } from '../../../src/config/index.ts';
import { SIBLINGS_MS } from '../../../src/limits.ts';
import type { WorkerStart } from '../../../src/run/processes/worker.ts';
import { Worker } from '../../../src/run/processes/worker-process.ts';
import { Workers } from '../../../src/run/processes/workers.ts';
import { onePoolFile } from '../../support/pool-file.ts';
import { waitFor } from '../../support/wait.ts';

const START = {
  codec: 'js',
  reader: null,
  latency: false,
  memoryLimit: 0,
  maxConnections: 0,
  version: '0',
  workers: 1,
  traceRate: 0,
  numbered: 0,
  orders: [],
} as const;

/** A configuration whose pool has a server of this name. */
function withServer(name: string): ConfigText {
  const text = Buffer.from(onePoolFile([], { servers: [`127.0.0.1:1:1 ${name}`] }));
  return { text, config: parseConfig(text, 'test.yml'), attached: new Map() };
}

describe('a worker process, as the first process sees it', () => {
  const [first, second, third] = ['first', 'second', 'third'].map(withServer);

  async function startWorker(t: { after(work: () => void): void }): Promise<Worker> {
    const worker = new Worker(1, { level: 0, write: () => {} }, () => {});
    t.after(() => void worker.child.kill('SIGKILL'));
    const { text, config } = first;
    const message = { file: config.file, text: Buffer.from(text).toString('base64'), attached: [] };
    await worker.start({ ...START, ...message, level: 0, known: [] });
    return worker;
  }

  const serverOf = async (worker: Worker): Promise<string | undefined> =>
    (await worker.snapshot())?.pools[0].servers[0].name;

  test('takes one configuration over behind the other, whoever asks meanwhile', async (t) => {
    const worker = await startWorker(t);
    await Promise.all([worker.follow(second), worker.follow(third)]);
    assert.equal(worker.config, third);
    assert.equal(await serverOf(worker), 'third');
  });

  test('never takes over what was made ready for somebody else', async (t) => {
    const worker = await startWorker(t);
    const change = await worker.prepare(second);
    const later = worker.prepare(third);
    await change.commit(0);
    assert.equal(worker.config, second);
    assert.equal(await serverOf(worker), 'second');
    (await later).abort();
    assert.equal(await serverOf(worker), 'second');
    await worker.follow(third);
    assert.equal(await serverOf(worker), 'third');
  });

  test('is free for another one when the first cannot be had, or is called off twice', async (t) => {
    const worker = await startWorker(t);
    const broken = { ...second, text: Buffer.from('pool: [') };
    await assert.rejects(worker.follow(broken));
    assert.equal(worker.config, null);
    const change = await worker.prepare(second);
    const later = worker.prepare(third);
    change.abort();
    await (await later).commit(0);
    change.abort();
    assert.equal(await serverOf(worker), 'third');
  });

  /** @returns workers, and what they log */
  async function startWorkers(t: { after(work: () => void): void }) {
    const log: string[] = [];
    const workers = await Workers.start(first, {
      ...START,
      log: { level: 5, write: (_level, line) => void log.push(line) },
      onTrouble: () => {},
      known: () => [],
      addresses: () => [],
    });
    t.after(() => workers.stop());
    const said = (text: RegExp): boolean => log.some((line) => text.test(line));
    return { workers, log, said };
  }

  async function isReplaced(workers: Workers, pid: number): Promise<void> {
    await waitFor('another one', () => workers.pids.length === 1 && workers.pids[0] !== pid);
    const { pools } = await workers.snapshot();
    assert.equal(pools[0].servers[0].name, 'second');
  }

  test('that is gone before it has taken it over is not said to have refused it', async (t) => {
    const { workers, log, said } = await startWorkers(t);
    const change = await workers.prepare(second);
    const [pid] = workers.pids;
    process.kill(pid, 'SIGKILL');
    await change.commit(0);
    assert.ok(said(/^worker 1 was gone before it had taken the configuration over: /), log.join());
    assert.ok(!said(/has not taken|did not leave well/), log.join());
    await isReplaced(workers, pid);
  });

  test('that has not taken it over is ended, and the log says what it has not done', async (t) => {
    const { workers, log, said } = await startWorkers(t);
    const refuses = { commit: () => Promise.reject(new Error('broken')), abort: () => {} };
    t.mock.method(Worker.prototype, 'prepare', async () => refuses, { times: 1 });
    const change = await workers.prepare(second);
    const [pid] = workers.pids;
    await change.commit(0);
    const told = /^worker 1 has not taken the configuration over and is ended: broken$/;
    assert.ok(said(told), log.join());
    assert.ok(!said(/was gone|did not leave well/), log.join());
    await isReplaced(workers, pid);
  });
});

/** @returns a worker, and how long it may take for each kind of question that it is asked */
function asked(): { worker: Worker; limits: Map<string, number> } {
  const limits = new Map<string, number>();
  const peer = {
    ask: async (type: string, _body: object, limitMs = 0) => {
      limits.set(type, limitMs);
      return { codec: 'js', reader: 'onread' };
    },
  };
  const worker: Worker = Object.assign(Object.create(Worker.prototype), { peer });
  return { worker, limits };
}

describe('a worker that stands still', () => {
  test('is not waited for without end when it is to start, or when another worker asks', async () => {
    const { worker, limits } = asked();
    await worker.start({} as WorkerStart);
    await worker.answer({});
    assert.ok((limits.get('start') ?? 0) > 0);
    assert.ok((limits.get('sibling') ?? 0) > SIBLINGS_MS, 'who asks gives up first');
  });
});
