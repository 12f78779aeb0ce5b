import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askAdmin } from '../../../src/admin/admin-client.ts';
import { type RealServer, startRedisSet } from '../../support/real-servers.ts';
import { type ChildRingway, poolFile, shards, startChild } from '../../support/ringway.ts';
import { delay, waitFor } from '../../support/wait.ts';
import { random } from './works.ts';

const SERVERS = 4;
const KEYS = { hash_tag: '{}', max_leased_connections: 96, lease_wait: 500, watch_timeout: 2000 };
/** An order is over by then: two workers one after the other, each after half a minute at most. */
const ORDER_MS = 120_000;
/** What a server has acknowledged is there when it is back. */
const LASTING = ['--appendonly', 'yes', '--appendfsync', 'always'];

/** Servers that keep what they have acknowledged, and a ringway that is replaced again and again. */
export class World {
  readonly servers: readonly RealServer[];
  readonly ringway: ChildRingway;
  readonly #folder: string;
  /** What was done to them, and how often. */
  readonly disturbed: Map<string, number> = new Map();
  /** Milliseconds. */
  readonly longest: Map<string, number> = new Map();
  #reloads = 0;

  private constructor(servers: readonly RealServer[], ringway: ChildRingway, folder: string) {
    this.servers = servers;
    this.ringway = ringway;
    this.#folder = folder;
  }

  static async start(workers: string): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), 'ringway-isolation-'));
    const servers = await startRedisSet(SERVERS, { args: LASTING });
    const args = ['--admin-socket', join(folder, 'admin.sock'), '-p', join(folder, 'pid')];
    const pool = { servers: shards(servers.map(({ port }) => port)), timeout: 2000, ...KEYS };
    const ringway = await startChild(pool, {
      args: [...args, '--http-addr', 'off', '--workers', workers],
    });
    return new World(servers, ringway, folder);
  }

  /** The process that serves now, or starts those that do. */
  get pid(): number {
    return Number(readFileSync(join(this.#folder, 'pid'), 'latin1'));
  }

  /** Notes the longest one of its kind. */
  async #order(name: string): Promise<void> {
    const from = performance.now();
    await askAdmin(join(this.#folder, 'admin.sock'), name, ORDER_MS);
    const took = Math.round(performance.now() - from);
    this.longest.set(name, Math.max(took, this.longest.get(name) ?? 0));
  }

  async #reload(): Promise<void> {
    const listen = `127.0.0.1:${this.ringway.port}`;
    const servers = shards(this.servers.map(({ port }) => port));
    const timeout = 2000 + (++this.#reloads % 100);
    const { text } = await poolFile([{ servers, listen, timeout, ...KEYS }]);
    writeFileSync(this.ringway.file, text);
    await this.#order('reload');
  }

  async #upgrade(): Promise<void> {
    const before = this.pid;
    await this.#order('upgrade');
    await waitFor('the next process', () => this.pid !== before);
  }

  /** One thing that may happen at any time. @param round decides on which */
  async disturb(round: number): Promise<void> {
    const server = this.servers[random(this.servers.length)];
    const [what, does] = [
      ['servers killed', () => this.#kill(server)],
      ['reloads', () => this.#reload()],
      ['servers paused', () => pause(server)],
      ['workers replaced', () => this.#order('restart')],
      ['servers killed', () => this.#kill(server)],
      ['upgrades', () => this.#upgrade()],
    ][round % 6] as [string, () => Promise<unknown>];
    await does();
    this.disturbed.set(what, (this.disturbed.get(what) ?? 0) + 1);
  }

  async #kill(server: RealServer): Promise<void> {
    server.kill('SIGKILL');
    await waitFor('its end', () => !server.running);
    await delay(random(300));
    await server.restart();
  }

  async stop(): Promise<void> {
    process.kill(this.pid, 'SIGTERM');
    await this.ringway.gone();
    await Promise.all(this.servers.map((server) => server.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function pause(server: RealServer): Promise<void> {
  server.kill('SIGSTOP');
  await delay(100 + random(300));
  server.kill('SIGCONT');
}
