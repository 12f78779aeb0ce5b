import { repliesOf } from '../differential/raw-replies.ts';
import { encodeRequest, type Word } from './resp-client.ts';
import { readToEnd } from './to-end.ts';

/** Requests that are sent together, or an inline line. */
export type Sequence = readonly (readonly Word[] | string)[];

export function encodeSequence(sequence: Sequence): Buffer {
  const parts = sequence.map((each) =>
    typeof each === 'string' ? Buffer.from(each) : encodeRequest(...each),
  );
  return Buffer.concat(parts);
}

export function titleOf(sequence: Sequence): string {
  const text = sequence
    .map((each) => (typeof each === 'string' ? each.trim() : each.slice(0, 4).join(' ')))
    .join('; ');
  return text.length > 110 ? `${text.slice(0, 110)}...` : text;
}

/**
 * Sends a sequence after HELLO, then QUIT.
 * @param apart each request in a packet of its own @returns the bytes of each reply but HELLO's
 */
export async function repliesTo(
  port: number,
  resp: 2 | 3,
  sequence: Sequence,
  apart = false,
): Promise<string[]> {
  const requests = [['HELLO', resp], ...sequence, ['QUIT']] as const;
  const pieces = apart
    ? requests.map((each) => encodeSequence([each]))
    : [encodeSequence(requests)];
  const got = await readToEnd(port, pieces);
  return repliesOf(Buffer.from(got, 'latin1')).slice(1);
}
