import type { Random } from '../random.ts';

// What hostile clients say, word by word. Keys of theirs begin with PREFIX, those of innocent
// clients never do.

export const PREFIX = 'x:';
/** What the keys of innocent clients begin with. */
export const INNOCENT_PREFIX = 'in:';

/** A key of the servers with a password, which only clients who know it may see. */
export const SECRET_KEY = 'in:secret';
/** Its value. */
export const SECRET = '~the-secret-of-the-innocent~';

const split = (text: string): string[] => text.match(/\S+/g) ?? [];

/** Words that mean something to some command, and so may be mistaken where they do not. */
export const OPTION_WORDS: readonly string[] = split(`
  STREAMS GROUP COUNT BLOCK NOACK STORE STOREDIST BY GET ASC DESC LIMIT ALPHA WITHSCORES MATCH TYPE
  NX XX EX PX EXAT PXAT KEEPTTL PERSIST MAXLEN MINID ~ = * $ > 0-0 - + (1 [a FULL REPLACE DB ABSTTL
  IDLETIME FREQ AGGREGATE SUM WEIGHTS ID SKIPME ADDR LADDR USER LIB-NAME LIB-VER SETNAME AUTH ON OFF
  SKIP SYNC ASYNC WITHCODE LIBRARYNAME FIELDS FROMMEMBER FROMLONLAT BYRADIUS BYBOX m KM WITHCOORD
  ANY CH INCR LT GT RANK LEN IDX MINMATCHLEN BEFORE AFTER LEFT RIGHT MIN MAX u8 i64 #1 OVERFLOW WRAP
  BIT BYTE MKSTREAM ENTRIESREAD SETID JUSTID FORCE RETRYCOUNT TIME IDLE normal pubsub streams group
  count block store noreply NODES help`);

const NUMBERS = split(`
  0 1 2 3 7 16 17 99 999 -1 -2 -0 00 +1 1.5 1e3 0x10 nan inf -inf 255 256 65535 65536 1048576 1048577
  2147483647 2147483648 4294967295 4294967296 4294967297 9007199254740993 9223372036854775807
  9223372036854775808 -9223372036854775808 18446744073709551615 18446744073709551616
  99999999999999999999999`);

export function number(random: Random): string {
  if (random.once(2)) return String(random.below(10));
  if (random.once(50)) return '9'.repeat(1 + random.below(400));
  return random.pick(NUMBERS);
}

const GLOB_PARTS = split(`
  * ** ? ?? [z-a] [a-z] [^a] [ [^ [a- ] \\ \\\\ \\] x max ( ) (a|a)* (?:x) + {2,1} a{9999999} | ^ $ . \\d
  \\x \\u [[:alpha:]] [\\ \x80 \xff`);

/** A pattern with what globs and regular expressions give a meaning to. */
export function glob(random: Random, longest = 60): string {
  if (random.once(3)) {
    const part = random.pick(['*', '*', '?*', '*a', '[a*]*', '(a+)+', '**?']);
    return part.repeat(1 + random.below(longest / part.length)) + random.pick(['x', '', '!', ']']);
  }
  let text = '';
  for (let i = random.below(8); i >= 0; i--) text += random.pick(GLOB_PARTS);
  return text.slice(0, longest);
}

/** Any bytes: often line ends, control bytes, or those above 0x7f. */
export function bytes(random: Random, longest: number): string {
  const kind = random.below(4);
  let text = '';
  for (let i = random.below(longest); i >= 0; i--) {
    if (kind === 0)
      text += random.pick(['\r\n', '\r', '\n', '+OK\r\n', '$5\r\nFORGE\r\n', 'a', ':']);
    else if (kind === 1) text += String.fromCharCode(random.below(32));
    else text += String.fromCharCode(kind === 2 ? 0x80 + random.below(128) : random.below(256));
  }
  return text;
}

const FORGED = [
  'x\r\n$5\r\nFORGE',
  'a\r\n+FORGED\r\n:1',
  '\r\n\r\n',
  'END\r\nVALUE a 0 1\r\n1\r\n',
];

export function key(random: Random): string {
  if (random.once(12)) return PREFIX + bytes(random, 40);
  if (random.once(60)) return PREFIX + 'k'.repeat(random.pick([240, 250, 251, 4000, 65_536]));
  return `${PREFIX}${random.pick(['s', 's', 'l', 'z', 'h', ''])}${random.below(8)}`;
}

/** Any hostile word. */
export function word(random: Random): string {
  switch (random.below(9)) {
    case 0:
    case 1:
      return random.pick(OPTION_WORDS);
    case 2:
    case 3:
      return number(random);
    case 4:
      return key(random);
    case 5:
      return glob(random);
    case 6:
      return random.once(3) ? random.pick(FORGED) : bytes(random, 30);
    case 7:
      return random.once(6) ? 'w'.repeat(random.pick([4096, 16_384, 65_535, 65_536])) : '';
    default:
      return random.pick([
        'a',
        'b',
        'default',
        'nobody',
        'raw',
        '"',
        "'",
        '"a',
        'a b',
        '%s',
        '{',
        '}',
      ]);
  }
}

const SCRIPTS: readonly string[] = [
  'return 1',
  '',
  'return {',
  'return redis.call("nope")',
  'return {1,{2,{3,{4,"x"}}},false}',
  'return redis.error_reply("a\\r\\n$5\\r\\nFORGE")',
  'return redis.status_reply("a\\r\\n$5\\r\\nFORGE")',
  'return string.rep("x", 100000)',
  'redis.setresp(3) return {map={a={double=1.5}}}',
  'local t={} for i=1,5000 do t[i]=i end return t',
  'return {err="x\\r\\n+OK\\r\\n"}',
];
const DEPTHS = [1, 7, 31, 32, 33, 40, 64, 200, 1000, 7000];

/** A script of Lua that ends soon. */
export function script(random: Random): string {
  if (random.once(3)) return `return redis.call('get','${SECRET_KEY}')`;
  if (random.once(3)) {
    return `local t={} for i=1,${random.pick(DEPTHS)} do t={t} end return t`;
  }
  return random.pick(SCRIPTS);
}
