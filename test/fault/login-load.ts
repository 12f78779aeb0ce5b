import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { delay } from '../support/wait.ts';

// Many clients that guess passwords, and many that send half of a login and stop, beside some that
// have logged in and ask as usual.

const TICK_MS = 5;
const HALF_LOGIN = encodeRequest('AUTH', Buffer.alloc(15_700, 'p')).subarray(0, 15 * 1024);

export interface LoginLoad {
  readonly port: number;
  readonly password: string;
  /** Connections of the crowd. */
  readonly crowd: number;
  /** Requests of the whole crowd per second. */
  readonly rate: number;
  /** What each asks: strangers guess passwords; for comparison, clients inside send PING. */
  readonly asks: 'guesses' | 'pings';
  /** Connections that send half of a login and stop. */
  readonly halves: number;
  /** Clients inside whose latency is measured, one request each per 5 ms. */
  readonly inside: number;
  readonly ms: number;
}

export interface LoginFigures {
  /** Requests of the crowd that were answered. */
  readonly asked: number;
  /** Of each client inside: how often it was answered once all was warm. */
  readonly answered: readonly number[];
  /** Requests of the clients inside that were not answered as they should be: the first reasons. */
  readonly failed: readonly string[];
  /** Latencies of the clients inside, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Clients inside, and of all others, that were closed. */
  readonly insideClosed: number;
  readonly othersClosed: number;
}

async function open(port: number, count: number): Promise<RespClient[]> {
  const clients: RespClient[] = [];
  while (clients.length < count) {
    const some = Math.min(100, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: some }, () => RespClient.open(port)))));
  }
  for (const { socket } of clients) socket.on('error', () => {});
  return clients;
}

async function logIn(clients: readonly RespClient[], password: string): Promise<void> {
  for (const client of clients) await client.text('AUTH', password);
}

/** What is asked first, while everything is new, is not measured. */
const WARM_UP_MS = 1000;

/** What one client inside has seen. */
interface Seen {
  readonly latencies: number[];
  readonly failed: string[];
}

/** Asks once per tick until told to stop, or until it fails. */
async function probe(client: RespClient, running: () => boolean): Promise<Seen> {
  const latencies: number[] = [];
  const failed: string[] = [];
  const begun = performance.now();
  while (running() && failed.length === 0) {
    const at = performance.now();
    // There is no such key.
    const reply = await client.command('GET', 'login:probe').catch((error: Error) => error);
    if (reply !== null) failed.push(String(reply));
    else if (at - begun > WARM_UP_MS) latencies.push(performance.now() - at);
    await delay(TICK_MS);
  }
  return { latencies, failed };
}

/** One request after the other, over all connections in turn, at the rate. @returns how many */
async function askInTurn(clients: readonly RespClient[], load: LoginLoad): Promise<number> {
  const begun = performance.now();
  // Written once, so that the crowd itself costs the same whatever it asks.
  const requests = Array.from({ length: 64 }, (_, i) =>
    load.asks === 'pings' ? encodeRequest('PING') : encodeRequest('AUTH', `guess-${i}`),
  );
  let asked = 0;
  for (let now = begun; now < begun + load.ms; now = performance.now()) {
    const due = Math.floor(((now - begun) * load.rate) / 1000);
    for (; asked < due; asked++) {
      clients[asked % clients.length].socket.write(requests[asked % requests.length]);
    }
    await delay(TICK_MS);
  }
  return asked;
}

/** Runs the load. @throws when the crowd does not get one answer for each request */
export async function loginLoad(load: LoginLoad): Promise<LoginFigures> {
  const { port, password } = load;
  const [inside, crowd] = [await open(port, load.inside), await open(port, load.crowd)];
  await logIn(inside, password);
  if (load.asks === 'pings') await logIn(crowd, password);
  const halves = await open(port, load.halves);
  await Promise.all(halves.map((client) => client.send(HALF_LOGIN)));
  await delay(200);
  let running = true;
  const probes = inside.map((client) => probe(client, () => running));
  const asked = await askInTurn(crowd, load);
  running = false;
  const seen = await Promise.all(probes);
  const each = crowd.map((_, i) => Math.floor((asked + crowd.length - 1 - i) / crowd.length));
  const closed = (clients: readonly RespClient[]): number =>
    clients.filter(({ ended }) => ended).length;
  await Promise.all(crowd.map((client, i) => client.read(each[i])));
  const [insideClosed, othersClosed] = [closed(inside), closed(crowd) + closed(halves)];
  for (const client of [...inside, ...crowd, ...halves]) client.close();
  const samples = seen.flatMap(({ latencies }) => latencies).sort((a, b) => a - b);
  const at = (share: number): number => samples[Math.floor((samples.length - 1) * share)];
  const [p50, p99] = [at(0.5), at(0.99)];
  const answered = seen.map(({ latencies }) => latencies.length);
  const failed = seen.flatMap((each) => each.failed);
  return { asked, answered, failed, p50, p99, insideClosed, othersClosed };
}
