import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { nodesView } from '../../../src/topology/cluster/cluster-facts.ts';
import { ErrorReply } from '../../../src/topology/reply-reader.ts';

const ASKED = { host: '10.0.0.1', port: 7000 };
const id = (digit: string) => digit.repeat(40);

/** A line as Redis 7 writes it. */
function line(digit: string, place: string, flags: string, rest = '0-5', master = '-', epoch = 3) {
  return `${id(digit)} ${place} ${flags} ${master} 0 1 ${epoch} connected ${rest}`;
}

const view = (lines: readonly string[], slots: unknown = []) =>
  nodesView(`${lines.join('\n')}\n`, slots as never, ASKED);

describe('what CLUSTER NODES says', () => {
  test('is read in the forms of all versions', () => {
    const read = view([
      line('a', '127.0.0.1:7000@17000', 'myself,master', '0-99 200 [300->-bbbb]'),
      line('b', '127.0.0.1:7001', 'master', '100-199'),
      line('c', '10.0.0.3:7002@17002,node-c.svc', 'slave', '', id('a')),
      line('d', '::1:7003@17003,,tls-port=0,shard-id=x', 'master,fail', '201'),
    ]);
    assert.equal(read?.me, id('a'));
    assert.deepEqual(
      read?.nodes.map(({ host, port, master, failed, slots }) => ({
        ...{ host, port, master, failed, slots },
      })),
      [
        {
          host: '127.0.0.1',
          port: 7000,
          master: null,
          failed: false,
          slots: [
            [0, 99],
            [200, 200],
          ],
        },
        { host: '127.0.0.1', port: 7001, master: null, failed: false, slots: [[100, 199]] },
        { host: '10.0.0.3', port: 7002, master: id('a'), failed: false, slots: [] },
        { host: '::1', port: 7003, master: null, failed: true, slots: [[201, 201]] },
      ],
    );
  });

  test('a node that does not know its own address is where it was asked', () => {
    for (const place of [':0@0', ':7000@17000']) {
      const [node] = view([line('a', place, 'myself,master')])?.nodes ?? [];
      assert.deepEqual([node.host, node.port], ['10.0.0.1', 7000], place);
    }
  });

  test('nodes that cannot be reached or are only met are left out', () => {
    const read = view([
      line('a', '127.0.0.1:7000@17000', 'myself,master'),
      line('b', ':0@0', 'master,noaddr'),
      line('c', '127.0.0.1:7002@17002', 'handshake'),
      line('d', ':0@0', 'master'),
      'garbage',
      line('e', 'bad host:7004@1', 'master'),
    ]);
    assert.deepEqual(
      read?.nodes.map((node) => node.id),
      [id('a')],
    );
  });

  test('CLUSTER SLOTS says where clients are to go', () => {
    const lines = [
      line('a', '10.1.1.1:7000@17000', 'myself,master'),
      line('b', '10.1.1.2:7001@17001', 'master', '6-9'),
      line('c', '10.1.1.3:7002@17002', 'master', '10'),
    ];
    const slots = [
      ['0', '5', ['node-a.svc', '7100', id('a')]],
      ['6', '9', [null, '7101', id('b')]],
      ['10', '10', ['?', '7102', id('c')]],
    ];
    assert.deepEqual(
      view(lines, slots)?.nodes.map(({ host, port }) => `${host}:${port}`),
      ['node-a.svc:7100', '10.0.0.1:7101', '10.1.1.3:7002'],
    );
  });

  test('slots that are given out more than once make it worthless, however often they are', () => {
    const twice = [
      line('a', '10.0.0.1:7000@17000', 'myself,master', '0-16383'),
      line('b', '10.0.0.2:7000@17000', 'master', '0'),
    ];
    assert.equal(view(twice.slice(0, 1))?.nodes.length, 1);
    assert.equal(view(twice), null);
    const all = Array.from({ length: 16_384 }, () => '0-16383').join(' ');
    assert.equal(view([line('a', '10.0.0.1:7000@17000', 'myself,master', all)]), null);
  });

  test('what is no such thing says nothing', () => {
    for (const reply of [null, [], '', 'x', new ErrorReply('NOPERM'), line('b', 'h:1', 'master')]) {
      assert.equal(nodesView(reply, [], ASKED), null);
    }
    const text = fc.oneof(
      fc.string(),
      fc.string().map((end) => line('a', end, 'myself,master')),
    );
    fc.assert(
      fc.property(text, fc.array(fc.array(fc.string())), (nodes, slots) => {
        nodesView(nodes, slots, ASKED);
      }),
    );
  });
});
