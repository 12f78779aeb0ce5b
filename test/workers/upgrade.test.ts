import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { freePort } from '../support/free-port.ts';
import { fill, PipelinedLoad } from '../support/pipelined-load.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { type ChildRingway, type PoolSpec, startChild } from '../support/ringway.ts';
import { Subscriber } from '../support/subscriber.ts';
import { waitFor } from '../support/wait.ts';

let redis: RealServer[] = [];
const pidFiles: string[] = [];

before(async () => {
  redis = await Promise.all([1, 2].map(() => startRedis()));
  await fill(redis);
});
after(async () => {
  for (const pidFile of pidFiles) killIfRunning(Number(readFileSync(pidFile, 'latin1')));
  await Promise.all(redis.map((server) => server.stop()));
});

interface Running {
  readonly ringway: ChildRingway;
  readonly socket: string;
  readonly pidFile: string;
  /** Ends whichever process serves now. */
  stop(): Promise<void>;
}

async function run(args: readonly string[], pool: Partial<PoolSpec> = {}): Promise<Running> {
  const base = `/tmp/ringway-upgrade-${process.pid}-${await freePort()}`;
  const [socket, pidFile] = [`${base}.sock`, `${base}.pid`];
  const servers = redis.map(({ port }, i) => `127.0.0.1:${port}:1 s${i + 1}`);
  const more = ['--admin-socket', socket, '-p', pidFile, '--http-addr', 'off', ...args];
  const ringway = await startChild({ servers, ...pool }, { args: more });
  pidFiles.push(pidFile);
  return {
    ringway,
    socket,
    pidFile,
    stop: async () => {
      process.kill(Number(readFileSync(pidFile, 'latin1')), 'SIGTERM');
      await ringway.gone();
    },
  };
}

const NOTHING_WRONG = { wrong: 0, lost: 0, refused: 0, unanswered: 0, first: '' };

for (const workers of ['1', '2']) {
  describe(`upgrade, --workers ${workers}`, () => {
    test('the next process takes over under load: no client notices', async () => {
      const { ringway, socket, pidFile, stop } = await run(['--workers', workers, '--stats-own']);
      const load = new PipelinedLoad({
        port: ringway.port,
        clients: 8,
        depth: 16,
        visitorsEveryMs: 5,
      });
      const before = Number(readFileSync(pidFile, 'latin1'));
      assert.equal(before, ringway.pid);
      const first = (await askAdmin(socket, 'upgrade'))['pid'];
      await waitFor('the old process to end', () => ringway.child.exitCode !== null);
      assert.equal(ringway.child.exitCode, 0);
      assert.equal(Number(readFileSync(pidFile, 'latin1')), first, 'the pid file follows');
      process.kill(first as number, 'SIGUSR2');
      const next = await waitFor('the third process', () => {
        const pid = Number(readFileSync(pidFile, 'latin1'));
        return pid !== first && pid;
      });
      const answered = load.answered;
      await waitFor('more replies', () => load.answered > answered + 1000);
      await load.stop();
      assert.deepEqual(load.summary, NOTHING_WRONG);
      const client = await RespClient.open(ringway.statsPort);
      const stats = JSON.parse((await client.readToEnd()).toString());
      assert.equal(stats.ringway.workers, Number(workers));
      assert.notEqual(next, before);
      await stop();
    });
  });
}

for (const workers of ['1', '2']) {
  for (const order of ['upgrade', 'restart']) {
    if (workers === '1' && order === 'restart') continue;
    describe(`who is blocked, ${order}, --workers ${workers}`, () => {
      test('goes along with the time that is left, and misses nothing', async () => {
        const { ringway, socket, stop } = await run(['--workers', workers, '--stats-own']);
        const open = async (): Promise<RespClient> => RespClient.open(ringway.port);
        const [endless, timed, muted, streams, writer] = await Promise.all(
          [1, 2, 3, 4, 5].map(open),
        );
        const trees = 'ash beech cedar elm fir hazel larch maple oak pine'.split(' ');
        const began = Date.now();
        endless.socket.write(encodeRequest('BLPOP', 'list', 0));
        timed.socket.write(encodeRequest('BLMOVE', '{no}1', '{no}2', 'LEFT', 'LEFT', '1.5'));
        muted.socket.write(encodeRequest('CLIENT', 'REPLY', 'SKIP'));
        muted.socket.write(encodeRequest('BRPOP', 'quiet', 0));
        const ids = trees.map(() => '$');
        streams.socket.write(encodeRequest('XREAD', 'BLOCK', 0, 'STREAMS', ...trees, ...ids));
        await waitFor('all to be blocked', async () => (await blockedOn(redis)) === 5);
        await askAdmin(socket, order);
        if (order === 'upgrade') {
          await waitFor('the old process to end', () => ringway.child.exitCode !== null);
        }
        assert.ok(Date.now() - began < 15_000, 'nobody had to be waited for');
        await waitFor('all to be blocked again', async () => (await blockedOn(redis)) >= 4);
        for (const words of [
          ['RPUSH', 'list', 'element'],
          ['RPUSH', 'quiet', 'unheard'],
          ['XADD', 'oak', '1-1', 'f', 'v'],
        ]) {
          await writer.command(...words);
        }
        assert.equal(String((await endless.read(1))[0]), 'list,element');
        assert.equal(String((await streams.read(1))[0]), 'oak,1-1,f,v');
        assert.equal((await timed.read(1))[0], null);
        assert.ok(Date.now() - began >= 1500, 'not before its time is over');
        assert.equal(await muted.command('LLEN', 'quiet'), 0);
        assert.equal(await blockedOn(redis), 0);
        await writer.command('DEL', 'oak');
        for (const client of [endless, timed, muted, streams, writer]) client.close();
        await stop();
      });
    });
  }
}

