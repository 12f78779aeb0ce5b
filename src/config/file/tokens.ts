import { CST, Lexer } from 'yaml';
import type { Problems } from './problems.ts';
import type { SourceText } from './source-text.ts';

/** What nutcracker refuses wherever it stands, by token type. */
const REFUSED: Readonly<Record<string, string>> = {
  'doc-start': 'document start "---" is not allowed; expected one document without markers',
  'doc-end': 'document end "..." is not allowed; expected one document without markers',
  'directive-line': 'a % directive is not allowed; expected plain YAML without directives',
  'flow-map-start':
    'flow style {} is not allowed; expected indented lines, or quotes around a value',
  'flow-seq-start': 'flow style [] is not allowed; expected a "- " line for each item, or quotes',
  anchor: 'an anchor (&) is not allowed; expected plain text, or quotes around a value',
  alias: 'an alias (*) is not allowed; expected plain text, or quotes around a value',
  tag: 'a tag (!) is not allowed; expected plain text, or quotes around a value',
};

const LONE_COLON = 'the ":" is not on the line of its key; expected "key: value"';

const TAB = 'a tab is not allowed here; expected blanks';

/** A zero-width lexeme that says: the next lexeme is a plain or a block scalar. */
const SCALAR_FOLLOWS = '\x1f';

/** After these a token may start that becomes a key; libyaml takes no tab there. */
const KEY_MAY_FOLLOW: ReadonlySet<string> = new Set([
  'newline',
  'seq-item-ind',
  'explicit-key-ind',
  'doc-start',
]);

/** More than an IPv6 address in brackets has, and a port and a weight. */
const LONGEST_HOST = 80;

/** What is said about `[::1]:6379:1`, which other programs take. */
function withoutBrackets(text: string): string | null {
  const found = /^\[([0-9a-fA-F:.]+)\](:[0-9:]+)/.exec(text);
  if (found === null) return null;
  return `an IPv6 address has no brackets here; expected ${found[1]}${found[2]}`;
}

/** Reports every token nutcracker refuses. */
export function checkTokens(source: SourceText, problems: Problems): void {
  let offset = 0;
  let inScalar = false;
  let inFlow = 0;
  let keyMayFollow = true;
  let explicitKeys = false;
  for (const lexeme of new Lexer().lex(source.text)) {
    if (inScalar) {
      inScalar = false;
      offset += lexeme.length;
      // A block scalar ends behind its line break, a plain one before it.
      keyMayFollow = lexeme.endsWith('\n');
      continue;
    }
    if (lexeme === SCALAR_FOLLOWS) {
      inScalar = true;
      continue;
    }
    const type = CST.tokenType(lexeme);
    if (type === 'doc-mode' || type === 'flow-error-end') continue;
    const refused = type === null ? undefined : REFUSED[type];
    if (refused !== undefined && inFlow === 0) {
      const rest = source.text.slice(offset, offset + LONGEST_HOST);
      problems.add(source.position(offset), '', withoutBrackets(rest) ?? refused);
    }
    explicitKeys ||= type === 'explicit-key-ind';
    if (type === 'map-value-ind' && keyMayFollow && !explicitKeys) {
      problems.add(source.position(offset), '', LONE_COLON);
    }
    if (type === 'flow-map-start' || type === 'flow-seq-start') inFlow++;
    if (type === 'flow-map-end' || type === 'flow-seq-end') inFlow = Math.max(0, inFlow - 1);
    if (type === 'space' && keyMayFollow && inFlow === 0 && lexeme.includes('\t')) {
      problems.add(source.position(offset + lexeme.indexOf('\t')), '', TAB);
    }
    if (type !== 'space' && type !== 'comment' && type !== 'byte-order-mark') {
      keyMayFollow = type !== null && KEY_MAY_FOLLOW.has(type);
    }
    offset += lexeme.length;
  }
}
