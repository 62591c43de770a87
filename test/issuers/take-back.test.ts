/** A log that was restored from an older backup: what it lacks is taken back from what was published, and nothing else is. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { limits } from '../../daemon/limits.ts';
import { certificateFacts } from '../../daemon/x509/facts.ts';
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

test('a log put back while an operation is open: its serial is not used twice, published or not, and what was issued comes back', async () => {
  const home = join(root, 'twice');
  const log = join(home, 'issuers/internal/issued.jsonl');
  const issuer = await open(home);
  const asked = request(workshop, 'a.example.com', 'open');
  const first = await issueAll(issuer, asked, null);
  const published = [...(await issuer.publications(signal))].filter(([path]) => path.startsWith('issuance/'));
  const serialOf = (chain: readonly Uint8Array[]): string =>
    certificateFacts(chain[0] ?? new Uint8Array()).serial;

  writeFileSync(log, '');
  const later = await open(home, () => Date.now() + 2000);
  const second = await issueAll(later, asked, null, first.handles.at(-1) ?? null);
  assert.notEqual(serialOf(second.chain), serialOf(first.chain));
  const texts = published.map(([, text]) => text);
  assert.equal(await later.takeBack(texts, signal), 1);
  const now = await (await open(home)).publications(signal);
  for (const [path, text] of published) assert.equal(now.get(path), text);
  assert.equal([...now.keys()].filter((path) => path.startsWith('issuance/')).length, 2);
});

test('what would be published as another text, or is over the bound, does not come back', async () => {
  const home = join(root, 'texts');
  const log = join(home, 'issuers/internal/issued.jsonl');
  const issuer = await open(home);
  await issueAll(issuer, request(workshop, 'a.example.com', 'first'), null);
  const publication = async (): Promise<string | undefined> =>
    [...(await (await open(home)).publications(signal))].find(([path]) => path.startsWith('issuance/'))?.[1];
  const text = (await publication()) ?? '';
  const record = JSON.parse(text) as Record<string, unknown>;
  const written = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  assert.equal(written(record), text);
  writeFileSync(log, '');
  const restored = await open(home);
  const otherwise = {
    'one line': JSON.stringify(record),
    'no end of line': text.trimEnd(),
    'one end too many': `${text}\n`,
    'a name twice': text.replace('{', '{\n  "serial": "zz",'),
    'a name of an object': text.replace('{', '{\n  "more": {"b":1},'),
    'names that are numbers': text.replace('{', '{\n  "b": 0,\n  "9": 1,'),
    'an escaped letter': text.replace('"kind"', String.raw`"\u006bind"`),
    'half a character': text.replace('{', '{\n  "more": "\ud800",'),
    'over the bound': written({ ...record, more: 'x'.repeat(limits.ca.entryMaxBytes) }),
  };
  for (const [name, each] of Object.entries(otherwise)) {
    assert.notEqual(each, text, name);
    assert.equal((JSON.parse(each) as Record<string, unknown>)['pem'], record['pem'], name);
    assert.equal(await restored.takeBack([each], signal), 0, name);
  }
  assert.equal(await publication(), undefined);
  assert.equal(await restored.takeBack([text], signal), 1);
  assert.equal(await publication(), text);
});

test('the entry of the largest certificate that may be declared comes back', async () => {
  const home = join(root, 'largest');
  const ranges = { permittedIpRanges: ['fd00::/8'] };
  const issuer = await open(home, Date.now, ranges);
  const label = 'x'.repeat(63);
  const dnsNames = Array.from(
    { length: limits.documents.namesPerCertificateMax },
    (_, index) => `${String(index).padStart(49, '0')}.${label}.${label}.${label}.example.com`,
  );
  assert.ok(dnsNames.every(({ length }) => length === 253));
  const ipAddresses = dnsNames.map(
    (_, index) => `fdff:ffff:ffff:ffff:ffff:ffff:ffff:${(0xff00 + index).toString(16)}`,
  );
  const asked = request(workshop, 'a.example.com', 'largest', { dnsNames, ipAddresses });
  await issueAll(issuer, asked, null);
  const texts = [...(await issuer.publications(signal))].filter(([path]) => path.startsWith('issuance/'));
  writeFileSync(join(home, 'issuers/internal/issued.jsonl'), '');
  const restored = await open(home, Date.now, ranges);
  assert.equal(
    await restored.takeBack(
      texts.map(([, text]) => text),
      signal,
    ),
    1,
  );
});
