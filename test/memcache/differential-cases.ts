// Requests that ringway must answer exactly as one memcached does, however many servers stand
// behind it. K1, K2 ... are keys of the case, B1, B2 ... the same in base64. Each begins with keys
// that do not exist.

const SET = 'set K1 5 0 3\r\nabc\r\n';
const TWO = `${SET}set K2 0 0 2\r\nxy\r\n`;
const NUMBER = 'set K1 0 0 2\r\n10\r\n';
const HUGE = '9'.repeat(20);
const LONG = 'k'.repeat(251);

function each(before: string, lines: readonly string[]): string[] {
  return lines.map((line) => `${before}${line}\r\n`);
}

/** Behind a storage command, three bytes of data and what reads them back. */
function stored(lines: readonly string[]): string[] {
  return lines.map((line) => `${line}\r\nnew\r\nget K1\r\n`);
}

const RETRIEVAL = [
  ...each('', ['get K1', 'get K1 K2 K3', 'gets K1', 'gat 100 K1', 'gats 100 K1', 'gat 100 K1 K2']),
  ...each(SET, ['get K1', ' get  K1  ', 'get K1 K1 K1', 'gat 100 K1', 'gat 0 K1', 'gat -1 K1']),
  ...each(SET, ['gets K1', 'gats 100 K1', 'gat 99999999999 K1', 'gat 100 K1 K1']),
  // Numbers beyond what a word of the machine holds.
  ...each(SET, [`gat ${HUGE} K1`, `gats ${HUGE} K1`, `gat -${HUGE} K1`, `gat ${HUGE} K1 K2`]),
  ...each(TWO, ['get K1 K2', 'get K2 K1', 'gets K1 K2', 'gat 100 K2 K1', 'gats 100 K1 K2']),
  ...each(TWO, ['get K1 K2 K3 K4 K5 K6 K7 K8', 'get  K1   K2 ', 'gat 100  K1  K2  ']),
  ...each(SET, [
    'get',
    'get ',
    'gets',
    'gat',
    'gats',
    'gat 100',
    'gat x',
    'gat x K1',
    'gat x K1 K2',
  ]),
  ...each(SET, ['gat 1x K1', 'GET K1', 'getx K1']),
  ...each(SET, [
    'gat 99999999999999999999 K1',
    'gat 9223372036854775807 K1',
    'gat 9223372036854775808 K1',
    'gat -9223372036854775809 K1',
    'gat 99999999999999999999',
    'gat 1\tx K1',
  ]),
  // Control characters are as good as others, in keys as well.
  ...each('set K1\t 5 0 3\r\nabc\r\nset \x01K2\x1f 6 0 2\r\nxy\r\n', [
    'get K1\t',
    'get K1\t \x01K2\x1f',
    'get \x01K2\x1f K3 K1\t K1',
    'gat 100 K1\t \x01K2\x1f',
    'mg K1\t k v',
    'touch K1\t 100',
    'append K1\t 0 0 1\r\nd\r\nget K1\t',
    'incr \x01K2\x1f 1',
    'delete K1\t\r\nget K1\t \x01K2\x1f',
  ]),
  // With requests in front of these, memcached loses their replies.
  ...each('', [`get ${LONG}`, `get K1 ${LONG}`, `gat 1 ${LONG}`, `gets K1 K2 ${LONG} K3`]),
  'get K1\n',
  `${SET}get K1\n`,
  'set K1 0 0 0\r\n\r\nget K1\r\n',
  'set K1 0 0 12\r\n\r\nEND\r\nVALUE\r\nget K1\r\nget K2 K1\r\n',
  `set K1 4294967295 0 1\r\nx\r\nget K1\r\n`,
];

