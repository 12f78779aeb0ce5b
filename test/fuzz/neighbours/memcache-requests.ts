import type { Random } from '../random.ts';
import { bytes, number, PREFIX, word } from './words.ts';

// Requests of hostile memcached clients: all text and meta commands with wrong words.

const STORING = ['set', 'add', 'replace', 'append', 'prepend', 'cas'];
const READING = ['get', 'gets', 'gat 0', 'gats 0', 'gat', 'gats'];
const META = ['mg', 'mg', 'md', 'ma', 'me', 'mn', 'ms'];
const META_FLAGS = `b v k t s f c h l O1 q I N30 T30 C1 E9 MI D5 J0 S5 F1 x
  T-1 C18446744073709551616 Dx Ovvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv N99999999999999999999`
  .trim()
  .split(/\s+/);
const OTHERS = `version|verbosity 1|verbosity|stats|stats items|stats slabs|stats sizes|stats reset
stats cachedump 1 1|stats detail dump|flush_all|flush_all 0|flush_all -1 noreply|cache_memlimit 1
slabs reassign 1 2|slabs automove 1|lru mode flat|lru_crawler metadump all|lru_crawler crawl 1|watch
misbehave|shutdown|quit|refresh_certs|extstore free_memchunks 1 1|debugitem lock x:0|mn|touch|incr|decr`.split(
  /[|\n]/,
);

function line(text: string): string {
  return text.replace(/[\r\n]/g, '.');
}

export function memcacheKey(random: Random): string {
  if (random.once(12)) return PREFIX + line(bytes(random, 40)).replaceAll(' ', '_');
  if (random.once(40)) return PREFIX + 'k'.repeat(random.pick([247, 248, 249, 250, 2048, 9_000]));
  return `${PREFIX}${random.below(12)}`;
}

function store(random: Random, end: string): string {
  const size = random.once(20) ? random.pick([4096, 65_536, 300_000]) : random.below(200);
  const data = random.once(6) ? bytes(random, size) : 'v'.repeat(size);
  const claimed = random.once(8) ? number(random) : String(data.length);
  const tail = random.pick(['', '', '', ' noreply', ' 7', ' 7 noreply', ` ${line(word(random))}`]);
  const exptime = random.once(4) ? number(random) : '0';
  const name = random.pick(STORING);
  const head = `${name} ${memcacheKey(random)} ${random.once(5) ? number(random) : 0} ${exptime}`;
  return `${head} ${claimed}${tail}${end}${data}\r\n`;
}

function meta(random: Random, end: string): string {
  const name = random.pick(META);
  const flags = Array.from({ length: random.below(5) }, () => random.pick(META_FLAGS));
  if (name !== 'ms') return `${[name, memcacheKey(random), ...flags].join(' ')}${end}`;
  const data = 'm'.repeat(random.below(300));
  const claimed = random.once(8) ? number(random) : String(data.length);
  return `${[name, memcacheKey(random), claimed, ...flags].join(' ')}${end}${data}\r\n`;
}

/** A header of the binary protocol, which ringway does not speak. */
function binary(random: Random): Buffer {
  const packet = Buffer.alloc(24 + random.below(30));
  for (let i = 0; i < packet.length; i++) packet[i] = random.below(256);
  packet[0] = 0x80;
  return packet;
}

export function memcacheBytes(random: Random): Buffer {
  if (random.once(60)) return binary(random);
  const end = random.pick(['\r\n', '\r\n', '\r\n', '\r\n', '\n', ' \r\n', '\r\r\n']);
  let text: string;
  switch (random.below(7)) {
    case 0:
    case 1:
      text = store(random, end);
      break;
    case 2:
    case 3: {
      const count = random.once(20) ? random.pick([100, 1_001, 3_000]) : random.below(12);
      const keys = Array.from({ length: count }, () => memcacheKey(random));
      text = `${random.pick(READING)} ${keys.join(' ')}${end}`;
      break;
    }
    case 4:
      text = meta(random, end);
      break;
    case 5:
      text = random.pick(OTHERS) + end;
      break;
    default: {
      const name = random.pick(['incr', 'decr', 'touch', 'delete', 'gat', 'nope', '']);
      const tail = random.pick(['', '', ' noreply', ` ${line(word(random))}`]);
      text = `${name} ${memcacheKey(random)} ${number(random)}${tail}${end}`;
    }
  }
  return Buffer.from(text, 'latin1');
}
