import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { witnessFacts } from '../../../src/topology/promotion/record.ts';
import { WITNESS_SCRIPT } from '../../../src/topology/promotion/script.ts';
import { type RealServer, startRedis } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { waitFor } from '../../support/wait.ts';
import { SimWitnessStore } from '../../support/witness-store.ts';

describe('a witness', () => {
  let server: RealServer;
  let client: RespClient;
  before(async () => {
    server = await startRedis();
    client = await RespClient.open(server.port);
  });
  after(async () => {
    client.close();
    await server.stop();
  });
  beforeEach(() => client.text('FLUSHALL'));

  async function ask(...words: (string | number)[]) {
    const reply = (await client.text('EVAL', WITNESS_SCRIPT, 1, 'k', ...words)) as string[];
    const facts = witnessFacts(reply);
    assert.ok(facts !== null, String(reply));
    return facts;
  }

  test('promises a term to one proxy at a time, until its lease is over or given back', async () => {
    assert.equal((await ask('prepare', 'a', 1, 15_000)).granted, true);
    assert.equal((await ask('prepare', 'b', 2, 15_000)).granted, false);
    assert.equal((await ask('release', 'b', 1)).granted, false);
    assert.equal((await ask('release', 'a', 1)).granted, true);
    assert.equal((await ask('prepare', 'b', 1, 15_000)).granted, false, 'an old term');
    assert.equal((await ask('prepare', 'b', 2, 20)).granted, true);
    await waitFor('the lease to end', async () => (await ask('prepare', 'a', 3, 15_000)).granted);
  });

  test('keeps no promise longer because its clock was set back', async () => {
    await ask('prepare', 'a', 1, 15_000);
    await client.text('HSET', 'k', 'lease', String(Date.now() + 3_600_000));
    assert.equal((await ask('prepare', 'b', 2, 15_000)).granted, true);
  });

  test('takes a record of the term that it has promised last, and no older one', async () => {
    await ask('prepare', 'a', 1, 15_000);
    const record = { epoch: 4, address: { host: 'h', port: 1 }, term: 1, done: false };
    assert.deepEqual((await ask('accept', 'a', 1, 4, 'h:1', 0)).record, record);
    assert.equal((await ask('accept', 'b', 1, 5, 'h:2', 0)).granted, false);
    assert.equal((await ask('accept', 'a', 1, 3, 'h:2', 0)).granted, false);
    await ask('release', 'a', 1);
    await ask('prepare', 'b', 2, 15_000);
    assert.equal((await ask('accept', 'a', 1, 4, 'h:1', 1)).granted, false);
    assert.deepEqual((await ask('accept', 'b', 2, 4, 'h:1', 1)).record, {
      ...record,
      ...{ term: 2, done: true },
    });
  });

  test('is told what others know, and keeps what is newer', async () => {
    assert.equal((await ask('report', 'a', 0, 0, '', 0)).record, null);
    assert.equal((await ask('report', 'a', 0, 3, 'h:1', 7)).record?.epoch, 3);
    assert.equal((await ask('report', 'b', 0, 2, 'h:2', 9)).record?.epoch, 3);
  });

  test('counts the proxies that are there, those that say "down", and those that are frozen', async () => {
    await ask('report', 'a', 1, 0, '', 0);
    await ask('report', 'b', 2, 0, '', 0);
    await client.text(
      'HSET',
      'k',
      'p:gone',
      '1 1',
      'p:broken',
      'x',
      'p:future',
      `${Date.now() * 2} 1`,
    );
    const { live, down, frozen } = await ask('report', 'c', 0, 0, '', 0);
    assert.deepEqual([live, down, frozen], [3, 1, 1]);
    const fields = (await client.text('HKEYS', 'k')) as string[];
    assert.deepEqual(fields.sort(), ['p:a', 'p:b', 'p:c']);
  });

  test('says what its model says, whatever it is asked', async () => {
    const id = fc.constantFrom('a', 'b');
    const term = fc.integer({ min: 1, max: 4 });
    const epoch = fc.integer({ min: 0, max: 3 });
    const place = fc.constantFrom('h:1', 'h:2');
    const words = fc.oneof(
      fc.tuple(fc.constant('report'), id, fc.constantFrom(0, 1, 2), epoch, place, term),
      fc.tuple(fc.constant('prepare'), id, term, fc.constantFrom(0, 15_000)),
      fc.tuple(fc.constant('accept'), id, term, epoch, place, fc.constantFrom(0, 1)),
      fc.tuple(fc.constant('release'), id, term),
    );
    const property = fc.asyncProperty(fc.array(words, { maxLength: 12 }), async (program) => {
      await client.text('FLUSHALL');
      const model = new SimWitnessStore();
      for (const each of program) {
        const said = await client.text('EVAL', WITNESS_SCRIPT, 1, 'k', ...each);
        assert.deepEqual(said, model.ask('k', each.map(String), Date.now()));
      }
    });
    await fc.assert(property, { numRuns: 60 });
  });
});
