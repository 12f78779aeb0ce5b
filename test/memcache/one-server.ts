import { type FakeServer, type Script, send } from '../support/fake-server.ts';
import { startInProcess, type Variant } from '../support/ringway.ts';
import { startFakeMemcached } from './fake-memcached.ts';
import { RawClient } from './raw-client.ts';

// Gets, their replies, and a ringway in front of one scripted memcached.

export const item = (key: string, value = `<${key}>`): string =>
  `VALUE ${key} 0 ${value.length}\r\n${value}\r\n`;
export const hit = (key: string, value?: string): string => `${item(key, value)}END\r\n`;
export const MISS = 'END\r\n';
export const get = (...keys: string[]): string => `get ${keys.join(' ')}\r\n`;

/** A memcached that has every key but those that begin with "no". */
export const STORE: Script = (_, request) => {
  const words = request.toString('latin1').trim().split(' ');
  if (words[0] !== 'get') return send('STORED\r\n');
  const found = words.slice(1).filter((key) => !key.startsWith('no'));
  return send(`${found.map((key) => item(key)).join('')}END\r\n`);
};

export interface Setup {
  readonly fake: FakeServer;
  readonly ringway: Awaited<ReturnType<typeof startInProcess>>;
  readonly client: RawClient;
  stop(): Promise<void>;
}

/** One client of a ringway with one server that follows `script`, and is connected to it. */
export async function setUp(
  script: Script,
  variant: Variant,
  options: object = {},
): Promise<Setup> {
  const fake = await startFakeMemcached((index, request, socket) =>
    request.toString() === 'version\r\n' ? send('VERSION 1\r\n') : script(index, request, socket),
  );
  const servers = [`127.0.0.1:${fake.port}:1 s1`];
  const ringway = await startInProcess({ redis: false, servers, ...options }, variant);
  const client = await RawClient.open(ringway.port);
  await client.ask('version\r\n');
  const stop = async (): Promise<void> => {
    client.close();
    await ringway.stop();
    await fake.stop();
  };
  return { fake, ringway, client, stop };
}

/** What the server received behind the `version` of setUp(). */
export const linesOf = ({ fake }: Setup): string[] =>
  fake.received.slice(1).map((line) => line.toString('latin1'));
