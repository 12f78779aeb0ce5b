import { COMMANDS, SUBCOMMANDS } from '../../../src/protocol/redis/table/commands.ts';
import { type RealServer, startMemcached, startRedisSet } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { Janitor } from './janitor.ts';
import { SECRET, SECRET_KEY } from './words.ts';

// The healthy servers: what reached them, and whether that is right.

/** Commands that ringway refuses: no client may reach a server with one. */
const REFUSED: ReadonlySet<string> = new Set(
  [...COMMANDS, ...SUBCOMMANDS.values()]
    .filter(({ handling }) => handling === 'unsupported')
    .map(({ name }) => name.toLowerCase()),
);
/** This module's own. */
const OWN = new Set(['config|resetstat', 'flushall']);

/** Commands that one request may become, on the whole: parts, probes, polls. */
const PARTS = 12;
const ALWAYS_COMMANDS = 30_000;
/** WAIT is asked again every 20 ms, for one request of a client at a time. */
const POLLS = 40_000;
/** New connections of a round: databases, RESP versions, workers, and bodies on their own. */
const ALWAYS_CONNECTIONS = 1_500;

export class RealSide {
  readonly open: readonly RealServer[];
  readonly secret: readonly RealServer[];
  readonly memcached: readonly RealServer[];
  readonly #clients: RespClient[] = [];
  readonly #janitor = new Janitor();

  constructor(open: RealServer[], secret: RealServer[], memcached: RealServer[]) {
    this.open = open;
    this.secret = secret;
    this.memcached = memcached;
  }

  static async start(password: string): Promise<RealSide> {
    const args = ['--maxclients', '4000'];
    const open = await startRedisSet(2, { args });
    const secret = await startRedisSet(1, { args: [...args, '--requirepass', password] });
    const memcached = [await startMemcached({ args: ['-m', '512'] })];
    memcached.push(await startMemcached({ args: ['-m', '512'] }));
    const side = new RealSide(open, secret, memcached);
    for (const server of [...open, ...secret]) {
      const client = await RespClient.open({ port: server.port, timeoutMs: 20_000 });
      if (secret.includes(server)) await client.command('AUTH', password);
      side.#clients.push(client);
      await side.#janitor.add(server, secret.includes(server) ? password : null);
    }
    side.#janitor.start();
    return side;
  }

  /** Everything as it was, but the secret. */
  async reset(): Promise<void> {
    for (const client of this.#clients) {
      await client.command('FLUSHALL');
      await client.command('SET', SECRET_KEY, SECRET);
      await client.command('CONFIG', 'RESETSTAT');
    }
  }

  /** @param requests of all clients of the round */
  async complaints(requests: number, fewConnections: boolean): Promise<string[]> {
    const found: string[] = [];
    for (const server of [...this.open, ...this.secret, ...this.memcached]) {
      if (!server.running) found.push(`${server.kind} on port ${server.port} ended`);
    }
    if (found.length > 0) return found;
    for (const client of this.#clients) {
      const info = String(await client.text('INFO', 'everything'));
      for (const [, name, calls] of info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
        if (name === 'wait' && Number(calls) > POLLS) found.push(`a server got ${calls} × wait`);
        if (REFUSED.has(name) && !OWN.has(name)) found.push(`a server got ${calls} × ${name}`);
      }
      const figure = (name: string): number => {
        return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
      };
      const commands = figure('total_commands_processed');
      if (commands > ALWAYS_COMMANDS + PARTS * requests) {
        found.push(`${requests} requests became ${commands} commands at one server`);
      }
      const connections = figure('total_connections_received');
      if (!fewConnections && connections > ALWAYS_CONNECTIONS) {
        found.push(`${requests} requests became ${connections} connections to one server`);
      }
    }
    return found;
  }

  async stop(): Promise<void> {
    await this.#janitor.stop();
    for (const client of this.#clients) client.close();
    const all = [...this.open, ...this.secret, ...this.memcached];
    await Promise.all(all.map((server) => server.stop()));
  }
}
