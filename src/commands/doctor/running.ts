import type { PoolStatus, Status } from '../../stats/http/status.ts';
import type { StatusClient } from '../status-client.ts';

/** A ringway that runs already, as far as it matters for the next one. */
export class Running {
  readonly #pools: readonly PoolStatus[];

  constructor(pools: readonly PoolStatus[] = []) {
    this.#pools = pools;
  }

  /**
   * Asks it.
   * @param wanted somebody says that it runs: then it is a mistake if it does not answer
   */
  static async ask(client: StatusClient, wanted: boolean): Promise<Running> {
    let status: Status;
    try {
      status = await client('');
    } catch (error) {
      if (wanted) throw error;
      return new Running(); // none that is asked there
    }
    return new Running(status.pools);
  }

  /** Whether a pool of it listens there. */
  listensOn(text: string): boolean {
    return this.#pools.some(({ listen, tlsListen }) => listen === text || tlsListen === text);
  }

  /** Its connections to a server, which are there no more when the next one has its own. */
  connectionsTo(address: string): number {
    const servers = this.#pools.flatMap((pool) => pool.servers);
    return servers
      .filter((server) => server.address === address)
      .reduce((sum, { connections }) => sum + connections, 0);
  }
}
