import type { Order, ServerOrder } from './pool/connections/order.ts';
import type { Pool } from './pool/pool.ts';

/**
 * Has every server be what an operator wants.
 * @param orders all that hold @param enabled the server whose ejection is over, if there is one
 */
export function obeyOrders(
  pools: readonly Pool[],
  orders: readonly ServerOrder[],
  enabled: ServerOrder | null,
): void {
  for (const pool of pools) {
    const { name } = pool.config;
    const wanted = new Map<string, Order>();
    for (const { pool: of, server, order } of orders) if (of === name) wanted.set(server, order);
    for (const server of pool.servers) {
      const order = wanted.get(server.name) ?? 'none';
      const isEnabled = enabled?.pool === name && enabled.server === server.name;
      if (order !== server.standing.order || isEnabled) pool.obey(server, order);
    }
  }
}
