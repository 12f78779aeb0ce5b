import { SimWitnessStore } from '../../support/witness-store.ts';
import type { Endpoint } from '../net/connection.ts';
import { array, bulk, failure, integer, status } from '../servers/redis/resp.ts';
import { type Peer, ServerProcess } from '../servers/server-process.ts';
import { WordsPeer } from './words-peer.ts';

/** A simulated witness; what it was told is on its disk. */
export class SimWitness extends ServerProcess {
  readonly store: SimWitnessStore = new SimWitnessStore();
  /** What it says instead of the truth, if anything. */
  lie: (truth: string[], words: readonly string[]) => string[] = (truth) => truth;

  protected newPeer(endpoint: Endpoint, id: number): Peer {
    return new WordsPeer(this, endpoint, id, (_, words) => this.#answer(words));
  }

  #answer([name, ...rest]: readonly string[]): Buffer {
    switch (name) {
      case 'PING':
        return status('PONG');
      case 'INFO':
        return bulk('aof_enabled:1\r\nuptime_in_seconds:1000\r\n');
      case 'ROLE':
        return array([bulk('master'), integer(0), array([])]);
      case 'CONFIG':
        return array([bulk('maxmemory-policy'), bulk('noeviction')]);
      case 'EVAL': {
        const [, , key, ...words] = rest;
        return array(
          this.lie(this.store.ask(key, words, this.now), words).map((text) => bulk(text)),
        );
      }
      default:
        return failure(`ERR unknown command '${name}'`);
    }
  }
}
