import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { DESKTOP, openStatusPage, PHONE, shown, until } from '../support/status-page.ts';
import { waitFor } from '../support/wait.ts';

const POOLS = 30;
const SERVERS = 60;

interface Brief {
  readonly pools: readonly {
    readonly name: string;
    readonly open: boolean;
    readonly summary: { readonly servers: number; readonly found: number };
    readonly servers: readonly { readonly name: string; readonly index: number }[];
  }[];
}

describe('the status page of many pools with many servers', () => {
  let ringway: ChildRingway;
  let browser: Browser;
  let url: string;

  before(async () => {
    const http = await freePort();
    url = `http://127.0.0.1:${http}/`;
    const pools = Array.from({ length: POOLS }, (_, pool) => ({
      name: `pool-${pool}`,
      servers: Array.from({ length: SERVERS }, (_, i) => `127.0.0.1:${i + 1}:1 node-${pool}-${i}`),
    }));
    ringway = await startChild(pools, { args: ['--http-addr', String(http)] });
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    await ringway?.stop();
  });

  async function brief(query: string): Promise<Brief> {
    return (await (await fetch(`${url}status.json?brief&${query}`)).json()) as Brief;
  }

  test('asks for no more than it shows', async () => {
    const bytes = async (query: string) => (await (await fetch(url + query)).text()).length;
    assert.ok((await bytes('status.json')) > 500_000);
    assert.ok((await bytes('status.json?brief')) < 25_000);
    const { pools } = await brief('open=pool-7');
    assert.deepEqual(
      pools.filter(({ open }) => open).map(({ name, servers }) => [name, servers.length]),
      [['pool-7', 40]],
    );
    assert.ok(pools.every(({ summary }) => summary.servers === SERVERS));
    const unfolded = await brief('open=*&unfold=pool-9');
    assert.equal(unfolded.pools.filter(({ open }) => open).length, POOLS);
    assert.equal(unfolded.pools[9].servers.length, SERVERS);
    const filtered = await brief('open=pool-7&filter=NODE-7-5');
    assert.equal(filtered.pools.filter(({ summary }) => summary.found >= 0).length, 1);
    assert.deepEqual(
      filtered.pools[7].servers.map(({ index }) => index),
      [5, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59],
    );
  });

  test('begins with one line for each, and shows all of one when it is opened', async () => {
    const problems: string[] = [];
    const page = await openStatusPage(browser, url, DESKTOP, problems);
    assert.equal(await page.locator('#overview tbody tr').count(), POOLS);
    assert.equal(await page.locator('.pool').count(), 0);
    await page.focus('button[data-pool=pool-12]');
    await page.keyboard.press('Enter');
    await until(page, "document.querySelectorAll('#pool-pool-12 .servers tbody tr').length === 40");
    await page.click('[data-more=pool-12]');
    await until(
      page,
      `document.querySelectorAll('#pool-pool-12 .servers tbody tr').length === ${SERVERS}`,
    );
    await page.fill('#filter', 'node-12-59');
    await until(page, "document.querySelectorAll('#pool-pool-12 .servers tbody tr').length === 1");
    assert.equal(await page.textContent('#found'), `1 of ${POOLS} pools`);
    await page.close();
    assert.deepEqual(problems, []);
  });

  test('draws of many open pools those that are near, the others when somebody comes', async () => {
    const page = await openStatusPage(browser, url, DESKTOP);
    await page.click('#all');
    await until(page, `document.querySelectorAll('.pool').length === ${POOLS}`);
    const filled = "[...document.querySelectorAll('.pool')].filter((each) => each.firstChild)";
    assert.ok(Number(await page.evaluate(`${filled}.length`)) < POOLS / 2);
    const last = "document.querySelector('#pools').lastElementChild";
    await page.evaluate(`${last}.scrollIntoView()`);
    await until(page, `${last}.querySelectorAll('.servers tbody tr').length === 40`);
    await shown(page, 1);
    assert.equal(await page.evaluate(`${last}.querySelector('h2') !== null`), true);
    await page.close();
  });

  test('is as wide as a phone, opened or not', async () => {
    const page = await openStatusPage(browser, `${url}#pool-pool-3`, PHONE);
    await waitFor('the pool', async () => (await page.locator('#pool-pool-3 tr').count()) > 40);
    const width = await page.evaluate('document.documentElement.scrollWidth');
    assert.ok(Number(width) <= PHONE.width, `${width} columns`);
    await page.close();
  });
});
