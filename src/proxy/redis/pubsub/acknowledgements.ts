import { nullReply } from '../../../protocol/redis/replies/encode.ts';
import type { RespVersion } from '../../backend/lane.ts';
import { type Kind, SUBSCRIBE, UNSUBSCRIBE } from './hub/kinds.ts';

/** What frames of RESP3 begin with, which those of RESP2 begin with a star. */
export const PUSH = 0x3e;

function head(word: string): Buffer {
  return Buffer.from(`3\r\n$${word.length}\r\n${word.toLowerCase()}\r\n`);
}

const SUBSCRIBED: readonly Buffer[] = SUBSCRIBE.map(head);
const UNSUBSCRIBED: readonly Buffer[] = UNSUBSCRIBE.map(head);
const TYPES: readonly Buffer[] = [Buffer.from('*'), Buffer.from('>')];
const LINE_END = Buffer.from('\r\n');

/**
 * What a client hears of its subscription.
 * @param name null = there was nothing to unsubscribe from @param count what it has then
 */
export function acknowledgement(
  kind: Kind,
  subscribed: boolean,
  name: Buffer | null,
  count: number,
  resp: RespVersion,
): Buffer {
  return Buffer.concat([
    TYPES[resp - 2],
    (subscribed ? SUBSCRIBED : UNSUBSCRIBED)[kind],
    ...(name === null ? [nullReply(resp)] : [Buffer.from(`$${name.length}\r\n`), name, LINE_END]),
    Buffer.from(`:${count}\r\n`),
  ]);
}