const STORAGE = [
  ...stored(['set K1 1 0 3', 'add K1 1 0 3', 'replace K1 1 0 3', 'append K1 1 0 3']),
  ...stored(['prepend K1 1 0 3', 'cas K1 1 0 3 1', ' set  K1  1  0  3  ', 'set K1 0 0 03']),
  ...stored(['set K1 0 -1 3', 'set K1 0 100 3', 'set K1 0 0 3 noreply', 'add K1 0 0 3 noreply']),
  ...stored(['cas K1 0 0 3 1 noreply', 'set K1 0 0 3 other', 'set K1 0 0 +3']),
  ...stored(['replace K1 1 0 3', 'add K1 1 0 3', 'append K1 0 0 3']).map((text) => SET + text),
  ...stored(['prepend K1 0 0 3', 'cas K1 0 0 3 18446744073709551615']).map((text) => SET + text),
  ...stored(['append K1 0 0 3 noreply', 'cas K1 0 0 3 1x', 'cas K1 0 0 3 -1']).map((t) => SET + t),
  ...stored([
    'set',
    'set K1',
    'set K1 0',
    'set K1 0 0',
    'set K1 0 0 3 noreply more',
    'cas K1 0 0 3',
  ]),
  ...stored([`set K1 ${HUGE} 0 3`, `set K1 0 ${HUGE} 3`, `set K1 0 -${HUGE} 3`]),
  ...stored([`set K1 0 0 ${HUGE}`, `cas K1 0 0 3 ${HUGE}`, `set K1 0 ${HUGE} 3 noreply`]),
  ...stored(['set K1 x 0 3', 'set K1 0 x 3', 'set K1 0 0 x', 'set K1 0 0 -1', 'set K1 -1 0 3']),
  ...stored(['set K1 1.5 0 3', 'set K1 0 1.5 3', 'set K1 0 0 3x', 'set K1 0 0 2147483647']),
  ...stored([`set ${LONG} 0 0 3`, `set ${LONG} 0 0 3 noreply`, `cas ${LONG} 0 0 3 1`]),
  ...stored(['set K1 x 0 3 noreply', 'set K1 0 0 -1 noreply', 'Set K1 0 0 3', 'add', 'replace K1']),
  'set K1 0 0 3\r\nabcd\r\nget K1\r\n',
  'set K1 0 0 3\r\nabcdefgh\r\nget K1\r\n',
  'set K1 0 0 3\r\nabXYget K1\r\n',
  'set K1 0 0 1 noreply\r\nabcd\r\nget K1\r\n',
  `${SET}append K1 0 0 2\r\nzzz\r\nget K1\r\n`,
  'set K1 0 0 3\nabc\r\nget K1\r\n',
];

const OTHERS = [
  ...each(NUMBER, ['incr K1 5', 'decr K1 3', 'decr K1 100', 'incr K1 18446744073709551615']),
  ...each(NUMBER, ['incr K1 x', 'incr K1 -1', 'incr K1 1x', 'incr K1 18446744073709551616']),
  ...each(NUMBER, [`incr K1 ${HUGE}`, `decr K1 ${HUGE}`, `touch K1 ${HUGE}`, `verbosity ${HUGE}`]),
  ...each(NUMBER, ['incr K1', 'incr', 'decr K1', 'incr K1 1 2 3', 'incr K1 1 other', 'incr K2 1']),
  ...each(NUMBER, ['incr K1 5 noreply\r\nget K1', 'decr K1 4 noreply\r\nget K1']),
  ...each(NUMBER, ['incr K1 x noreply\r\nget K1', 'incr K1 noreply\r\nget K1', `incr ${LONG} 1`]),
  ...each(SET, ['incr K1 5', 'decr K1 1', 'delete K1\r\nget K1', 'delete K2', 'delete K1 0']),
  ...each(SET, ['delete K1 noreply\r\nget K1', 'delete K1 0 noreply\r\nget K1', 'delete K1 1']),
  ...each(SET, ['delete K1 1 noreply\r\nget K1', 'delete', `delete ${LONG}`, 'delete K1 x y']),
  ...each(SET, ['delete K1 0 0 0', 'touch K1 100', 'touch K1 0', 'touch K2 5', 'touch K1 x']),
  ...each(SET, ['touch K1 -1\r\nget K1', 'touch K1', 'touch', 'touch K1 1 2 3', `touch ${LONG} 1`]),
  ...each(SET, ['touch K1 100 noreply\r\nget K1', 'touch K1 x noreply\r\nget K1']),
  ...each(SET, ['verbosity 1', 'verbosity 0', 'verbosity', 'verbosity x', 'verbosity 1 2 3']),
  ...each(SET, ['verbosity 1 noreply\r\nget K1', 'verbosity noreply\r\nget K1', 'verbosity 1 2']),
  ...each(SET, ['version', 'version x', 'nonsense', '', ' ', 'stats nonsense', 'quit', 'quit now']),
  ...each(SET, ['quitx', 'get K1\r\nquit\r\nget K1', 'delete K1 noreply\r\nnonsense\r\nget K1']),
];