async function blockedOn(servers: readonly RealServer[]): Promise<number> {
  let all = 0;
  for (const { port } of servers) {
    const control = await RespClient.open(port);
    all += Number(/blocked_clients:(\d+)/.exec(String(await control.command('INFO')))?.[1]);
    control.close();
  }
  return all;
}

test('who tracks goes along, blocked or in a transaction, and keeps nothing that it has read', async () => {
  const { ringway, socket, stop } = await run(['--workers', '1']);
  const open = (): Promise<Subscriber> => Subscriber.open(ringway.port);
  const [blocked, multi, writer] = [await open(), await open(), await open()];
  for (const client of [blocked, multi]) {
    await client.ask(['HELLO', '3']);
    await client.ask(['CLIENT', 'TRACKING', 'ON']);
  }
  await multi.ask(['MULTI']);
  await multi.ask(['GET', 'key:9']);
  blocked.send(['XREAD', 'BLOCK', 0, 'STREAMS', 'oak', '0']);
  await waitFor('it to be blocked', async () => (await blockedOn(redis)) === 1);
  await askAdmin(socket, 'upgrade');
  await waitFor('the old process to end', () => ringway.child.exitCode !== null);
  await waitFor('it to be blocked again', async () => (await blockedOn(redis)) === 1);
  await writer.ask(['XADD', 'oak', '1-1', 'f', 'v']);
  const forgets = ({ frames }: Subscriber, from: number): boolean =>
    frames.slice(from).some((each) => each.includes('invalidate'));
  await waitFor('the entry', () => blocked.frames.some((each) => each.startsWith('%')));
  assert.ok(forgets(blocked, 0));
  // It may have been told of that before, too.
  await waitFor('it to be told that it has moved', () => forgets(multi, 0));
  const before = multi.frames.length;
  multi.send(['EXEC']);
  await waitFor('the value, then that it is to be forgotten', () => forgets(multi, before));
  assert.match(multi.frames[before], /^\*1\r\n\$\d+\r\nkey:9@/);
  await writer.ask(['DEL', 'oak']);
  for (const each of [blocked, multi, writer]) each.close();
  await stop();
});

