import { encodeText, mapReply } from '../../../protocol/redis/replies/encode.ts';
import { forwardBytes } from '../../routing/forward.ts';
import { answer, type SpecialRequest, text } from '../../routing/request.ts';
import { laneOf } from './session.ts';

/** What clients, benchmarks and frameworks look at. Everything else is the servers' business. */
const SHOWN: readonly string[] = [
  'appendonly',
  'databases',
  'maxmemory',
  'maxmemory-policy',
  'notify-keyspace-events',
  'proto-max-bulk-len',
  'replica-read-only',
  'save',
  'slave-read-only',
  'timeout',
];

/** Redis's glob patterns: `*`, `?`, `[abc]`, `[^a-z]`, and a backslash before anything else. */
function globPattern(glob: string): RegExp {
  let pattern = '';
  for (let i = 0; i < glob.length; i++) {
    const set = glob[i] === '[' ? /^\[(\^?)([^\]]+)\]/.exec(glob.slice(i)) : null;
    if (set !== null) {
      pattern += `[${set[1]}${set[2].replace(/[\\[\]^]/g, '\\$&')}]`;
      i += set[0].length - 1;
    } else if (glob[i] === '*') pattern += '.*';
    else if (glob[i] === '?') pattern += '.';
    else {
      if (glob[i] === '\\' && i + 1 < glob.length) i++;
      pattern += glob[i].replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    }
  }
  return new RegExp(`^${pattern}$`, 'i');
}

/** CONFIG GET: of the parameters shown, those asked for, as one server has them. */
export function configGet(request: SpecialRequest, count: number): boolean {
  const { client } = request;
  const patterns = Array.from({ length: count - 2 }, (_, i) => globPattern(text(request, i + 2)));
  const names = SHOWN.filter((name) => patterns.some((pattern) => pattern.test(name)));
  if (names.length === 0) return answer(client, mapReply([], laneOf(client).resp));
  const question = encodeText('CONFIG', 'GET', ...names);
  return forwardBytes(request, client.pool.placeholderServer(), question);
}