const META_GET_FLAGS = [
  'v',
  'k',
  'f',
  's',
  't',
  'c',
  'h',
  'l',
  'O1',
  'Oxyz k',
  'v f s t k',
  'q',
  'v q',
];
const META_GET = [
  ...each(
    SET,
    META_GET_FLAGS.map((flags) => `mg K1 ${flags}\r\nmn`),
  ),
  ...each(
    '',
    META_GET_FLAGS.map((flags) => `mg K1 ${flags}\r\nmn`),
  ),
  ...each(SET, [
    'mg B1 b v',
    'mg B1 b k v O7',
    'mg B2 b v k',
    'mg B1 v b k q\r\nmn',
    'mg K1 T30 t v',
  ]),
  ...each(SET, ['mg K1 E5', 'mg K1 T30 q\r\nmg K1 t', 'mg  K1   v  k ', 'mg K1 ', 'mg K1 u']),
  ...each('', ['mg K1 N30 v t\r\nmg K1 v', 'mg K1 N30 q\r\nmn', 'mg K1 N30 k O1\r\nmg K1 t k']),
  ...each('', ['mg K1 T30 R40 N50 v\r\nmg K1 R100 v\r\nmg K1 R100 v', 'mg K1 N30 q v\r\nmn']),
  ...each(SET, [
    'mg',
    'mg ',
    `mg ${LONG} v`,
    'mg K1 !',
    'mg K1 v v',
    'mg K1 k O1 k',
    'mg * b',
    'mg Y b',
  ]),
  ...each(SET, [
    'mg K1 Nx',
    'mg K1 N',
    'mg K1 T',
    'mg K1 Rx',
    'mg K1 O',
    `mg K1 O${'x'.repeat(40)}`,
  ]),
  ...each(SET, [`mg K1${' v'.repeat(30)}`, 'MG K1 v', 'mgx K1', 'm', 'mx K1', 'mg K1 q !\r\nmn']),
  `mg K1 v q\r\n${SET}mg K1 v q k\r\nmg K2 q k\r\nmg K1 q s\r\nmn\r\n`,
];

const META_SET = [
  ...[
    '',
    'T100',
    'F7',
    'I',
    'k',
    'O1',
    'c',
    'k O2 c',
    'q',
    'ME',
    'MA',
    'MP',
    'MR',
    'MS',
    'Me',
    'Ma',
  ].flatMap((flags) => ['', SET].map((before) => `${before}ms K1 3 ${flags}\r\nnew\r\nget K1\r\n`)),
  ...[
    'MR q k',
    'ME q k O1',
    'C1',
    'C1 q k',
    'C1 I',
    'MA N30',
    'MP N30 q',
    'b',
    'zz',
    'MX',
    'M',
    'T',
  ].flatMap((flags) => ['', SET].map((before) => `${before}ms K1 3 ${flags}\r\nnew\r\nmn\r\n`)),
  ...stored([
    'ms B1 3 b',
    'ms B1 3 b k O4',
    'ms B1 3 b q',
    'ms K1 3 Tx',
    'ms K1 3 C',
    'ms K1 3 Fx',
  ]),
  ...stored(['ms', 'ms K1', 'ms K1 x', 'ms K1 -1', 'ms K1 S3', `ms ${LONG} 3`, 'ms K1 2147483647']),
  ...stored([
    'ms * 3 b',
    `ms K1 3${' O1'.repeat(30)}`,
    'ms K1 3 O1 O2',
    'ms K1 3 E5',
    'ms K1 3 k k',
  ]),
  'ms K1 3\r\nabcd\r\nget K1\r\n',
  'ms K1 3 q\r\nabcd\r\nget K1\r\n',
  'ms K1 0\r\n\r\nmg K1 v\r\n',
];

