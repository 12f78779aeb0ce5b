import type { Sequence } from '../../support/sequences.ts';

const BODY = 'x'.repeat(200_000);

/** What Redis and ringway answer alike: nobody else does anything meanwhile. */
export const ALIKE: readonly Sequence[] = [
  [
    ['RPUSH', '{t}l', 1, 2, 3, 4],
    ['BLPOP', '{t}l', 0],
    ['BRPOP', '{t}none', '{t}l', 1],
    ['LLEN', '{t}l'],
  ],
  [['BLPOP', '{t}none', 0.02], ['PING'], ['BRPOP', '{t}none', '{t}none2', '0.02'], ['GET', '{t}x']],
  [
    ['BRPOPLPUSH', '{t}l', '{t}to', 0],
    ['BLMOVE', '{t}l', '{t}to', 'LEFT', 'RIGHT', 0],
    ['LRANGE', '{t}to', 0, -1],
  ],
  [
    ['BRPOPLPUSH', '{t}none', '{t}to', 0.02],
    ['BLMOVE', '{t}none', '{t}to', 'LEFT', 'RIGHT', 0.02],
    ['PING'],
  ],
  [['BLMOVE', '{t}none', '{t}to', 'UP', 'RIGHT', 0.02], ['PING']],
  [
    ['RPUSH', '{t}m', 1, 2, 3],
    ['BLMPOP', 0.1, 2, '{t}none', '{t}m', 'LEFT', 'COUNT', 2],
    ['BLMPOP', 0.02, 1, '{t}none', 'RIGHT'],
  ],
  [
    ['BLMPOP', 0.02, 'x', '{t}none', 'LEFT'],
    ['BLMPOP', 0.02, 0, '{t}none', 'LEFT'],
    ['BLMPOP', 'x', 1, '{t}none', 'LEFT'],
  ],
  [
    ['ZADD', '{t}z', 1, 'a', 2, 'b', 3, 'c'],
    ['BZPOPMIN', '{t}z', 0],
    ['BZPOPMAX', '{t}none', '{t}z', 0],
    ['BZMPOP', 0.1, 1, '{t}z', 'MIN'],
  ],
  [
    ['BZPOPMIN', '{t}none', 0.02],
    ['BZPOPMAX', '{t}none', 0.02],
    ['BZMPOP', 0.02, 1, '{t}none', 'MAX'],
    ['PING'],
  ],
  [['SET', '{t}s', 1], ['BLPOP', '{t}s', 0], ['BZPOPMIN', '{t}s', 0], ['PING']],
  ...['-1', 'x', '', ' 1', '1 ', 'inf', 'nan', '1e18', '0x', '+', '-0.5'].map(
    (timeout): Sequence => [['BLPOP', '{t}none', timeout], ['PING']],
  ),
  // Numbers in other ways, of which servers make hours.
  [['RPUSH', '{t}e', 1, 2], ['BLPOP', '{t}e', '1e3'], ['BLPOP', '{t}e', '0x10'], ['PING']],
  [['BLPOP', '{t}none', '1e-2'], ['BLPOP', '{t}none', '0.0001'], ['PING']],
  [
    ['BLPOP', '{t}none'],
    ['BLPOP', 'x'],
    ['BLMOVE', 'a', 'b', 'LEFT', 'RIGHT'],
    ['BZMPOP', 1, 1, 'z'],
    ['PING'],
  ],
  // Streams.
  [
    ['XADD', '{t}x', '1-1', 'f', 'v'],
    ['XREAD', 'BLOCK', 0, 'STREAMS', '{t}x', 0],
    ['XREAD', 'BLOCK', 20, 'STREAMS', '{t}x', '$'],
  ],
  [
    ['XREAD', 'COUNT', 1, 'BLOCK', 20, 'STREAMS', '{t}x', '{t}y', 0, 0],
    ['XREAD', 'block', 'x', 'STREAMS', '{t}x', 0],
  ],
  [
    ['XREAD', 'BLOCK', -1, 'STREAMS', '{t}x', 0],
    ['XREAD', 'BLOCK', 0.5, 'STREAMS', '{t}x', 0],
    ['XREAD', 'BLOCK'],
  ],
  [
    ['XGROUP', 'CREATE', '{t}x', 'g', 0],
    ['XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 0, 'STREAMS', '{t}x', '>'],
    ['XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 20, 'STREAMS', '{t}x', '>'],
    ['XREADGROUP', 'GROUP', 'none', 'c', 'BLOCK', 20, 'STREAMS', '{t}x', '>'],
    ['XACK', '{t}x', 'g', '1-1'],
  ],
  // Nothing blocks in a transaction or a script.
  [
    ['MULTI'],
    ['BLPOP', '{t}none', 0],
    ['BLMOVE', '{t}none', '{t}to', 'LEFT', 'LEFT', 0],
    ['BLMPOP', 0, 1, '{t}none', 'LEFT'],
    ['BZPOPMIN', '{t}none', 0],
    ['XREAD', 'BLOCK', 0, 'STREAMS', '{t}x', '$'],
    ['RPUSH', '{t}q', 1],
    ['BLPOP', '{t}q', 0],
    ['EXEC'],
  ],
  [['EVAL', "return redis.call('blpop', KEYS[1], 0)", 1, '{t}none'], ['PING']],
  // In order with what stands around it.
  [
    ['RPUSH', '{t}o', 1],
    ['GET', '{t}a'],
    ['BLPOP', '{t}o', 0],
    ['LLEN', '{t}o'],
    ['BLPOP', '{t}o', 0.02],
    ['RPUSH', '{t}o', 2],
    ['LPOP', '{t}o'],
  ],
  [
    ['SELECT', 3],
    ['RPUSH', '{t}o', 3],
    ['BLPOP', '{t}o', 0],
    ['SELECT', 0],
    ['BLPOP', '{t}o', 0.02],
  ],
  // Large elements, large requests.
  [['RPUSH', '{t}big', BODY], ['BLPOP', '{t}big', 0], ['PING']],
  [['BLPOP', ...Array.from({ length: 5000 }, (_, i) => `{t}none:${i}`), 0.02], ['PING']],
  [
    ['CLIENT', 'REPLY', 'OFF'],
    ['RPUSH', '{t}off', 1, 2],
    ['BLPOP', '{t}off', 0],
    ['CLIENT', 'REPLY', 'ON'],
    ['LLEN', '{t}off'],
    ['DEL', '{t}off'],
  ],
  ['RPUSH {t}i 1\r\nBLPOP {t}i 0\r\nLLEN {t}i\r\n'],
  [
    ['CLIENT', 'UNBLOCK', 'x'],
    ['CLIENT', 'UNBLOCK', 999999],
    ['CLIENT', 'UNBLOCK', 1, 'X'],
    ['CLIENT', 'UNBLOCK'],
  ],
];
