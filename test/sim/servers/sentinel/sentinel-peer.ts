import type { Endpoint } from '../../net/connection.ts';
import { type Address, addressText } from '../ask-link.ts';
import { upper } from '../redis/command.ts';
import { array, bulk, failure, integer, noArray, RequestStream, status } from '../redis/resp.ts';
import { Peer } from '../server-process.ts';
import type { Monitored } from './monitored.ts';
import type { SimSentinel } from './sim-sentinel.ts';

const NO_SUCH = failure('ERR No such master with that name');

function fields(pairs: readonly (readonly [string, string])[]): Buffer {
  return array(pairs.flat().map((word) => bulk(word)));
}

function place({ host, port }: Address): [string, string][] {
  return [
    ['ip', host],
    ['port', String(port)],
  ];
}

/** Who asks a sentinel: ringway, or another sentinel. */
export class SentinelPeer extends Peer {
  readonly #sentinel: SimSentinel;
  readonly #stream: RequestStream = new RequestStream();
  #subscribed = false;

  constructor(sentinel: SimSentinel, endpoint: Endpoint, id: number) {
    super(sentinel, endpoint, id);
    this.#sentinel = sentinel;
  }

  protected take(bytes: Uint8Array): void {
    this.#stream.add(bytes);
  }

  serve(): Buffer | null {
    const parsed = this.#stream.next();
    if (parsed === null) return null;
    if ('error' in parsed) {
      this.closing = true;
      return failure(parsed.error);
    }
    const words = parsed.words.map((word) => word.toString('latin1'));
    switch (upper(parsed.words[0])) {
      case 'PING':
        return this.#subscribed ? array([bulk('pong'), bulk('')]) : status('PONG');
      case 'PSUBSCRIBE':
        this.#subscribed = true;
        this.#sentinel.listen(this, words.slice(1));
        return Buffer.concat(
          words.slice(1).map((pattern, i) => {
            return array([bulk('psubscribe'), bulk(pattern), integer(i + 1)]);
          }),
        );
      case 'SENTINEL':
        return this.#answer(words[1].toUpperCase(), words.slice(2));
      default:
        return failure(`ERR unknown command '${words[0]}', with args beginning with: `);
    }
  }

  #answer(what: string, words: readonly string[]): Buffer {
    const sentinel = this.#sentinel;
    if (what === 'HELLO') {
      const [from, current, name, host, port, epoch] = words;
      const address = { host, port: Number(port) };
      sentinel.onHello(from, Number(current), name, address, Number(epoch));
      return status('OK');
    }
    if (what === 'IS-MASTER-DOWN-BY-ADDR') {
      const [host, port, epoch, candidate] = words;
      const address = { host, port: Number(port) };
      const [down, leader, leaderEpoch] = sentinel.onAsked(address, Number(epoch), candidate);
      return array([integer(down ? 1 : 0), bulk(leader), integer(leaderEpoch)]);
    }
    const master = sentinel.monitored.get(words[0]);
    if (what === 'GET-MASTER-ADDR-BY-NAME') {
      if (master === undefined) return noArray(2);
      const { host, port } = master.current;
      return array([bulk(host), bulk(String(port))]);
    }
    if (master === undefined) return NO_SUCH;
    if (what === 'MASTER') return this.#master(master);
    if (what === 'REPLICAS') return this.#replicas(master);
    if (what !== 'FAILOVER') return failure(`ERR unknown subcommand '${what}'.`);
    const error = sentinel.forceFailover(master);
    return error === null ? status('OK') : failure(error);
  }

  #master(master: Monitored): Buffer {
    const { sdown } = master.master;
    const flags = `master${sdown ? ',s_down' : ''}${master.odown ? ',o_down' : ''}`;
    return fields([
      ['name', master.name],
      ...place(master.master.address),
      ['flags', flags],
      ['config-epoch', String(master.epoch)],
      ['num-slaves', String(master.replicas.size)],
      ['quorum', String(this.#sentinel.options.quorum)],
    ]);
  }

  #replicas(master: Monitored): Buffer {
    const each = [...master.replicas.values()].map(({ address, sdown, info }) =>
      fields([
        ['name', addressText(address)],
        ...place(address),
        ['flags', `slave${sdown ? ',s_down' : ''}`],
        ['role-reported', info?.isMaster ? 'master' : 'slave'],
      ]),
    );
    return array(each);
  }
}
