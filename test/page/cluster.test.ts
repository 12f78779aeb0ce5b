import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { startCluster, type TestCluster } from '../support/clusters.ts';
import { freePort } from '../support/free-port.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { DESKTOP, openStatusPage, PHONE, until } from '../support/status-page.ts';

describe('the status page of a Redis Cluster', () => {
  let cluster: TestCluster;
  let ringway: ChildRingway;
  let browser: Browser;
  let url: string;

  before(async () => {
    cluster = await startCluster({ nodeTimeoutMs: 1000 });
    const http = await freePort();
    url = `http://127.0.0.1:${http}/`;
    const pool = { name: 'data', cluster: true, servers: [cluster.lines[0]] };
    ringway = await startChild(pool, { args: ['--http-addr', String(http)] });
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    await ringway?.stop();
    await cluster?.stop();
  });

  test('draws who has which slots, and says it to those who do not see', async () => {
    const problems: string[] = [];
    const page = await openStatusPage(browser, url, DESKTOP, problems);
    await until(page, "document.querySelectorAll('#pool-data .slots rect').length >= 16");
    assert.equal(await page.locator('#pool-data .ring').count(), 0);
    const label = (await page.getAttribute('#pool-data .slots', 'aria-label')) ?? '';
    for (const { port } of cluster.nodes.slice(0, 3)) {
      assert.match(label, new RegExp(`127\\.0\\.0\\.1:${port} 546[12]\\b`));
    }
    assert.doesNotMatch(label, /without a server/);
    const titles = await page.locator('#pool-data .slots title').allTextContents();
    assert.ok(titles.includes(`0-5460: 127.0.0.1:${cluster.nodes[0].port}`), titles[0]);
    const heads = await page.locator('#pool-data .servers th').allTextContents();
    assert.ok(heads.includes('of slots'));
    const name = page.locator('#pool-data .servers tbody td:first-child').first();
    assert.match((await name.getAttribute('title')) ?? '', /\nslots \d+-\d+$/);
    await page.close();
    assert.deepEqual(problems, []);
  });

  test('draws masters with the replicas that follow them, on a phone too', async () => {
    for (const viewport of [DESKTOP, PHONE]) {
      const page = await openStatusPage(browser, url, viewport);
      await until(
        page,
        "document.querySelectorAll('#pool-data .topology ul .replica').length === 3",
      );
      const masters = page.locator('#pool-data .topology > li');
      for (const [i, { port }] of cluster.nodes.slice(0, 3).entries()) {
        const item = masters.filter({ hasText: `127.0.0.1:${port}` });
        const replica = item.locator('ul .replica');
        assert.match(
          (await replica.textContent()) ?? '',
          new RegExp(`:${cluster.nodes[i + 3].port}`),
        );
      }
      const width = await page.evaluate('document.documentElement.scrollWidth');
      assert.ok(Number(width) <= viewport.width, `${width} columns`);
      await page.close();
    }
  });

  test('says which node does not answer any more', async () => {
    const page = await openStatusPage(browser, url, DESKTOP);
    await cluster.nodes[3].stop();
    await until(page, "document.querySelectorAll('#pool-data .topology .lost').length === 1");
    await page.close();
  });
});
