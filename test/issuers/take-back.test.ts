/** A log that was restored from an older backup: what it lacks is taken back from what was published, and nothing else is. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { issueAll, request } from '../contract/issuer.ts';
import { openWorkshop } from '../fixtures/openssl.ts';
import { open } from './embedded-ca.ts';

const workshop = openWorkshop();
const root = mkdtempSync(join(tmpdir(), 'renewd-take-back-'));
after(() => {
  workshop.close();
  rmSync(root, { recursive: true });
});
const signal = new AbortController().signal;

test('entries of ours come back once, byte for byte; what this CA did not issue, or says otherwise, does not', async () => {
  const home = join(root, 'ours');
  const log = join(home, 'issuers/internal/issued.jsonl');
  const issuer = await open(home);
  await issueAll(issuer, request(workshop, 'a.example.com', 'first'), null);
  const backup = readFileSync(log);
  await issueAll(issuer, request(workshop, 'b.example.com', 'second'), null);
  const entries = async (of: typeof issuer): Promise<readonly [string, string][]> =>
    [...(await of.publications(signal))].filter(([path]) => path.startsWith('issuance/'));
  const published = await entries(issuer);
  assert.equal(published.length, 2);
  const other = await open(join(root, 'other'));
  await issueAll(other, request(workshop, 'c.example.com', 'third'), null);
  const foreign = (await entries(other)).map(([, text]) => text);

  writeFileSync(log, backup);
  const restored = await open(home);
  assert.equal((await entries(restored)).length, 1);
  const texts = published.map(([, text]) => text);
  const bent = texts.flatMap((text) => [
    text.replaceAll('b.example.com', 'pay.example.com'),
    text.replace(/"serial": "[0-9a-f]+"/, '"serial": "../../x"'),
    text.replace(/"pem": "[^"]*"/, '"pem": 7'),
    text.replace(/"dnsNames": \[[^\]]*\]/, '"dnsNames": null'),
  ]);
  const wrong = [...foreign, ...bent.filter((each) => !texts.includes(each)), 'x', '', 'null', '[]', '{}'];
  assert.equal(await restored.takeBack(wrong, signal), 0);
  assert.equal(await restored.takeBack([...texts, ...texts], signal), 1);
  assert.equal(await restored.takeBack(texts, signal), 0);
  assert.deepEqual(new Map(await entries(restored)), new Map(published));
  assert.deepEqual(new Map(await entries(await open(home))), new Map(published));
  await issueAll(restored, request(workshop, 'd.example.com', 'fourth'), null);
  assert.equal((await entries(restored)).length, 3);
});
