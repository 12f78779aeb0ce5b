import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type RealServer, startRedis } from '../../support/real-servers.ts';
import { delay } from '../../support/wait.ts';
import { Network } from '../net/network.ts';
import type { Loop } from '../world/loop.ts';
import { World } from '../world/world.ts';
import type { Address } from './ask-link.ts';
import { type Asker, askOf, RealAsker, SimAsker } from './askers.ts';
import type { ServerProcess } from './server-process.ts';
import type { Trio } from './story.ts';

const REPLICAS = [1, 2];
const PAUSE_MS = 25;
const PORT = 6379;

/** A master and two replicas, each a process. */
export class RealTrio implements Trio {
  readonly #servers: readonly RealServer[];

  private constructor(servers: readonly RealServer[]) {
    this.#servers = servers;
  }

  static async start(args: readonly string[]): Promise<RealTrio> {
    const all = [...args, '--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];
    const master = await startRedis({ args: all });
    const replicaOf = [...all, '--replicaof', '127.0.0.1', String(master.port)];
    const others = REPLICAS.map(() => startRedis({ args: replicaOf }));
    return new RealTrio([master, ...(await Promise.all(others))]);
  }

  open(server: number): Asker {
    return new RealAsker(this.#servers[server].port);
  }

  place(server: number): readonly [string, string] {
    return ['127.0.0.1', String(this.#servers[server].port)];
  }

  async kill(server: number, keepsData: boolean): Promise<void> {
    const { dir } = this.#servers[server];
    if (keepsData) {
      const asker = this.open(server);
      await askOf(asker, 'SAVE');
      asker.close();
    }
    this.#servers[server].kill('SIGKILL');
    // A replica has written down what it got.
    if (!keepsData) rmSync(join(dir, 'dump.rdb'), { force: true });
  }

  restart(server: number): Promise<void> {
    return this.#servers[server].restart();
  }

  still(server: number, isStill: boolean): void {
    this.#servers[server].kill(isStill ? 'SIGSTOP' : 'SIGCONT');
  }

  pause(): Promise<void> {
    return delay(PAUSE_MS);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}

/** How a simulated server is made. @param master null: it is one */
type Make = (
  world: World,
  network: Network,
  options: { readonly name: string; readonly address: string; readonly port: number },
  master: Address | null,
) => ServerProcess;

/** The same in a simulated world. */
export class SimTrio implements Trio {
  readonly #world: World = new World(1, false);
  readonly #network: Network = new Network(this.#world, true);
  readonly #servers: readonly ServerProcess[];
  readonly #loop: Loop;

  constructor(make: Make) {
    this.#servers = [0, ...REPLICAS].map((i) => {
      const options = { name: `server${i}`, address: `10.0.1.${i + 1}`, port: PORT };
      const master = i === 0 ? null : { host: '10.0.1.1', port: PORT };
      return make(this.#world, this.#network, options, master);
    });
    for (const server of this.#servers) server.start();
    this.#loop = this.#world.process('asker');
    this.#network.place(this.#loop, '10.0.9.1');
  }

  open(server: number): Asker {
    const { address: host, port } = this.#servers[server];
    return new SimAsker(this.#world, this.#network, this.#loop, { host, port });
  }

  place(server: number): readonly [string, string] {
    return [this.#servers[server].address, String(PORT)];
  }

  async kill(server: number, keepsData: boolean): Promise<void> {
    this.#servers[server].crash(keepsData);
  }

  async restart(server: number): Promise<void> {
    this.#servers[server].start();
    await this.pause();
  }

  still(server: number, isStill: boolean): void {
    const { loop } = this.#servers[server];
    if (isStill) loop.freeze();
    else loop.thaw();
  }

  pause(): Promise<void> {
    return this.#world.run(this.#world.micros + PAUSE_MS * 1000);
  }
}
