import { type RealServer, startRedis, startRedisSet } from './real-servers.ts';
import { RespClient } from './resp-client.ts';
import { shards, startInProcess, type TestRingway, type Variant } from './ringway.ts';

/** A client of a ringway with three servers, and one of a server of its own to compare with. */
export class SideBySide {
  readonly ringway: TestRingway;
  readonly client: RespClient;
  readonly direct: RespClient;
  readonly #servers: readonly RealServer[];

  private constructor(
    servers: readonly RealServer[],
    ringway: TestRingway,
    client: RespClient,
    direct: RespClient,
  ) {
    this.#servers = servers;
    this.ringway = ringway;
    this.client = client;
    this.direct = direct;
  }

  static async start(variant: Variant): Promise<SideBySide> {
    const single = await startRedis();
    const three = await startRedisSet(3);
    const servers = shards(three.map(({ port }) => port));
    const ringway = await startInProcess({ servers, hash: 'md5' }, variant);
    const client = await RespClient.open(ringway.port);
    const direct = await RespClient.open(single.port);
    return new SideBySide([single, ...three], ringway, client, direct);
  }

  async stop(): Promise<void> {
    this.client.close();
    this.direct.close();
    await this.ringway.stop();
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}
