/** Debian's Chromium, driven by playwright-core: nothing is downloaded. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Path of an installed Chromium or Chrome; null when there is none. */
export function findBrowser(): string | null {
  return places.find((path) => existsSync(path)) ?? null;
}

/** Why suites that need a browser skip; false when they need not. */
export const noBrowser = findBrowser() === null ? 'no Chromium is installed (Debian: chromium)' : false;

/** Starts it. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findBrowser() ?? '', args: ['--no-sandbox', '--disable-gpu'] });
}

/** A page whose complaints are kept: console errors (a refused script or style is one), exceptions, dialogs, failed requests, requests to anywhere else. */
export async function listenedPage(
  context: BrowserContext,
  origin: string,
): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`${page.url()}: a dialog, ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('requestfailed', (request) => {
    const failure = request.failure()?.errorText ?? '';
    // A page that is left while it loads its data ends the request itself.
    if (!failure.includes('ERR_ABORTED')) complaints.push(`${page.url()}: ${request.url()} ${failure}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !/^(?:data|blob|about):/.test(request.url()))
      complaints.push(`${page.url()}: asks ${request.url()}`);
  });
  return { page, complaints };
}
