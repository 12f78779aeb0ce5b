import assert from 'node:assert/strict';
import { getServers, setServers } from 'node:dns';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Config, parseConfig } from '../../src/config/index.ts';
import { ADDRESSES } from '../../src/net/addresses/address-book.ts';
import { NameKeeper } from '../../src/run/name-keeper.ts';
import { NameServer } from '../support/name-server.ts';
import { poolFile } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

const SILENT = { level: 0, write: () => {} };

describe('names of servers that a program looks up', () => {
  let names: NameServer;
  let keeper: NameKeeper;
  const usual = getServers();
  beforeEach(async () => {
    names = new NameServer();
    setServers([await names.open()]);
    keeper = new NameKeeper(SILENT, [
      ['pod.test', '10.0.0.1'],
      ['gone.test', '10.0.0.9'],
    ]);
  });
  afterEach(() => {
    keeper.stop();
    setServers(usual);
    names.close();
    for (const host of ['pod.test', 'gone.test']) ADDRESSES.set(host, null);
  });

  async function configOf(): Promise<Config> {
    const servers = ['pod.test:6379:1 pod'];
    const { text } = await poolFile([{ servers, dns: 'resolver', dns_interval: 1000 }]);
    return parseConfig(Buffer.from(text), 'test.yml');
  }

  test('lead where they led for the process before, until that is another place', async () => {
    assert.equal(ADDRESSES.addressOf('pod.test'), '10.0.0.1');
    const told: string[] = [];
    const setAddresses = (addresses: readonly (readonly [string, string | null])[]): void => {
      for (const [host, address] of addresses) told.push(`${host} ${address}`);
    };
    keeper.start({ setAddresses }, await configOf());
    assert.deepEqual(told, ['gone.test null']);
    await waitFor('the news', () => told.length > 1);
    assert.equal(told[1], 'pod.test 127.0.0.1');
    assert.deepEqual(keeper.known, [['pod.test', '127.0.0.1']]);
  });

  test('stay while they are frozen, for a process that starts as well', async () => {
    keeper.frozen = true;
    keeper.start({ setAddresses: () => {} }, await configOf());
    await waitFor('two questions', () => names.asked > 3);
    assert.deepEqual(keeper.known, [
      ['pod.test', '10.0.0.1'],
      ['gone.test', '10.0.0.9'],
    ]);
    assert.equal(ADDRESSES.addressOf('pod.test'), '10.0.0.1');
    keeper.frozen = false;
    assert.deepEqual(keeper.known, [['pod.test', '127.0.0.1']]);
    assert.equal(ADDRESSES.addressOf('gone.test'), 'gone.test');
  });
});
