import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WINDOW } from '../../../../src/protocol/frame-table.ts';
import { assertAtRest, holdingsOf } from '../../../support/at-rest.ts';
import { TestBackend, TestOwner } from '../../../support/test-backend.ts';
import { TestClient } from '../../../support/test-client.ts';
import { testEngine } from '../../../support/test-engine.ts';

const engine = testEngine();
const REQUEST = Buffer.from('*1\r\n$4\r\nPING\r\n');

/** Counts how often it is told that it got replies. */
class ToldClient extends TestClient {
  told = 0;

  override tookReplies(): void {
    this.told++;
  }
}

function backendWith(withheld: object | null): TestBackend {
  const scanReplies = (start: number, end: number, table: number, limit: number): number => {
    return engine.codec.scanReplies(start, end, table, limit);
  };
  const backend = new TestBackend(engine, new TestOwner(engine, { scanReplies }));
  Object.assign(backend, { withheld });
  return backend;
}

function ask(backend: TestBackend, client: TestClient): void {
  REQUEST.copy(engine.memory, WINDOW);
  backend.sendFrom(WINDOW, REQUEST.length, client.id, client.claims.begin());
}

describe('replies that come in a row', () => {
  test('are told to their client when the one behind them cannot be given to anybody', () => {
    const fresh = holdingsOf(engine);
    const [first, second] = [new ToldClient(engine), new ToldClient(engine)];
    let looked = 0;
    const backend = backendWith({
      wants(): boolean {
        if (++looked === 3) throw new Error('thrown on purpose');
        return false;
      },
    });
    for (const client of [first, first, second]) ask(backend, client);
    backend.takeSent();
    assert.throws(() => backend.say(Buffer.from('+A\r\n+B\r\n+C\r\n')), /on purpose/);
    assert.equal(first.told, 1);
    assert.equal(first.received(), '+A\r\n+B\r\n');
    assert.equal(second.told, 0);
    backend.lose(Buffer.from('-ERR lost\r\n'));
    assert.equal(second.received(), '-ERR lost\r\n');
    for (const client of [first, second]) client.close();
    assertAtRest(engine, fresh, [], [first, second]);
  });
});
