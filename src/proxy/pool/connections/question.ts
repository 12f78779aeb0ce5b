import type { BackendConnection } from '../../backend/backend-connection.ts';

/**
 * Puts the harmless question of the protocol on a connection of its own, which closes when it is
 * answered.
 * @param onReply told the first byte of the reply
 */
export function putQuestion(
  connection: BackendConnection,
  onReply: (first: number) => void,
): BackendConnection {
  const { engine, protocol } = connection.owner.pool;
  const { probe: request } = protocol;
  connection.out.append(request);
  connection.sentFor(
    {
      claim: null,
      distrusts: false,
      awaitsMore: () => false,
      onReply: (start) => {
        onReply(engine.bytes[start]);
        setImmediate(engine.guard.bind(connection, () => connection.close()));
      },
      onFailure: () => {},
    },
    request.length,
    null,
  );
  return connection;
}
