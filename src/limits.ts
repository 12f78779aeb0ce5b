/**
 * Every bound of the proxy, with its reason. Those with a configuration key are defaults; the rest
 * are fixed because other code is built around them.
 */

export * from './limits/access.ts';
export * from './limits/clients.ts';
export * from './limits/doors.ts';
export * from './limits/info.ts';
export * from './limits/leases.ts';
export * from './limits/memory.ts';
export * from './limits/promotion.ts';
export * from './limits/pubsub.ts';
export * from './limits/running.ts';
export * from './limits/servers.ts';
export * from './limits/topology.ts';
export * from './limits/tracking.ts';