const META_REST = [
  ...[
    '',
    'q',
    'k',
    'O1',
    'k q O2',
    'C1',
    'C1 q k',
    'I',
    'I T30',
    'I T30 q',
    'v',
    'x',
    'Tx',
    'b',
    '!',
  ].flatMap((flags) => ['', SET].map((before) => `${before}md K1 ${flags}\r\nmn\r\nmg K1 v t\r\n`)),
  ...each(SET, [
    'md',
    `md ${LONG}`,
    'md B1 b k',
    'md B1 b q\r\nget K1',
    'md * b',
    'md K1 I T30\r\nmg K1 v',
  ]),
  ...[
    '',
    'v',
    't v',
    'k O1',
    'D5 v',
    'MD v',
    'MI D2 v',
    'M+ v',
    'M- D3 v',
    'N30 v',
    'N30 J7 v t',
  ].flatMap((flags) => ['', NUMBER].map((before) => `${before}ma K1 ${flags}\r\nget K1\r\n`)),
  ...[
    'q',
    'q v',
    'q k',
    'N30 q',
    'C1',
    'C1 q k',
    'Mx',
    'Dx',
    'D',
    'N',
    'Nx',
    'J',
    'I',
    'T50 t v',
    '!',
    'c',
  ].flatMap((flags) => ['', NUMBER].map((before) => `${before}ma K1 ${flags}\r\nmn\r\n`)),
  ...each(SET, [
    'ma K1',
    'ma K1 q\r\nmn',
    'ma',
    `ma ${LONG}`,
    'ma B1 b',
    'ma D99999999999999999999',
  ]),
  ...each(SET, [
    'mn',
    'mn x',
    ' mn ',
    'mnx',
    'me',
    'me K2',
    'me K1',
    'me B1 b',
    `me ${LONG}`,
    'me K1 v',
  ]),
];

/** Quiet commands for keys of several servers, with barriers between. */
const QUIET = [
  'mg K1 v q\r\nmg K2 v q\r\nmg K3 v q\r\nmg K4 v q\r\nmn\r\n',
  `${TWO}mg K1 v q k O1\r\nmg K9 v q k O2\r\nmg K2 v q k O3\r\nmn\r\nmg K1 v q O4\r\nmn\r\n`,
  'ms K1 1 q\r\na\r\nms K2 1 q\r\nb\r\nms K3 1 q MR k\r\nc\r\nms K4 1 q\r\nd\r\nmn\r\nget K1 K2 K4\r\n',
  `${TWO}md K1 q\r\nmd K2 q k\r\nmd K3 q k\r\nmd K1 q k\r\nmn\r\nmg K1\r\nmg K2\r\n`,
  `${NUMBER}ma K1 q\r\nma K2 q k\r\nma K1 q N0 v\r\nma K3 q N0 J5\r\nmn\r\nget K1 K3\r\n`,
  `${TWO}mg K1 v q\r\nget K2\r\nmg K2 v q k\r\nmg K3 v q k\r\nset K3 0 0 1\r\nz\r\nmg K3 v q\r\nmn\r\n`,
  `${TWO}mg K1 q !\r\nmg K2 q v\r\nmg K1 q v v\r\nmg * b q\r\nmg K2 q k\r\nmn\r\n`,
  'mn\r\nmn\r\nmn\r\n',
];

export const DIFFERENTIAL_CASES: readonly string[] = [
  ...new Set([
    ...RETRIEVAL,
    ...STORAGE,
    ...OTHERS,
    ...META_GET,
    ...META_SET,
    ...META_REST,
    ...QUIET,
  ]),
];
