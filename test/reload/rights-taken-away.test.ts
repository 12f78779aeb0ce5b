import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { poolFile, shards, startInProcess } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

// A user loses rights in the middle of something. A server whose users are changed says what
// becomes of its clients; ringway, whose file is read again, does the same.

/** One side: what clients connect to, and how its users become others. */
interface Side {
  readonly port: number;
  change(users: readonly string[]): Promise<void>;
  /** To the data, past all rules. */
  readonly direct: RespClient;
  stop(): Promise<void>;
}

const ADMIN = 'admin on >admin ~* &* +@all';
const BEFORE = [ADMIN, 'default off', 'app on >pw ~app:* ~other:* &a:* &b:* +@all -@scripting'];

const NO_KEY = 'this user has no permissions to access one of the keys used as arguments';

let servers: RealServer[];
before(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
});
after(() => Promise.all(servers.map((server) => server.stop())));

async function realSide({ port }: RealServer): Promise<Side> {
  const direct = await RespClient.open(port);
  await direct.command('ACL', 'SETUSER', 'admin', 'on', '>admin', '~*', '&*', '+@all');
  await direct.command('AUTH', 'admin', 'admin');
  const change = async (users: readonly string[]): Promise<void> => {
    const names = users.map((line) => line.split(' ')[0]);
    const known = ((await direct.command('ACL', 'USERS')) as Buffer[]).map(String);
    for (const name of known.filter((each) => !names.includes(each))) {
      await direct.command('ACL', 'DELUSER', name);
    }
    for (const line of users) {
      const [name, ...rules] = line.split(' ');
      if (name === 'admin') continue;
      // In one step, as the lines of a file are.
      const all = ['reset', ...rules];
      assert.equal(await direct.command('ACL', 'SETUSER', name, ...all), 'OK', line);
    }
  };
  await change(BEFORE);
  const stop = async (): Promise<void> => {
    await direct.command('ACL', 'SETUSER', 'default', 'on', 'nopass', '~*', '&*', '+@all');
    direct.close();
  };
  return { port, change, direct, stop };
}

async function ringwaySide({ port }: RealServer): Promise<Side> {
  const pool = (users: readonly string[]) => ({ servers: shards([port]), users: [...users] });
  const ringway = await startInProcess(pool(BEFORE));
  const listen = `127.0.0.1:${ringway.port}`;
  const change = async (users: readonly string[]): Promise<void> => {
    const file = await poolFile([{ listen, ...pool(users) }]);
    await ringway.ringway.reload(parseConfig(Buffer.from(file.text), 'test.yml'));
  };
  const direct = await RespClient.open(port);
  const stop = async (): Promise<void> => {
    direct.close();
    await ringway.stop();
  };
  return { port: ringway.port, change, direct, stop };
}

async function enter({ port }: Side): Promise<RespClient> {
  const client = await RespClient.open(port);
  client.socket.on('error', () => {});
  assert.equal(await client.command('AUTH', 'app', 'pw'), 'OK');
  return client;
}

/** What a client hears, or that it is closed. */
async function hears(client: RespClient, ...words: string[]): Promise<string> {
  try {
    return JSON.stringify(await client.command(...words), (_key, value) => {
      if (value instanceof Error) return `-${value.message}`;
      return value?.type === 'Buffer' ? Buffer.from(value.data).toString() : value;
    });
  } catch {
    return 'closed';
  }
}

/** What is under way, the users afterwards, and what is heard then. */
interface Scene {
  readonly users: readonly string[];
  begin(client: RespClient, side: Side): Promise<unknown>;
  hear(client: RespClient, side: Side): Promise<string[]>;
  /** What is heard of ringway, where that is something else. */
  readonly unlike?: readonly string[];
}

const app = (rules: string): string[] => [ADMIN, 'default off', `app ${rules}`];
const blocked = (side: Side): Promise<unknown> =>
  waitFor('a blocked client', async () =>
    /blocked_clients:1/.test(String(await side.direct.command('INFO', 'clients'))),
  );

