import type { Network } from '../net/network.ts';
import type { Peer, ServerProcess } from '../servers/server-process.ts';
import type { World } from '../world/world.ts';
import type { Disturbances } from './disturbances.ts';

/** No client rests so long in the middle of a request. */
const RESTS_MICROS = 1_500_000;

/** Nobody leaves a request half sent on a connection to a server: whoever goes closes it. */
export class HalfRequests {
  readonly complaints: string[] = [];
  readonly #world: World;
  readonly #network: Network;
  readonly #disturbances: Disturbances;

  constructor(world: World, network: Network, disturbances: Disturbances) {
    this.#world = world;
    this.#network = network;
    this.#disturbances = disturbances;
  }

  watch(server: ServerProcess): void {
    server.onHalf = (peer) => {
      const [from, taken] = [this.#world.micros, peer.takenBytes];
      this.#world.after(RESTS_MICROS, () => {
        if (peer.takenBytes === taken && this.#mustGoOn(server, peer, from)) this.#complain(peer);
      });
    };
  }

  /** Nothing keeps it from going on, nor has since `from`. */
  #mustGoOn(server: ServerProcess, { endpoint }: Peer, from: number): boolean {
    if (endpoint.closed || endpoint.peer.closed || !server.up || server.loop.frozen) return false;
    if (this.#network.isCut(endpoint.address, endpoint.peer.address)) return false;
    return ['', server.name].every((of) => this.#disturbances.since(of) < from);
  }

  #complain({ server, id }: Peer): void {
    this.complaints.push(`${server.name} has half a request of #${id}, whose rest does not come`);
  }
}
