import { after, before } from 'node:test';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { shards, startInProcess, type TestRingway } from '../support/ringway.ts';
import { Subscriber } from '../support/subscriber.ts';

/** Of a suite: a Redis, a ringway in front of it, and clients of that. */
export interface Trackers {
  open(): Promise<Subscriber>;
  /** One that is told of all keys that it reads. */
  track(): Promise<Subscriber>;
}

/** Starts both before the tests of the suite in which it is called, and stops them behind. */
export function trackers(): Trackers {
  let redis: RealServer;
  let ringway: TestRingway;
  before(async () => {
    redis = await startRedis();
    ringway = await startInProcess({ servers: shards([redis.port]) });
  });
  after(async () => {
    await ringway?.stop();
    await redis?.stop();
  });
  const open = (): Promise<Subscriber> => Subscriber.open(ringway.port);
  const track = async (): Promise<Subscriber> => {
    const client = await open();
    await client.ask(['HELLO', '3']);
    await client.ask(['CLIENT', 'TRACKING', 'ON']);
    return client;
  };
  return { open, track };
}
