/** The table of all certificates in Chromium: how long until it can be used, and what a keystroke costs. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { serveDirectory } from '../../daemon/http/static.ts';
import { row, type Row } from './row.ts';

const executablePath = '/usr/bin/chromium';

/** Runs in the page: the slowest of some changes of the search, in ms. */
const keystrokes = `(() => {
  const field = document.querySelector('#filter input[name="q"]');
  const took = [];
  for (const text of ['a', 'at', 'atl', 'atlas', 'atlas-9', 'zephyr team-7', '']) {
    field.value = text;
    const began = performance.now();
    field.dispatchEvent(new Event('input', { bubbles: true }));
    took.push(performance.now() - began);
  }
  return Math.max(...took);
})()`;

/** Rows for a built site of many certificates; none where there is no Chromium. IO: loopback, a browser. */
export async function measureTable(directory: string): Promise<readonly Row[]> {
  if (!existsSync(executablePath)) return [];
  const server = await serveDirectory({ directory, host: '127.0.0.1', port: 0 });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const started = performance.now();
    await page.goto(`${server.url}/certificates/`);
    await page.locator('html[data-inventory="ready"]').waitFor({ state: 'attached' });
    const usable = performance.now() - started;
    const filter = Number(await page.evaluate(keystrokes));
    return [
      row('table of 100000 rows, from the click to usable', usable, 1000, 'ms', 'peer: the goal'),
      row(
        'the slowest of seven keystrokes in it',
        filter,
        50,
        'ms',
        'peer: the goal; script time of the event',
      ),
    ];
  } finally {
    await browser.close();
    await server.close();
  }
}
