import { Random } from '../random.ts';
import { KEY_DIGITS, RANDOM } from './workloads.ts';

const BYTES = 8 * 1024 * 1024;
const MOST = 1024;
const LEAST = 16;

/**
 * Requests of `depth` commands each, made before the clock runs; keys are drawn as redis-benchmark
 * draws them.
 */
export function makeBursts(
  command: readonly string[],
  keySpace: number,
  depth: number,
  seed: number,
): Buffer[] {
  const random = new Random(seed);
  const first = burst(command, keySpace, depth, random);
  const count = Math.max(LEAST, Math.min(MOST, Math.floor(BYTES / first.length)));
  const others = Array.from({ length: count - 1 }, () => burst(command, keySpace, depth, random));
  return [first, ...others];
}

function burst(
  command: readonly string[],
  keySpace: number,
  depth: number,
  random: Random,
): Buffer {
  let text = '';
  for (let i = 0; i < depth; i++) {
    text += `*${command.length}\r\n`;
    for (const word of command) {
      const number = String(random.integer(0, keySpace - 1)).padStart(KEY_DIGITS, '0');
      const filled = word.replace(RANDOM, number);
      text += `$${filled.length}\r\n${filled}\r\n`;
    }
  }
  return Buffer.from(text, 'latin1');
}
