import fc from 'fast-check';

// Requests made from templates of a command's grammar. The words of a template:
//   K        a key                        W  any word: a value, a member, a group ...
//   I N F    an integer, one above zero, a number with a fraction
//   ( a | b c )   one of these; )? or none, )* any times, )+ once at least
//   #( K W )      a number, and that often what is in the parentheses
//   =( F )        what is in the parentheses, as often as in the last #( )
//   2( K ; 0 )    some of the first, then as many of the second
//   everything else stands for itself, in any case

/** Names that are free to choose: those of options and commands, and numbers. */
export const NAMES: readonly string[] = [
  ...['STORE', 'STOREDIST', 'store', 'BY', 'GET', 'get', 'LIMIT', 'ASC', 'desc', 'ALPHA', '#'],
  ...[
    'STREAMS',
    'streams',
    'GROUP',
    'group',
    'BLOCK',
    'block',
    'COUNT',
    'NOACK',
    'CLAIM',
    '>',
    '$',
  ],
  ...['0', '1', '2', '3', '-1', '01', '+1', '*', '-', '+', 'inf', 'km', 'm', 'a'],
  ...['MATCH', 'ANY', 'WITHDIST', 'WITHSCORES', 'WEIGHTS', 'AGGREGATE', 'LEFT', 'RIGHT', 'MIN'],
  ...['NX', 'XX', 'EX', 'REPLACE', 'DB', 'KEYS', 'FIELDS', 'HELP', 'XREAD', 'SORT', 'USAGE'],
];

/** A request, and which of its words the template says are keys. */
export interface Made {
  readonly words: string[];
  readonly keys: number[];
}

/** Words that are none that a template can name, by the name they have there. */
export type Literals = Readonly<Record<string, string>>;

interface Group {
  readonly kind: '(' | '#(' | '=(' | '2(';
  readonly choices: readonly (readonly Node[])[];
  readonly suffix: string;
}

type Node = string | Group;

function readSequence(tokens: string[]): Node[] {
  const nodes: Node[] = [];
  while (tokens.length > 0 && !/^([|;]|\)[?*+]?)$/.test(tokens[0])) {
    const token = tokens.shift() as string;
    if (!/^[#=2]?\($/.test(token)) {
      nodes.push(token);
      continue;
    }
    const choices = [readSequence(tokens)];
    while (/^[|;]$/.test(tokens[0])) {
      tokens.shift();
      choices.push(readSequence(tokens));
    }
    const end = tokens.shift();
    if (end === undefined) throw new Error('a template without its )');
    nodes.push({ kind: token as Group['kind'], choices, suffix: end.slice(1) });
  }
  return nodes;
}

const INTEGER = fc.integer({ min: -3, max: 3 });
const ABOVE_ZERO = fc.integer({ min: 1, max: 3 });
const FRACTION = fc.constantFrom('1.5', '2', '-0.25');
/** Half of them are those that a search for options would stop at. */
const NAME = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.constantFrom('STORE', 'store', 'STOREDIST', 'STREAMS', 'streams', 'BLOCK', 'GROUP', 'COUNT'),
);
const BOUNDS: Readonly<Record<string, [min: number, max: number]>> = {
  '': [1, 1],
  '?': [0, 1],
  '*': [0, 3],
  '+': [1, 3],
};

class Maker implements Made {
  readonly words: string[] = [];
  readonly keys: number[] = [];
  readonly #draw: fc.GeneratorValue;
  readonly #literals: Literals;
  #counted = 1;

  constructor(draw: fc.GeneratorValue, literals: Literals) {
    this.#draw = draw;
    this.#literals = literals;
  }

  add(nodes: readonly Node[]): void {
    for (const node of nodes) {
      if (typeof node === 'string') this.#word(node);
      else this.#group(node);
    }
  }

  #word(node: string): void {
    if (node === 'K') this.keys.push(this.words.length);
    this.words.push(this.#text(node));
  }

  #text(node: string): string {
    const draw = this.#draw;
    if (node === 'K' || node === 'W') return draw(() => NAME);
    if (node === 'I') return String(draw(() => INTEGER));
    if (node === 'N') return String(draw(() => ABOVE_ZERO));
    if (node === 'F') return draw(() => FRACTION);
    const given = this.#literals[node];
    if (given !== undefined) return given;
    return draw(fc.constantFrom, node, node.toLowerCase(), node[0] + node.slice(1).toLowerCase());
  }

  #group({ kind, choices, suffix }: Group): void {
    if (kind === '#(') {
      this.#counted = this.#draw(() => ABOVE_ZERO);
      this.words.push(String(this.#counted));
      this.#repeat(choices[0], this.#counted);
    } else if (kind === '=(') {
      this.#repeat(choices[0], this.#counted);
    } else if (kind === '2(') {
      const times = this.#draw(() => ABOVE_ZERO);
      for (const half of choices) this.#repeat(half, times);
    } else {
      const [min, max] = BOUNDS[suffix];
      const times = min === max ? min : this.#draw(fc.integer, { min, max });
      for (let i = 0; i < times; i++) this.add(this.#draw(fc.constantFrom, ...choices));
    }
  }

  #repeat(nodes: readonly Node[], times: number): void {
    for (let i = 0; i < times; i++) this.add(nodes);
  }
}

/** Requests of one template. */
export function requestsOf(template: string, literals: Literals = {}): fc.Arbitrary<Made> {
  const tokens = template.match(/\S+/g) ?? [];
  const nodes = readSequence(tokens);
  if (tokens.length > 0) throw new Error(`a template with too many ): ${template}`);
  return fc.gen().map((draw) => {
    const maker = new Maker(draw, literals);
    maker.add(nodes);
    return { words: maker.words, keys: maker.keys };
  });
}
