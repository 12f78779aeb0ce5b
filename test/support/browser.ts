import { type Browser, chromium } from 'playwright-core';
import { ensureDebianPackage, findBinary } from './real-servers.ts';

const BINARIES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** A headless Chromium; installed with apt-get when it is missing. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findBinary(BINARIES) ?? install();
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

function install(): string {
  ensureDebianPackage('chromium');
  const found = findBinary(BINARIES);
  if (found === undefined) throw new Error('the tests of the status page need chromium');
  return found;
}
