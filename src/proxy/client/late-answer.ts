import type { ClientConnection } from './client-connection.ts';

/**
 * Opens the place of the next reply. @returns what puts the reply there, to be called exactly once:
 * until then the client counts as referred to
 */
export function answerLater(client: ClientConnection): (reply: Buffer) => void {
  const { muted } = client.session;
  const slot = muted ? 0 : client.pipeline.open();
  client.references++;
  return (reply) => {
    client.references--;
    if (client.closed) {
      client.releaseIfDone();
      return;
    }
    if (!muted) client.pipeline.deliver(slot, reply);
    client.pool.engine.turn.markClient(client);
  };
}
