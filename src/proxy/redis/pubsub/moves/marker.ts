import { encodeText } from '../../../../protocol/redis/replies/encode.ts';
import { CUT_CHANNEL } from '../hub/frame.ts';
import { CHANNEL } from '../hub/kinds.ts';
import { Topic } from '../hub/topic.ts';

function bulk(text: string): string {
  return `$${Buffer.byteLength(text, 'latin1')}\r\n${text}\r\n`;
}

/**
 * What marks a cut in what one server says: a message that nobody else can publish before it has
 * been, on a channel that only ringway hears.
 */
export class Marker {
  /** What is subscribed to at this server alone: a node of a cluster hands messages on. */
  readonly channel: Topic;
  /** PUBLISH of it. */
  readonly request: Buffer;
  readonly #frame: Buffer;

  /** @param id of the cut @param secret what the message says @param address of the server */
  constructor(id: string, secret: string, address: string) {
    const text = `${CUT_CHANNEL}${id}:${address}`;
    const name = Buffer.from(text, 'latin1');
    this.channel = new Topic(CHANNEL, name, text);
    this.request = encodeText('PUBLISH', text, secret);
    this.#frame = Buffer.from(`*3\r\n${bulk('message')}${bulk(text)}${bulk(secret)}`, 'latin1');
  }

  /** Whether the frame at [start, end) is the message. */
  is(bytes: Buffer, start: number, end: number): boolean {
    return bytes.subarray(start, end).equals(this.#frame);
  }
}
