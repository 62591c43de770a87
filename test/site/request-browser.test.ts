/** The request form in a real browser, as people use it: what it gives is put into a repository and judged by `renewd check`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { checkDirectory } from '../../daemon/commands/check-directory.ts';
import { serveDirectory, type StaticServer } from '../../daemon/http/static.ts';
import type { SiteSources } from '../../site/facts/sources.ts';
import { documentsOf } from '../../site/source/declared.ts';
import { listenedPage, noBrowser, startBrowser } from './browser.ts';
import { built } from './built.ts';
import { sampleSources } from './sample-model.ts';

const work = mkdtempSync(join(tmpdir(), 'renewd-request-form-'));
after(() => rmSync(work, { recursive: true, force: true }));

/** A copy of the declarations of this project: a repository as people have it. */
function repository(name: string): string {
  const directory = join(work, name);
  for (const folder of ['inventory', 'policies'])
    cpSync(folder, join(directory, folder), { recursive: true });
  return directory;
}

/** What `renewd check` says of a file of this text in a repository. */
function check(directory: string, path: string, text: string): readonly string[] {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), text);
  const { problems } = checkDirectory(directory);
  rmSync(join(directory, path));
  return problems.filter((each) => each.source.file === path).map((each) => each.message);
}

const hostile = `'"></script><img src=x onerror=alert(1)>\${7*7}`;

/** The site of this project's own declarations, beside the records of the sample estate. */
function projectSources(): SiteSources {
  const { desired } = checkDirectory('.');
  return { ...sampleSources(), declared: documentsOf(desired) };
}

/** The same with markup in every text of the catalogue. */
function hostileSources(): SiteSources {
  const sources = projectSources();
  const { declared } = sources;
  const odd = <Item extends { readonly name: string }>(each: Item): Item => ({
    ...each,
    name: each.name + hostile,
  });
  return {
    ...sources,
    declared: {
      ...declared,
      offers: declared.offers.map((each) => ({
        ...odd(each),
        title: each.title + hostile,
        description: hostile,
        profile: `nginx${hostile}`,
        certificateLabels: { [hostile]: hostile },
      })),
      teams: declared.teams.map((each) => ({ ...odd(each), displayName: hostile, dnsNames: [hostile] })),
      endpoints: declared.endpoints.map((each) => ({
        ...odd(each),
        team: each.team === null ? null : each.team + hostile,
      })),
      profiles: declared.profiles.map((each) => ({
        ...odd(each),
        description: hostile,
        parameters: {
          [hostile]: { description: hostile, setBy: 'certificate', default: null, pattern: '(' },
        },
      })),
    },
  };
}

