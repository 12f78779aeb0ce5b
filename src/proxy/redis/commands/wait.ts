import { WAIT_POLL_MS } from '../../../limits.ts';
import { encodeText, integerReply } from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { countOf } from '../../../protocol/redis/replies/reply-parts.ts';
import { failureReply, REASON_INVALID } from '../../backend/failure.ts';
import { answer, type SpecialRequest, text } from '../../routing/request.ts';
import { type Answer, askServers, collect, type Question } from '../server-answers.ts';

const NUMBER = /^-?[0-9]{1,18}$/;

/**
 * WAIT: the smallest count of replicas that have taken what this client wrote. Servers share their
 * connections, so they are asked again and again instead of letting them wait.
 */
export function wait(request: SpecialRequest): boolean {
  const { client } = request;
  const [replicas, timeout] = [text(request, 1), text(request, 2)];
  if (!NUMBER.test(replicas)) return answer(client, replies.NOT_AN_INTEGER);
  if (!NUMBER.test(timeout)) {
    return answer(client, replies.error('timeout is not an integer or out of range'));
  }
  if (Number(timeout) < 0) return answer(client, replies.error('timeout is negative'));
  const wanted = Number(replicas);
  const until = Number(timeout) === 0 ? Infinity : performance.now() + Number(timeout);
  const { servers } = client.pool;
  const bytes = encodeText('WAIT', '0', '0');
  const again: Question = { request: { ...request, mustSend: true }, servers, bytes };
  return askServers({ request, servers, bytes }, function take(answers, claim): void {
    const least = leastOf(answers);
    if (typeof least !== 'number') claim.deliver(least);
    else if (least >= wanted || performance.now() >= until) claim.deliver(integerReply(least));
    else {
      const left = Math.min(WAIT_POLL_MS, until - performance.now());
      setTimeout(() => {
        const asked = !client.closed && collect(again, claim, (more) => take(more, claim));
        if (!asked) claim.deliver(integerReply(least));
      }, left);
    }
  });
}

/** The smallest number, or the first error; a reply that is no number counts as one. */
function leastOf(answers: readonly Answer[]): number | Buffer {
  const bad = answers.find(({ isError }) => isError);
  if (bad !== undefined) return bad.reply;
  let least = Infinity;
  for (const { reply } of answers) {
    const count = countOf(reply);
    if (count === null) return failureReply(REASON_INVALID);
    least = Math.min(least, count);
  }
  return least;
}
