import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { WINDOW } from '../../../src/protocol/frame-table.ts';
import { StreamedReply } from '../../../src/proxy/client/streamed-reply.ts';
import { assertAtRest, holdingsOf } from '../../support/at-rest.ts';
import { TestClient } from '../../support/test-client.ts';
import { testEngine } from '../../support/test-engine.ts';

const engine = testEngine();
const fresh = holdingsOf(engine);
const PUSH = 0x3e; // '>'

/** Pushes a frame from the arena, or from the heap. */
function push(client: TestClient, text: string, inArena = true): void {
  const bytes = Buffer.from(`*${text}`);
  if (inArena) {
    bytes.copy(engine.memory, WINDOW);
    client.pipeline.pushes.push(engine.memory, WINDOW, WINDOW + bytes.length, PUSH);
  } else {
    client.pipeline.pushes.push(bytes, 0, bytes.length, PUSH);
  }
}

/** Hands a piece of a streamed reply to the client. */
function piece(stream: ReturnType<TestClient['openStream']>, text: string, last = false): void {
  engine.memory.write(text, WINDOW);
  stream.push(WINDOW, text.length, last);
}

describe('what a client is sent that is no reply', () => {
  test('goes out at once when no reply is under way, with the byte it begins with', () => {
    const client = new TestClient(engine);
    push(client, 'a');
    push(client, 'b', false);
    assert.equal(client.received(), '>a>b');
    client.close();
    assertAtRest(engine, fresh, [], [client]);
  });

  test('goes in front of replies that have not come, and behind those that have', () => {
    const client = new TestClient(engine);
    const [first, second] = [client.claims.claim(), client.claims.claim()];
    push(client, 'a');
    second.deliver(Buffer.from('2'));
    push(client, 'b');
    first.deliver(Buffer.from('1'));
    push(client, 'c');
    assert.equal(client.received(), '>a>b12>c');
    client.close();
    assertAtRest(engine, fresh, [], [client]);
  });

  test('waits for the end of a reply that is queued in part', () => {
    for (const inArena of [true, false]) {
      const client = new TestClient(engine);
      const slot = client.claims.begin();
      const next = client.claims.begin();
      const stream = client.openStream(slot);
      piece(stream, 'x');
      push(client, 'a', inArena);
      client.takeReply(next, Buffer.from('next'));
      push(client, 'b', inArena);
      piece(stream, 'y');
      assert.equal(client.pipeline.storedBytes, 8, 'they are counted');
      piece(stream, 'z', true);
      client.endStream();
      push(client, 'c', inArena);
      assert.equal(client.received(), 'xyz>a>bnext>c');
      client.close();
      assertAtRest(engine, fresh, [], [client]);
    }
  });

  test('goes in front of a reply that is held back, whether it is taken back or passed on', () => {
    for (const isTakenBack of [true, false]) {
      const client = new TestClient(engine);
      const slot = client.claims.begin();
      const stream = new StreamedReply(engine, client, slot, true);
      piece(stream, 'x'.repeat(10));
      push(client, 'a');
      assert.equal(client.received(), '>a');
      if (isTakenBack) {
        client.claims.settle();
        client.pipeline.retract(slot);
        push(client, 'b');
        client.claims.claim().deliver(Buffer.from('again'));
      } else {
        stream.release();
        push(client, 'b');
        piece(stream, 'y', true);
        client.endStream();
      }
      push(client, 'c');
      assert.equal(client.received(), isTakenBack ? '>bagain>c' : 'xxxxxxxxxxy>b>c');
      client.close();
      assertAtRest(engine, fresh, [], [client]);
    }
  });

  test('waits for the end of a reply that is queued by whoever asked for it', () => {
    const client = new TestClient(engine);
    const claim = client.claims.claim();
    claim.beginParts();
    client.out.copy(Buffer.from('x'));
    push(client, 'a');
    client.out.copy(Buffer.from('y'));
    client.pipeline.completeHead();
    claim.forget();
    push(client, 'b');
    assert.equal(client.received(), 'xy>a>b');
    client.close();
    assertAtRest(engine, fresh, [], [client]);
  });

  test('is dropped with a client that goes meanwhile', () => {
    const client = new TestClient(engine);
    const stream = client.openStream(client.claims.begin());
    piece(stream, 'x');
    push(client, 'a');
    client.close();
    client.endStream();
    assertAtRest(engine, fresh, [], [client]);
  });

  test('whatever comes when: each reply is whole, both have their order', () => {
    const steps = fc.array(fc.constantFrom('ask', 'answer', 'piece', 'last', 'push', 'large'), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (names) => {
        const client = new TestClient(engine);
        const open: {
          slot: number;
          name: string;
          stream: ReturnType<TestClient['openStream']> | null;
        }[] = [];
        let replies = 0;
        let pushes = 0;
        const end = (): void => {
          const { slot, name, stream } = open.shift() as (typeof open)[number];
          if (stream === null) {
            client.takeReply(slot, Buffer.from(`<${name}>`));
            return;
          }
          piece(stream, '>', true);
          client.endStream();
        };
        for (const step of names) {
          if (step === 'ask')
            open.push({ slot: client.claims.begin(), name: `${replies++}`, stream: null });
          else if (step === 'push') push(client, `(${pushes++})`);
          else if (step === 'large') push(client, `(${pushes++})`, false);
          else if (open.length === 0) continue;
          else if (step === 'piece') {
            const [head] = open;
            if (head.stream === null) {
              head.stream = client.openStream(head.slot);
              piece(head.stream, `<${head.name}`);
            } else piece(head.stream, '.');
          } else end();
        }
        while (open.length > 0) end();
        const text = client.received();
        const whole = text.match(/<\d+\.*>|>\(\d+\)/g) ?? [];
        assert.equal(whole.join(''), text, 'nothing is cut');
        const numbers = (pattern: RegExp): number[] => {
          return whole
            .filter((each) => pattern.test(each))
            .map((each) => Number(each.match(/\d+/)));
        };
        assert.deepEqual(
          numbers(/^</),
          Array.from({ length: replies }, (_, i) => i),
        );
        assert.deepEqual(
          numbers(/^>/),
          Array.from({ length: pushes }, (_, i) => i),
        );
        client.close();
        assertAtRest(engine, fresh, [], [client]);
      }),
    );
  });
});
