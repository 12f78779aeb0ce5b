const BLANK = /[ \t\n\v\f\r\0]/;

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  a: '\x07',
};

/**
 * Splits an inline request into words by Redis's rules: blanks separate, "double quotes" know the
 * escapes \n \r \t \b \a \xHH and \any, 'single quotes' only \'; a closing quote must end the word.
 * @param line the line with or without its end @returns the words, null when quotes are unbalanced
 */
export function splitInline(line: Buffer): Buffer[] | null {
  const text = line.toString('latin1');
  const words: Buffer[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && BLANK.test(text[at])) at++;
    if (at === text.length) return words;
    let word = '';
    while (at < text.length && !BLANK.test(text[at])) {
      const quote = text[at];
      if (quote !== '"' && quote !== "'") {
        word += quote;
        at++;
        continue;
      }
      const quoted = quote === '"' ? readDouble(text, at + 1) : readSingle(text, at + 1);
      if (quoted === null) return null;
      word += quoted.text;
      at = quoted.end;
      if (at < text.length && !BLANK.test(text[at])) return null;
    }
    words.push(Buffer.from(word, 'latin1'));
  }
}

interface Quoted {
  text: string;
  end: number;
}

function readDouble(text: string, from: number): Quoted | null {
  let out = '';
  for (let at = from; at < text.length; at++) {
    const c = text[at];
    if (c === '"') return { text: out, end: at + 1 };
    if (c !== '\\' || at + 1 >= text.length) {
      out += c;
      continue;
    }
    const hex = /^x[0-9a-fA-F]{2}/.exec(text.slice(at + 1, at + 4));
    if (hex !== null) {
      out += String.fromCharCode(Number.parseInt(hex[0].slice(1), 16));
      at += 3;
    } else {
      at++;
      out += ESCAPES[text[at]] ?? text[at];
    }
  }
  return null;
}

function readSingle(text: string, from: number): Quoted | null {
  let out = '';
  for (let at = from; at < text.length; at++) {
    if (text[at] === "'") return { text: out, end: at + 1 };
    if (text[at] === '\\' && text[at + 1] === "'") at++;
    out += text[at];
  }
  return null;
}