describe('an upgrade', () => {
  test('keeps requests that are in flight, half sent, and what a client has said', async () => {
    const { ringway, socket, stop } = await run([]);
    const [waiting, half, named, multi, watching, busy] = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(() => RespClient.open(ringway.port)),
    );
    assert.equal(await named.command('SELECT', '1'), 'OK');
    await named.command('CLIENT', 'SETNAME', 'traveller');
    assert.equal(await multi.command('MULTI'), 'OK');
    assert.equal(await multi.command('SET', 'key:5', 'changed'), 'QUEUED');
    assert.equal(await watching.command('WATCH', 'key:6'), 'OK');
    assert.equal(await busy.command('WATCH', 'key:7'), 'OK');
    await half.send('*2\r\n$3\r\nGET\r\n$5\r\nke');
    for (const server of redis) server.kill('SIGSTOP');
    const asked = waiting.command('GET', 'key:5');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await askAdmin(socket, 'upgrade');
    for (const server of redis) server.kill('SIGCONT');
    assert.match(String(await asked), /^key:5@/);
    // Who watches keys has time for what it has begun.
    const begun = [['MULTI'], ['GET', 'key:7'], ['EXEC']];
    assert.match(String((await busy.pipeline(begun))[2]), /^key:7@/);
    await waitFor('the old process to end', () => ringway.child.exitCode !== null);
    await half.send('y:5\r\n');
    assert.match(String((await half.read(1))[0]), /^key:5@/);
    assert.equal(String(await named.command('CLIENT', 'GETNAME')), 'traveller');
    assert.equal(await named.command('GET', 'key:5'), null, 'database 1 is empty');
    assert.equal(await multi.command('GET', 'key:5'), 'QUEUED');
    assert.equal(String(await multi.command('EXEC')), 'OK,changed');
    assert.equal(String(await multi.command('GET', 'key:5')), 'changed');
    // Nobody can say whether its key has changed.
    const block = [['MULTI'], ['GET', 'key:6'], ['EXEC']];
    assert.equal((await watching.pipeline(block))[2], null);
    assert.match(String((await watching.pipeline(block))[2]), /^key:6@/);
    assert.match(String((await busy.pipeline(begun))[2]), /^key:7@/);
    for (const client of [waiting, half, named, multi, watching, busy]) client.close();
    await stop();
  });

  test('answers who sends no more, and does not wait for what nobody takes', async () => {
    const { ringway, socket, stop } = await run([]);
    const client = await RespClient.open(ringway.port);
    for (const server of redis) server.kill('SIGSTOP');
    await client.send(encodeRequest('WATCH', 'key:8'));
    await client.send(encodeRequest('GET', 'key:8'));
    client.halfClose();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const began = Date.now();
    await askAdmin(socket, 'upgrade');
    for (const server of redis) server.kill('SIGCONT');
    assert.match((await client.readToEnd()).toString(), /^\+OK\r\n\$\d+\r\nkey:8@/);
    await waitFor('the old process to end', () => ringway.child.exitCode !== null);
    assert.ok(Date.now() - began < 15_000, 'nobody had to be waited for');
    client.close();
    await stop();
  });

  test('keeps who has logged in, and who has not', async () => {
    const keys = { redis_auth: 's3cret', max_auth_failures: 3 };
    const { ringway, socket, stop } = await run([], keys);
    const [inside, half, guesser, large] = await Promise.all(
      [1, 2, 3, 4].map(() => RespClient.open(ringway.port)),
    );
    const refused = 'ReplyError: NOAUTH Authentication required';
    assert.equal(await inside.command('AUTH', 's3cret'), 'OK');
    await half.send('*2\r\n$4\r\nAUTH\r\n$6\r\ns3c');
    await guesser.pipeline([
      ['AUTH', 'a'],
      ['AUTH', 'b'],
    ]);
    const body = encodeRequest('SET', 'k', Buffer.alloc(100_000));
    await large.send(body.subarray(0, 50_000));
    await askAdmin(socket, 'upgrade');
    large.socket.write(body.subarray(50_000));
    assert.equal(String((await large.read(1))[0]), refused);
    await waitFor('the old process to end', () => ringway.child.exitCode !== null);
    assert.equal(await inside.command('PING'), 'PONG');
    assert.equal(String(await large.command('PING')), refused);
    half.socket.write('ret\r\n');
    assert.equal(String((await half.read(1))[0]), 'OK');
    assert.match(String(await guesser.command('AUTH', 'c')), /invalid password/);
    assert.equal((await guesser.readToEnd()).length, 0, 'its third wrong password was its last');
    for (const client of [inside, half, large]) client.close();
    await stop();
  });

  test('to a file with a password asks every client for it', async () => {
    const { ringway, socket, stop } = await run([]);
    const client = await RespClient.open(ringway.port);
    assert.equal(await client.command('PING'), 'PONG');
    const text = readFileSync(ringway.file, 'latin1');
    writeFileSync(ringway.file, text.replace('redis: true', 'redis: true\n  redis_auth: s3cret'));
    await askAdmin(socket, 'upgrade');
    await waitFor('the old process to end', () => ringway.child.exitCode !== null);
    assert.match(String(await client.command('PING')), /NOAUTH/);
    assert.equal(await client.command('AUTH', 's3cret'), 'OK');
    client.close();
    await stop();
  });

  test('of a unix socket leaves its path in place', async () => {
    const path = `/tmp/ringway-upgrade-${process.pid}-${await freePort()}.listen`;
    const { ringway, socket, stop } = await run([], { listen: path });
    const client = await RespClient.open({ path });
    assert.equal(await client.command('PING'), 'PONG');
    await askAdmin(socket, 'upgrade');
    await waitFor('the old process to end', () => ringway.child.exitCode !== null);
    assert.equal(await client.command('PING'), 'PONG');
    const other = await RespClient.open({ path });
    assert.equal(await other.command('PING'), 'PONG');
    client.close();
    other.close();
    await stop();
    assert.equal(existsSync(path), false);
  });

  test('that fails changes nothing', async () => {
    const { ringway, socket, pidFile, stop } = await run([]);
    const client = await RespClient.open(ringway.port);
    const good = readFileSync(ringway.file, 'latin1');
    writeFileSync(ringway.file, 'broken');
    await assert.rejects(askAdmin(socket, 'upgrade'), /the next process ended with status 1/);
    assert.equal(await client.command('PING'), 'PONG');
    assert.equal(Number(readFileSync(pidFile, 'latin1')), ringway.pid);
    writeFileSync(ringway.file, good);
    assert.ok((await askAdmin(socket, 'status'))['status']);
    client.close();
    await stop();
  });
});

function killIfRunning(pid: number): void {
  try {
    // Only a ringway: the number may be another process's by now.
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    if (command.includes('ringway-upgrade-')) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended, as it should.
  }
}