describe('the request form', { skip: noBrowser }, () => {
  let browser: Browser;
  let server: StaticServer;
  const servers: StaticServer[] = [];
  const serve = async (name: string, sources: SiteSources): Promise<StaticServer> => {
    const { directory } = await built(name, sources);
    const started = await serveDirectory({ directory, host: '127.0.0.1', port: 0 });
    servers.push(started);
    return started;
  };

  before(async () => {
    browser = await startBrowser();
    server = await serve('request-form', projectSources());
  });
  after(async () => {
    await browser.close();
    for (const each of servers) await each.close();
  });

  /** A page of the site; what it complains of fails the test. */
  const open = async (
    path: string,
    use: (page: Page, context: BrowserContext) => Promise<void>,
    options: BrowserContextOptions & { readonly at?: StaticServer } = {},
  ): Promise<void> => {
    const { at = server, ...rest } = options;
    const context = await browser.newContext({ acceptDownloads: true, ...rest });
    const { page, complaints } = await listenedPage(context, at.url);
    await page.goto(`${at.url}/${path}`);
    await use(page, context);
    await context.close();
    assert.deepEqual(complaints, []);
  };

  const names = ['docs.web.example.internal', 'manual.web.example.internal'];
  const fill = async (page: Page): Promise<void> => {
    await page.getByRole('radio', { name: 'Internal web site' }).check();
    await page.getByLabel('Which team is it for?').selectOption('web');
    await page.getByLabel('Which names do clients use?').fill(names.join('\n'));
    await page.getByLabel('web-01', { exact: true }).check();
  };
  const yaml = async (page: Page): Promise<string> => (await page.locator('#yaml').textContent()) ?? '';
  const save = async (page: Page): Promise<{ readonly name: string; readonly text: string }> => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
  };

  test('filled in as a person would, it gives a file that renewd check accepts and renewd request would have written', () =>
    open('request/', async (page) => {
      await fill(page);
      const { name, text } = await save(page);
      assert.equal(name, 'docs-web.yaml');
      assert.equal(text, await yaml(page), 'what is saved is what is shown');
      const path = (await page.locator('#path').textContent()) ?? '';
      assert.equal(path, 'inventory/certificates/web/docs-web.yaml');
      assert.match(
        (await page.locator('#done').textContent()) ?? '',
        /Saved.*inventory\/certificates\/web\/docs-web\.yaml/,
      );
      assert.deepEqual(check(repository('accepted'), path, text), []);

      const directory = repository('by-command');
      const command = ((await page.locator('#command').textContent()) ?? '').replace(' --branch --push', '');
      const written = spawnSync('sh', ['-c', command.replace(/^renewd/, resolve('bin/renewd'))], {
        cwd: directory,
        encoding: 'utf8',
      });
      assert.equal(written.status, 0, written.stdout + written.stderr);
      assert.equal(
        readFileSync(join(directory, path), 'utf8'),
        text,
        'the command that is shown makes the same bytes',
      );
    }));

  test('a mistake leads to a summary with the focus on it, whose links lead to the fields', () =>
    open('request/', async (page) => {
      await fill(page);
      await page.getByLabel('What is the certificate called?').fill('Docs Web');
      await page.getByLabel('Which names do clients use?').fill('-docs.web.example.internal');
      const { title, focus } = {
        title: () => page.title(),
        focus: () => page.evaluate('document.activeElement.id'),
      };
      assert.doesNotMatch(await title(), /^Error/);
      assert.equal(await page.locator('#summary').isVisible(), false, 'nobody is scolded while typing');
      await page.getByRole('button', { name: 'Check the request' }).click();
      assert.equal(await focus(), 'summary');
      assert.match(await title(), /^Error: /);
      const links = page.locator('#summary a');
      assert.equal(await links.count(), 2);
      const field = page.getByLabel('What is the certificate called?');
      assert.equal(await field.getAttribute('aria-invalid'), 'true');
      assert.match((await field.getAttribute('aria-describedby')) ?? '', /name-error/);
      await page.evaluate(readFileSync('node_modules/axe-core/axe.min.js', 'utf8'));
      const axe =
        "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }).then(({ violations }) => violations.map((each) => each.id + ' ' + each.nodes[0].html))";
      assert.deepEqual(await page.evaluate(axe), [], 'WCAG 2.2 AA holds with errors shown');
      // The same words as at the command line.
      const said = check(repository('refused'), 'inventory/certificates/web/x.yaml', await yaml(page));
      const [, second] = await links.allTextContents();
      assert.ok(said.includes(second ?? ''), `${String(second)}\n${said.join('\n')}`);
      await links.nth(1).click();
      assert.equal(await focus(), 'name');
      await page.keyboard.press('Control+A');
      await page.keyboard.type('docs');
      assert.equal(await links.count(), 1, 'what is mended leaves the summary');
      await page.getByLabel('Which names do clients use?').fill(names.join(','));
      assert.equal(await page.locator('#summary').isVisible(), false);
      await page.getByRole('button', { name: 'Check the request' }).click();
      assert.equal(await focus(), 'result');
      assert.match((await page.locator('#done').textContent()) ?? '', /^Complete/);
    }));

  test('nothing is saved, copied or proposed while something is missing', () =>
    open('request/', async (page, context) => {
      let downloads = 0;
      page.on('download', () => downloads++);
      for (const button of ['#copy', '#download', '#open']) {
        await page.locator(button).click();
        assert.equal(await page.evaluate('document.activeElement.id'), 'summary', button);
        assert.equal(await page.locator('#done').textContent(), '', button);
      }
      assert.deepEqual([downloads, context.pages().length], [0, 1]);
    }));

  test('foreign names are said to be foreign in the words of renewd check', () =>
    open('request/', async (page) => {
      await fill(page);
      await page.getByLabel('Which names do clients use?').fill('pay.example.internal');
      const warning = (await page.locator('#names-warning').textContent()) ?? '';
      const path = 'inventory/certificates/web/pay.yaml';
      const [said = ''] = check(repository('foreign'), path, await yaml(page));
      const words = said.slice(0, said.indexOf(' (rule'));
      assert.match(words, /^team web may not request pay\.example\.internal/);
      assert.ok(warning.startsWith(words), `${warning}\n${said}`);
    }));

  test('certificates that are there already are shown while typing, and found before', () =>
    open('request/', async (page) => {
      await page.getByLabel('Which names do clients use?').fill('shop.kestrel.example');
      const twin = page.locator('#twins a');
      await twin.waitFor();
      assert.equal(await twin.textContent(), 'web/shop');
      assert.equal(await twin.getAttribute('href'), '/certificates/web/shop/');
      await page.getByLabel('Which names do clients use?').fill('');
      await twin.waitFor({ state: 'detached' });
      await page.getByLabel('Is there already one?').fill('wagons');
      await page.locator('#found-list a').waitFor();
      assert.deepEqual(await page.locator('#found-list a').allTextContents(), ['freight/wagon-tracking']);
      assert.equal(await page.locator('#found').textContent(), '1 certificate found.');
    }));

  test('a pull request is opened with path and text; what is too long is copied first', () =>
    open('request/?offer=internal-web&team=web', async (page, context) => {
      await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
      await context.route('https://git.kestrel.example/**', (route) => route.fulfill({ body: 'forge' }));
      assert.equal(await page.getByRole('radio', { name: 'Internal web site' }).isChecked(), true);
      assert.equal(await page.getByLabel('Which team is it for?').inputValue(), 'web');
      await fill(page);
      const proposed = async (): Promise<URL> => {
        const [popup] = await Promise.all([
          context.waitForEvent('page'),
          page.getByRole('link', { name: 'Open a pull request' }).click(),
        ]);
        await popup.waitForURL(/git\.kestrel\.example/);
        return new URL(popup.url());
      };
      const short = await proposed();
      assert.equal(short.pathname, '/pki/estate/_new/main/inventory/certificates/web');
      assert.equal(short.searchParams.get('filename'), 'docs-web.yaml');
      assert.equal(short.searchParams.get('value'), await yaml(page));
      assert.match((await page.locator('#done').textContent()) ?? '', /^Opened/);
      assert.match(
        page.url(),
        /\?offer=internal-web&team=web&names=docs\.web\.example\.internal,manual\.web\.example\.internal&endpoints=web-01$/,
      );

      const many = Array.from(
        { length: 100 },
        (_, n) => `a-rather-long-name-of-a-service-${String(n)}.web.example.internal`,
      );
      await page.getByLabel('Which names do clients use?').fill(many.join('\n'));
      await page.bringToFront();
      const long = await proposed();
      assert.equal(long.searchParams.get('value'), null);
      assert.match(
        (await page.locator('#done').textContent()) ?? '',
        /^Copied\. Paste it as inventory\/certificates\/web/,
      );
      await page.bringToFront();
      assert.equal(await page.evaluate('navigator.clipboard.readText()'), await yaml(page));
    }));

  test('without scripts nothing is dead: no form, and templates, links and commands instead', () =>
    open(
      'request/',
      async (page) => {
        assert.equal(await page.locator('#request').isVisible(), false);
        assert.equal(await page.locator('#look').isVisible(), false);
        const dead = await page.locator('main :is(button, input, select, textarea)').all();
        for (const each of dead) assert.equal(await each.isVisible(), false);
        const templates = await page.locator('#by-hand pre').allTextContents();
        assert.equal(templates.length, 2);
        for (const text of templates) {
          const mine = text
            .replaceAll('your-service.example.com', 'docs.web.example.internal')
            .replaceAll('your-team', 'web')
            .replaceAll('your-service', 'docs')
            .replaceAll('your-server', 'web-01');
          assert.deepEqual(check(repository('by-hand'), 'inventory/certificates/web/docs.yaml', mine), []);
        }
        assert.match(
          (await page.locator('#by-hand a[href^="https:"]').first().getAttribute('href')) ?? '',
          /_new\/main\/inventory\/certificates\/your-team\?filename=your-service\.yaml&value=/,
        );
        assert.equal(
          await page.getByText('renewd request --offer internal-web --branch --push').isVisible(),
          true,
        );
      },
      { javaScriptEnabled: false },
    ));

  test('markup in the catalogue is text in every part of the form', async () => {
    const odd = await serve('request-hostile', hostileSources());
    await open(
      `request/?team=${encodeURIComponent(hostile)}&names=${encodeURIComponent(hostile)}&endpoints=x`,
      async (page) => {
        await page.locator('input[name="offer"]').first().check();
        await page.getByLabel('Which team is it for?').selectOption({ index: 1 });
        await page.locator('#endpoint-list input').first().check();
        await page.locator('#parameters input').first().fill(hostile);
        await page.getByLabel('Which names do clients use?').fill(hostile);
        await page.getByRole('button', { name: 'Check the request' }).click();
        assert.equal(await page.locator('main img, main script:not([src])').count(), 0);
        assert.ok((await page.locator('#summary').textContent())?.includes('onerror'), 'it is shown as text');
        assert.ok((await yaml(page)).includes('onerror'));
      },
      { at: odd },
    );
  });
});

describe('the catalogue', () => {
  test('the public sees what is offered, and no way to ask', async () => {
    const sources = projectSources();
    const { pages } = await built('catalogue-public', {
      ...sources,
      settings: { ...sources.settings, redaction: 'public' },
    });
    assert.equal(pages.has('request/index.html'), false);
    for (const path of ['catalog/index.html', 'catalog/internal-web/index.html']) {
      const html = pages.get(path) ?? '';
      assert.match(html, /Internal web site/);
      assert.doesNotMatch(html, /href="[^"]*\/(request|certificates|endpoints|findings|audit)\//);
    }
  });
});
