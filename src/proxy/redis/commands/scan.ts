import { arrayReply, bulkText, encodeRequest } from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { elementsOf, textOf } from '../../../protocol/redis/replies/reply-parts.ts';
import { nextCursor, parseCursor } from '../../../protocol/redis/replies/scan-cursor.ts';
import { failureReply, REASON_INVALID } from '../../backend/failure.ts';
import { answer, type SpecialRequest, text, word } from '../../routing/request.ts';
import { joinServers } from '../server-answers.ts';

const INVALID = failureReply(REASON_INVALID);

/** SCAN: one server after the other; the cursor says which one and where. */
export function scan(request: SpecialRequest, count: number): boolean {
  const { client } = request;
  const { servers } = client.pool;
  const position = parseCursor(text(request, 1), servers.length);
  if (position === null) return answer(client, replies.INVALID_CURSOR);
  const words = Array.from({ length: count }, (_, i) => word(request, i));
  words[1] = Buffer.from(String(position.cursor));
  const question = {
    request,
    servers: [servers[position.server]],
    bytes: encodeRequest(words),
  };
  return joinServers(question, ([{ reply, isError }]) => {
    const parts = isError ? null : elementsOf(reply);
    if (parts === null || parts.length !== 2) return isError ? reply : INVALID;
    const cursor = textOf(parts[0]);
    if (!/^[0-9]{1,20}$/.test(cursor)) return INVALID;
    const next = nextCursor(position.server, BigInt(cursor), servers.length);
    if (next === null) return replies.error('the cursor of this server does not fit');
    return arrayReply([bulkText(next), parts[1]]);
  });
}
