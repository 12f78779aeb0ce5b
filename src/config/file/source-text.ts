import type { Position } from '../types.ts';
import type { Problems } from './problems.ts';

/** The text of a file, with offsets that can be turned into lines and columns. */
export class SourceText {
  readonly text: string;
  readonly #lineStarts: number[] = [0];

  constructor(text: string) {
    this.text = text;
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) {
      this.#lineStarts.push(i + 1);
    }
  }

  position(offset: number): Position {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle;
    }
    const before = this.text.slice(this.#lineStarts[low]!, offset);
    return Object.freeze({ line: low + 1, column: [...before].length + 1 });
  }
}

// libyaml's reader: printable characters, tab and line breaks. Lone surrogates cannot come out of
// a strict decoder.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is sought
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/g;

function position(bytes: Uint8Array, offset: number): Position {
  const before = Buffer.from(bytes.buffer, bytes.byteOffset, offset).toString('latin1');
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

function firstBadByte(bytes: Uint8Array): number {
  const stream = new TextDecoder('utf-8', { fatal: true });
  for (let i = 0; i < bytes.length; i++) {
    try {
      stream.decode(bytes.subarray(i, i + 1), { stream: true });
    } catch {
      return i;
    }
  }
  return bytes.length;
}

/** Decodes a file as libyaml's reader would; null when it would refuse it (already reported). */
export function decodeSource(bytes: Uint8Array, problems: Problems): SourceText | null {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const at = position(bytes, firstBadByte(bytes));
    problems.add(at, '', 'the file is not valid UTF-8; expected UTF-8 text');
    return null;
  }
  // YAML 1.1 has more line breaks than the newer parser used here. Same length, so offsets hold.
  const source = new SourceText(text.replaceAll(/\r(?!\n)|[\x85\u2028\u2029]/g, '\n'));
  let clean = true;
  for (const match of source.text.matchAll(FORBIDDEN)) {
    const code = match[0].charCodeAt(0).toString(16).padStart(4, '0').toUpperCase();
    const message = `control character U+${code}; expected printable text`;
    problems.add(source.position(match.index), '', message);
    clean = false;
  }
  return clean ? source : null;
}
