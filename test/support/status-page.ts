import type { Browser, Page } from 'playwright-core';
import { waitFor } from './wait.ts';

export const PHONE = { width: 360, height: 740 };
export const DESKTOP = { width: 1200, height: 900 };

/** Waits until an expression is true in the page (its own policy forbids eval there). */
export async function until(page: Page, expression: string): Promise<void> {
  await waitFor(expression, async () => (await page.evaluate(expression)) === true);
}

/** Waits until the page has been drawn `times` times more. */
export async function shown(page: Page, times: number): Promise<void> {
  const before = Number(await page.evaluate('document.documentElement.dataset.shown ?? 0'));
  await until(page, `Number(document.documentElement.dataset.shown) >= ${before + times}`);
}

/** Opens the status page; what goes wrong in it is put into `problems`. */
export async function openStatusPage(
  browser: Browser,
  url: string,
  viewport: { readonly width: number; readonly height: number },
  problems: string[] = [],
): Promise<Page> {
  const page = await browser.newPage({ viewport });
  const own = new URL(url).origin;
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(own) && !request.url().startsWith('data:')) {
      problems.push(`asks for ${request.url()}`);
    }
  });
  await page.goto(url);
  await shown(page, 2);
  return page;
}
