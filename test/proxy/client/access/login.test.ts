import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LogFields } from '../../../../src/log.ts';
import { Login, type LoginClient, refuseLogin } from '../../../../src/proxy/client/access/login.ts';
import { AUTH_FAILURES } from '../../../../src/stats/counters.ts';

interface Told {
  readonly message: string;
  readonly fields: LogFields | undefined;
}

/** A client that may give so many wrong passwords. */
function clientOf(maxAuthFailures: number) {
  const told: Told[] = [];
  const answers: string[] = [];
  const write = (_level: number, message: string, fields?: LogFields) =>
    void told.push({ message, fields });
  const client = {
    pool: {
      config: { name: 'shop', maxAuthFailures },
      counters: { [AUTH_FAILURES]: 0 } as Record<number, number>,
      engine: { log: { write } },
    },
    login: new Login(),
    address: '10.0.0.7:4711',
    stopped: false,
    answer: (reply: Buffer) => void answers.push(reply.toString()),
    stopReading(): void {
      client.stopped = true;
    },
  };
  const refuse = () => refuseLogin(client as unknown as LoginClient, Buffer.from('-NO\r\n'));
  return { client, told, answers, refuse };
}

describe('a wrong password', () => {
  test('is told with pool and client, once for many', () => {
    const { client, told, answers, refuse } = clientOf(0);
    for (let i = 0; i < 3; i++) refuse();
    assert.deepEqual(told, [
      {
        message: 'pool shop: client 10.0.0.7:4711 gave a wrong password or user',
        fields: { pool: 'shop', client: '10.0.0.7:4711' },
      },
    ]);
    assert.deepEqual(answers, ['-NO\r\n', '-NO\r\n', '-NO\r\n']);
    assert.equal(client.pool.counters[AUTH_FAILURES], 3);
    assert.equal(client.stopped, false);
  });

  test('may be the last one', () => {
    const { client, refuse } = clientOf(2);
    refuse();
    assert.equal(client.stopped, false);
    refuse();
    assert.equal(client.stopped, true);
  });
});
