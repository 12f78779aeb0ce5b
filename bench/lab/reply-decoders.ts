import { Decoder as NodeRedisDecoder } from '@redis/client/dist/lib/RESP/decoder.js';
import { Decoder as IoredisDecoder } from 'ioredis/built/resp/decoder.js';
import RedisParser from 'redis-parser';
import { type Corpus, replyCorpora } from '../corpus.ts';
import { scanReplyWindow } from '../micro/cases.ts';
import type { Case, Task } from '../micro/measure.ts';
import { type Subject, unshared } from '../micro/subjects.ts';
import { windowCase } from '../micro/window-case.ts';

/** Windows per call of a task, as windowCase has them. */
const REPEATS = 8;

/** What client libraries decode replies with; all are asked for Buffers where they can. */
interface Decoder {
  readonly name: string;
  /** @param count is called for each reply */
  readonly make: (count: () => void) => { write(chunk: Buffer): void };
}

const BUFFERS = { 36: Buffer, 43: Buffer };

const DECODERS: readonly Decoder[] = [
  {
    name: 'redis-parser',
    make: (count) => {
      const parser = new RedisParser({
        returnReply: count,
        returnError: count,
        optionReturnBuffers: true,
      });
      return { write: (chunk) => parser.execute(chunk) };
    },
  },
  {
    name: 'node-redis',
    make: (count) =>
      new NodeRedisDecoder({
        onReply: count,
        onErrorReply: count,
        onPush: count,
        getTypeMapping: () => BUFFERS,
      }),
  },
  {
    name: 'ioredis',
    make: (count) =>
      new IoredisDecoder({
        onReply: count,
        onErrorReply: count,
        onPush: count,
        getTypeMapping: () => BUFFERS,
      }),
  },
];

export const DECODED = ['bulk-small', 'bulk-1k', 'array-nested', 'mixed'];

/** A window of replies: ringway finds where each ends, libraries make values of it. */
export function decoderCase(name: string, list: readonly Subject[]): Case {
  const corpus = replyCorpora().find((it) => it.name === name) as Corpus;
  const own = windowCase(`decode/${name}`, corpus, list, (codec, end) => {
    if (scanReplyWindow(codec, end) !== corpus.frames) throw new Error('frames are missing');
  });
  const others = DECODERS.map(({ name: codec, make }): Task => {
    let seen = 0;
    const decoder = make(() => {
      seen++;
    });
    const loop = unshared((write: (chunk: Buffer) => void, chunk: Buffer, times: number) => {
      for (let i = 0; i < times; i++) write(chunk);
    });
    const write = (chunk: Buffer): void => decoder.write(chunk);
    return {
      codec,
      before: () => {
        seen = 0;
      },
      run: () => {
        seen = 0;
        loop(write, corpus.bytes, REPEATS);
        if (seen !== corpus.frames * REPEATS) throw new Error(`${codec}: ${seen} replies`);
      },
    };
  });
  return { ...own, tasks: [...own.tasks, ...others] };
}
