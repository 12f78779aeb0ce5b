// Run as a process of its own by send-queue.test.ts, because a fault in it ends the process: fills
// many unix sockets as fast as a thread that reads them makes room, so that room is also made
// between the two attempts at one write.
//
//   node build/test/net/full-sockets.js onread|data

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { ReaderKind } from '../../src/net/reader.ts';
import { SendQueue } from '../../src/net/send-queue.ts';
import { SlabPool } from '../../src/net/slab-pool.ts';
import { Writer } from '../../src/net/writer.ts';

const SOCKETS = 32;
const PIECE = 60_000;
const BASE = 4096;
/** It goes on for so long, and until so many writes have had to wait. */
const RUN_MS = 1500;
const LEAST_WAITS = 200;
/** Where nothing has to wait by then, nothing is tried here. */
const GIVE_UP_MS = 20_000;

/** Each piece of socket i is full of the byte i; anything else is wrong. */
function receive(path: string): void {
  let wrong = 0;
  let open = SOCKETS;
  for (let i = 0; i < SOCKETS; i++) {
    const socket = connect(path);
    socket.on('connect', () => socket.write(Buffer.from([i])));
    socket.on('data', (chunk: Buffer) => {
      if (chunk[0] !== i || chunk[chunk.length - 1] !== i || chunk.includes(0xff)) wrong++;
    });
    socket.on('close', () => {
      if (--open === 0) parentPort?.postMessage(wrong);
    });
  }
}

async function send(reader: ReaderKind): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-full-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'socket');
  const memory = Buffer.alloc(
    BASE + SlabPool.bytes({ count: 0, bytes: 4096 }, { count: 128, bytes: 65536 }),
  );
  const slabs = new SlabPool(memory, BASE, { count: 0, bytes: 4096 }, { count: 128, bytes: 65536 });
  const writer = new Writer(memory, reader);
  const queues: { queue: SendQueue; byte: number }[] = [];
  const server = createServer((socket) => {
    const queue = new SendQueue(slabs, writer, {
      onDrained: () => {},
      onException: (error) => {
        throw error;
      },
    });
    queue.open(socket);
    ends.push(() => socket.end());
    socket.once('data', ([byte]) => {
      if (queues.push({ queue, byte }) < SOCKETS) return;
      until = performance.now() + RUN_MS;
      turn();
    });
  });
  const ends: (() => void)[] = [];
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const worker = new Worker(new URL(import.meta.url), { workerData: path });
  let until = 0;
  let waits = 0;
  const turn = (): void => {
    for (const { queue, byte } of queues) {
      for (let pieces = 0; pieces < 4 && !queue.blocked; pieces++) {
        const at = queue.reserve(PIECE);
        if (at === 0) break;
        memory.fill(byte, at, at + PIECE);
        queue.flush();
        if (queue.blocked) waits++;
        else memory.fill(0xff, at, at + PIECE); // the kernel has it: the slab is anybody's
      }
    }
    const late = performance.now() - until;
    if (waits < LEAST_WAITS && late > GIVE_UP_MS) {
      throw new Error(`only ${waits} of ${LEAST_WAITS} writes have had to wait`);
    }
    if (late < 0 || waits < LEAST_WAITS) setImmediate(turn);
    else for (const end of ends) end();
  };
  worker.once('message', (wrong: number) => {
    console.log(JSON.stringify({ wrong }));
    process.exit(0);
  });
}

if (isMainThread) await send(process.argv[2] as ReaderKind);
else receive(workerData as string);