const SCENES: Readonly<Record<string, Scene>> = {
  'a transaction of which the last command is not allowed any more': {
    users: app('on >pw ~app:* &* +@all -set'),
    begin: (client) => client.pipeline([['MULTI'], ['SET', 'app:1', 'x']]),
    hear: async (client, { direct }) => [
      (await hears(client, 'EXEC')).replace(/.*(NOPERM|EXECABORT).*/, 'refused'),
      await hears(direct, 'EXISTS', 'app:1'),
    ],
  },
  'a key that is watched and may not be read any more': {
    users: app('on >pw ~other:* &* +@all'),
    begin: (client) => client.command('WATCH', 'app:w'),
    hear: async (client) => [
      await hears(client, 'MULTI'),
      await hears(client, 'SET', 'other:w', 'x'),
      await hears(client, 'EXEC'),
      await hears(client, 'GET', 'app:w'),
    ],
    // After a reload keys may be elsewhere: who watches some has to try again.
    unlike: ['"OK"', '"QUEUED"', 'null', `"-NOPERM ${NO_KEY}"`],
  },
  'a channel that may not be heard any more': {
    users: app('on >pw ~* &b:* +@all'),
    begin: (client) => client.command('SUBSCRIBE', 'a:1'),
    hear: async (client) => [await hears(client, 'PING')],
  },
  'a channel that may still be heard': {
    users: app('on >pw ~* &a:* +@all -ping'),
    begin: (client) => client.command('SUBSCRIBE', 'a:1'),
    hear: async (client, { direct }) => {
      const [message] = await Promise.all([
        client.read(1),
        direct.command('PUBLISH', 'a:1', 'hello'),
      ]);
      return [JSON.stringify((message[0] as unknown[]).map(String))];
    },
  },
  'a pattern that is not among the rules any more, though its channels are': {
    users: app('on >pw ~* &a:1 &a:2 +@all'),
    begin: (client) => client.command('PSUBSCRIBE', 'a:*'),
    hear: async (client) => [await hears(client, 'PING')],
  },
  'a channel of a shard': {
    users: app('on >pw ~* &b:* +@all'),
    begin: (client) => client.command('SSUBSCRIBE', 'a:1'),
    hear: async (client) => [await hears(client, 'PING')],
  },
  'somebody who waits for an element that it may not take any more': {
    users: app('on >pw ~none:* +@all -blpop'),
    begin: async (client, side) => {
      client.socket.write('BLPOP app:l 0\r\n');
      await blocked(side);
    },
    hear: async (client, { direct }) => {
      const [element] = await Promise.all([client.read(1), direct.command('RPUSH', 'app:l', 'e')]);
      return [String(element), await hears(client, 'BLPOP', 'app:l', '1')];
    },
  },
  'somebody who waits, and is a user no more': {
    users: [ADMIN, 'default off'],
    begin: async (client, side) => {
      client.socket.write('BLPOP app:m 0\r\n');
      await blocked(side);
    },
    hear: async (client, { direct }) => {
      await waitFor('the end', () => client.ended);
      await waitFor('nobody to wait', async () =>
        /blocked_clients:0/.test(String(await direct.command('INFO', 'clients'))),
      );
      await direct.command('RPUSH', 'app:m', 'e');
      return [await hears(direct, 'LRANGE', 'app:m', '0', '-1')];
    },
  },
  'somebody who is switched off, and has another password': {
    users: app('off >another ~app:* +@all'),
    begin: (client) => client.command('SET', 'app:s', '1'),
    hear: async (client) => [
      await hears(client, 'GET', 'app:s'),
      await hears(client, 'GET', 'other:s'),
      await hears(client, 'AUTH', 'app', 'pw'),
      await hears(client, 'AUTH', 'app', 'another'),
      await hears(client, 'GET', 'app:s'),
      await hears(client, 'ACL', 'WHOAMI'),
    ],
  },
  'somebody in the middle of a transaction who is a user no more': {
    users: [ADMIN, 'default off'],
    begin: (client) => client.pipeline([['MULTI'], ['SET', 'app:gone', 'x']]),
    hear: async (client, { direct }) => {
      await waitFor('the end', () => client.ended);
      return [await hears(client, 'EXEC'), await hears(direct, 'EXISTS', 'app:gone')];
    },
  },
  'rules that come back': {
    users: app('on >pw ~app:* ~other:* &a:* &b:* +@all -@scripting'),
    begin: (client) => client.pipeline([['WATCH', 'app:b'], ['MULTI'], ['SET', 'app:b', 'x']]),
    hear: async (client) => [await hears(client, 'EXEC')],
  },
};

for (const [name, { users, begin, hear, unlike }] of Object.entries(SCENES)) {
  test(`as with a server: ${name}`, async () => {
    const sides = [await realSide(servers[0]), await ringwaySide(servers[1])];
    const heard: string[][] = [];
    for (const side of sides) {
      await side.direct.command('FLUSHALL');
      const client = await enter(side);
      await begin(client, side);
      await side.change(users);
      heard.push(await hear(client, side));
      client.close();
    }
    assert.deepEqual(heard[1], unlike ?? heard[0]);
    if (unlike !== undefined) assert.notDeepEqual(heard[0], unlike);
    for (const side of sides) await side.stop();
  });
}
