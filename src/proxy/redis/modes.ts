import type { CommandSpec } from '../../protocol/redis/table/commands.ts';
import { MONITORING, QUEUEING, SUBSCRIBED } from '../client/session/modes.ts';
import type { SpecialRequest } from '../routing/request.ts';
import { handleQueueing } from './leases/queueing.ts';
import { handleMonitoring } from './monitor/monitor.ts';
import { handleSubscribed } from './pubsub/restricted.ts';

/**
 * Handles a request of a client that is in a mode.
 * @param spec null when the command is not known @param badArity it has too few or too many words
 * @returns null when it is carried out as usual; false when it must wait, as handleSpecial()
 */
type ModeHandler = (
  request: SpecialRequest,
  spec: CommandSpec | null,
  badArity: boolean,
) => boolean | null;

/** By mode; none for NORMAL. */
const HANDLERS: Readonly<Record<number, ModeHandler>> = {
  [QUEUEING]: handleQueueing,
  [SUBSCRIBED]: handleSubscribed,
  [MONITORING]: handleMonitoring,
};

export const handleInMode: ModeHandler = (request, spec, badArity) => {
  const handler = HANDLERS[request.client.session.mode];
  return handler === undefined ? null : handler(request, spec, badArity);
};
