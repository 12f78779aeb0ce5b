import assert from 'node:assert/strict';
import { get } from 'node:http';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, shards, startChild } from '../support/ringway.ts';
import { DESKTOP, openStatusPage, PHONE, shown, until } from '../support/status-page.ts';
import { waitFor } from '../support/wait.ts';

describe('the status page in a browser', () => {
  let redis: RealServer[];
  let ringway: ChildRingway;
  let browser: Browser;
  let url: string;

  before(async () => {
    redis = await startRedisSet(3);
    const http = await freePort();
    url = `http://127.0.0.1:${http}/`;
    ringway = await startChild(
      [
        {
          name: 'alpha',
          auto_eject_hosts: true,
          server_failure_limit: 1,
          server_retry_timeout: 60000,
          servers: shards(redis.map(({ port }) => port)),
        },
        // A name that would be markup, if it were not shown as text.
        { name: '"<img src=x>"', distribution: 'modula', servers: shards([redis[0].port]) },
      ],
      { args: ['--http-addr', String(http)] },
    );
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    await ringway?.stop();
    await Promise.all((redis ?? []).map((server) => server.stop()));
  });

  const open = (viewport: typeof PHONE, problems: string[]) =>
    openStatusPage(browser, url, viewport, problems);

  async function load(): Promise<void> {
    const client = await RespClient.open({ port: ringway.port });
    for (let i = 0; i < 600; i++) await client.command('SET', `key:${i}`, 'value');
    client.close();
  }

  test('shows pools, servers, ring and live numbers, and asks for nothing elsewhere', async () => {
    const problems: string[] = [];
    const page = await open(DESKTOP, problems);
    assert.equal(await page.title(), 'ringway');
    assert.equal(await page.textContent('#state'), 'ready');
    assert.deepEqual(await page.locator('h2').allTextContents(), ['alpha', '<img src=x>']);
    const names = await page.locator('#pool-alpha .servers tbody td:first-child').allTextContents();
    assert.deepEqual(names, ['shard1', 'shard2', 'shard3']);
    await load();
    await until(
      page,
      `document.querySelector('#pool-alpha .main').getAttribute('points').split(' ')
        .some((point) => Number(point.split(',')[1]) < 100)`,
    );
    // A sample may have been taken in the middle of the load.
    await until(
      page,
      "document.querySelector('#pool-alpha .title').textContent.includes('600 requests')",
    );
    assert.ok((await page.locator('#pool-alpha .ring path').count()) > 10);
    assert.match((await page.textContent('#pool-alpha .tables')) ?? '', /write requests/);
    await page.close();
    assert.deepEqual(problems, []);
  });

  test('is readable on a phone: nothing is wider than the screen', async () => {
    const problems: string[] = [];
    const page = await open(PHONE, problems);
    const width = await page.evaluate('document.documentElement.scrollWidth');
    assert.ok(Number(width) <= PHONE.width, `${width} columns`);
    const small = await page.evaluate(
      `[...document.querySelectorAll('td, th, b, span')].filter((element) =>
        element.textContent.trim() !== '' && parseFloat(getComputedStyle(element).fontSize) < 12
      ).length`,
    );
    assert.equal(small, 0);
    await page.close();
    assert.deepEqual(problems, []);
  });

  test('loses nothing that is focused or selected, and no node, when new figures come', async () => {
    const page = await open(DESKTOP, []);
    await page.evaluate(`(() => {
      window.kept = [...document.querySelectorAll('#pool-alpha, #pool-alpha tr, #pool-alpha .chart')];
      getSelection().selectAllChildren(document.querySelector('#pool-alpha h2'));
      document.querySelector('#pool-alpha .chart').focus();
    })()`);
    await shown(page, 3);
    assert.equal(await page.evaluate('window.kept.every((node) => node.isConnected)'), true);
    assert.equal(await page.evaluate('getSelection().toString()'), 'alpha');
    const focused = "document.activeElement.getAttribute('aria-label')";
    assert.match(String(await page.evaluate(focused)), /^Requests per second of alpha, now/);
    await page.keyboard.press('End');
    assert.match((await page.textContent('#hover')) ?? '', /^now: requests\/s \d/);
    await page.close();
  });

  test('a line per pool: filtered, sorted, opened and closed, and all that in the address', async () => {
    const page = await open(DESKTOP, []);
    const named = (...names: string[]): Promise<void> => {
      const shown =
        "[...document.querySelectorAll('#overview tbody th')].map((e) => e.textContent)";
      return until(page, `JSON.stringify(${shown}) === ${JSON.stringify(JSON.stringify(names))}`);
    };
    await named('alpha', '<img src=x>');
    await page.selectOption('#sort', 'name');
    await named('<img src=x>', 'alpha');
    await page.click('button[data-pool=alpha]');
    assert.equal(await page.locator('#pool-alpha').count(), 0);
    await page.fill('#filter', 'ALPHA');
    await named('alpha');
    assert.equal(await page.textContent('#found'), '1 of 2 pools');
    assert.match(page.url(), /#filter=alpha&sort=name&open=/);
    const other = await browser.newPage();
    await other.goto(`${url}#pool-alpha`);
    await until(other, "document.querySelectorAll('#pools .pool').length === 1");
    assert.equal(await other.getAttribute('button[data-pool=alpha]', 'aria-expanded'), 'true');
    await other.close();
    await page.close();
  });

  test('says which server is ejected', async () => {
    const page = await open(DESKTOP, []);
    await redis[2].stop();
    await load().catch(() => {});
    await until(
      page,
      `document.querySelector('#pool-alpha').textContent.includes('shard3 (ejected)')`,
    );
    assert.match((await page.textContent('#pool-alpha .ring')) ?? '', /2 of 3 live/);
    await page.close();
  });

  test('says when the proxy does not answer any more', async () => {
    const page = await open(DESKTOP, []);
    await ringway.stop();
    await until(page, `document.querySelector('#state').textContent === 'no answer'`);
    assert.match((await page.textContent('#trouble')) ?? '', /does not answer/);
    await waitFor('the address to be closed', () => isClosed(url));
    await page.close();
  });
});

function isClosed(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, () => resolve(false)).on('error', () => resolve(true));
  });
}
