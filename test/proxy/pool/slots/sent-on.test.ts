import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SentOn } from '../../../../src/proxy/pool/slots/sent-on.ts';

const [HERE, THERE, ELSEWHERE] = [{ is: 'here' }, { is: 'there' }, { is: 'elsewhere' }];
const SLOT = 5;

/** A client whose requests before `head` are answered. */
function asker(head = 0) {
  const client = { head, isAnswered: (slot: number) => ((client.head - slot) | 0) > 0 };
  return client;
}

describe('requests that were sent on', () => {
  test('wait for earlier ones of their slot that another connection has, until those are answered', () => {
    const [sent, client] = [new SentOn(), asker()];
    for (const place of [0, 1, 2]) sent.add(client, SLOT, place, HERE);
    assert.equal(sent.before(client, SLOT, 3, HERE), null);
    assert.equal(sent.before(client, SLOT, 3, THERE), 2);
    assert.equal(sent.before(client, SLOT + 1, 3, THERE), null);
    assert.equal(sent.before(asker(), SLOT, 3, THERE), null);
    client.head = 2;
    assert.equal(sent.before(client, SLOT, 3, THERE), 2);
    client.head = 3;
    assert.equal(sent.before(client, SLOT, 3, THERE), null);
  });

  test('one that is sent on once more is where it was sent last', () => {
    const [sent, client] = [new SentOn(), asker()];
    for (const place of [0, 1, 2]) sent.add(client, SLOT, place, HERE);
    sent.add(client, SLOT, 0, THERE);
    assert.equal(sent.before(client, SLOT, 1, THERE), null);
    sent.add(client, SLOT, 1, THERE);
    assert.equal(sent.before(client, SLOT, 2, THERE), null);
    assert.equal(sent.before(client, SLOT, 2, HERE), 1);
    assert.equal(sent.before(client, SLOT, 3, ELSEWHERE), 2);
  });

  test('wait for none that comes behind them, whatever came back first', () => {
    const [sent, client] = [new SentOn(), asker()];
    sent.add(client, SLOT, 7, HERE);
    assert.equal(sent.before(client, SLOT, 3, THERE), null);
    sent.add(client, SLOT, 3, THERE);
    assert.equal(sent.before(client, SLOT, 9, ELSEWHERE), 7);
    assert.equal(sent.before(client, SLOT, 5, HERE), 3);
  });

  test('their places may wrap', () => {
    const last = 0x7fffffff;
    const [sent, client] = [new SentOn(), asker(last - 1)];
    sent.add(client, SLOT, last, HERE);
    sent.add(client, SLOT, (last + 1) | 0, HERE);
    assert.equal(sent.before(client, SLOT, (last + 2) | 0, THERE), (last + 1) | 0);
    client.head = (last + 1) | 0;
    assert.equal(sent.before(client, SLOT, (last + 1) | 0, THERE), null);
  });

  test('many of one client are found without a look at each', () => {
    const many = 2000;
    let looks = 0;
    const client = {
      isAnswered: () => {
        looks++;
        return false;
      },
    };
    const sent = new SentOn();
    for (let place = 0; place < many; place++) {
      assert.equal(sent.before(client, SLOT, place, HERE), null);
      sent.add(client, SLOT, place, HERE);
    }
    for (let place = 0; place < many; place++) {
      assert.equal(sent.before(client, SLOT, place, THERE), null);
      sent.add(client, SLOT, place, THERE);
    }
    assert.ok(looks <= 8 * many, `${looks} looks at ${many} requests`);
  });

  test('of slots that are over nothing is kept', () => {
    const [sent, client] = [new SentOn(), asker()];
    let kept = 0;
    for (let slot = 0; slot < 500; slot++) {
      sent.add(client, slot, slot, HERE);
      client.head = slot + 1;
    }
    for (let slot = 0; slot < 500; slot++) {
      client.head = 0;
      if (sent.before(client, slot, 1000, THERE) !== null) kept++;
    }
    assert.ok(kept <= 1, `${kept} slots`);
  });
});
