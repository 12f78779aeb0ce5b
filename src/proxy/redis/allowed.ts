import * as replies from '../../protocol/redis/replies/replies.ts';
import type { CommandSpec } from '../../protocol/redis/table/commands.ts';
import type { SpecialRequest } from '../routing/request.ts';
import { Words } from './words.ts';

/** Why an order to all servers is not given in this pool; null when it is. */
export function notAllowed(request: SpecialRequest, { name }: CommandSpec): Buffer | null {
  const { config } = request.client.pool;
  if (name === 'FLUSHALL' || name === 'FLUSHDB') {
    return config.allowFlush ? null : replies.flushRefused(name);
  }
  return name === 'CONFIG|SET' ? notSettable(request, config.allowConfigSet) : null;
}

/** CONFIG SET parameter value [parameter value ...]. */
function notSettable(request: SpecialRequest, allowed: readonly string[]): Buffer | null {
  const words = Words.of(request);
  if (!words.complete) return replies.TOO_MANY_ARGUMENTS;
  for (let i = 2; i < words.count; i += 2) {
    if (!allowed.includes(words.text(i).toLowerCase())) return replies.CONFIG_SET_REFUSED;
  }
  return null;
}
