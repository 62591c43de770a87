/** Everything in a record was written by a stranger: whatever it says, each file stays of its form. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import type { SiteSources } from '../../site/facts/sources.ts';
import { eventsOf, filesOf, readAtom, readCsv, readXml, textOf } from './feed-readers.ts';
import { sampleSources } from './sample-model.ts';
import { certificate, endpoint, finding, installation, issued } from './sample-records.ts';

/** Made once: it costs a third of a second. */
const sources = sampleSources();

const texts = {
  'a line break': 'x\r\ny\nz\u2028w\u0085v',
  'an event of its own': '\r\nEND:VEVENT\r\nBEGIN:VEVENT\nSUMMARY:owned',
  'separators of iCalendar': 'a;b,c\\n:"d"',
  'a formula': `=cmd|' /C calc'!A0`,
  'other formulas': '@SUM(1)',
  'a formula behind a line break': '\n=1+1',
  'a formula behind a mark that is not seen': '\u200B=1+1',
  'quotation marks and commas': '","",=1+1,"',
  'an end of CDATA': ']]>',
  markup: `"></title><script>alert(1)</script><!--`,
  entities: '&lt;b&gt; &xxe; &#0;',
  'control characters': '\u0000\u0007\u001B[2J\u007F\u009F',
  'characters that XML forbids': 'a\uFFFEb\uFFFFc',
  'direction overrides': 'a\u202Egnp.exe\u2066\u200F',
  'a broken surrogate': 'a\uD800b\uDC00',
  'letters of many bytes': '証明書🔐'.repeat(60),
  'four kilobytes': 'x'.repeat(4096),
  'a name of the language': '__proto__',
  'five hundred letters that are written as three each': '/'.repeat(500),
  nothing: '',
};

const unwanted =
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u2028\u200B-\u200F\u202A-\u202E\u2066-\u2069]/;

function poisoned(text: string): SiteSources {
  const leaf = issued('web/x', [text], '2026-11-01T00:00:00Z', '2027-02-01T00:00:00Z', {
    ...{ subject: text, issuer: text, serial: text, fingerprint: text, spki: text },
    ...{ keyAlgorithm: text, signatureAlgorithm: text },
  });
  const about = { certificate: `${text}/x`, endpoint: text, address: text, observed: text };
  const record: CertificateRecord = {
    ...certificate(
      'web/x',
      'drift',
      '2026-11-01T00:00:00Z',
      [text, '+1', '-1', '@x', '\tx'],
      [installation(text, 'drift', leaf, [], { renewAt: '2027-01-01T00:00:00Z' })],
    ),
    metadata: { team: text, name: 'x' },
    findings: [{ ...finding('served-unknown', 'error', text, text, about), id: `${text} served-unknown` }],
  };
  const labelled = {
    ...record,
    declaration: { ...record.declaration, issuer: text, keyAlgorithm: text, labels: { env: text } },
  };
  return {
    ...sources,
    records: { ...sources.records, certificates: [labelled], endpoints: [endpoint(text, text, text, [])] },
    declared: {
      ...sources.declared,
      teams: sources.declared.teams.map((each) => ({ ...each, displayName: text })),
    },
  };
}

describe('each file stays of its form with', () => {
  for (const [name, text] of Object.entries(texts))
    test(name, () => {
      const files = filesOf(poisoned(text));
      assert.equal(eventsOf(textOf(files, 'calendar.ics')).length, 2);
      for (const { path, text: content, feed } of files.values()) {
        assert.match(path, /^[a-z0-9._~/-]+$/);
        assert.doesNotMatch(content, unwanted, path);
        assert.doesNotMatch(feed?.title ?? '', unwanted, path);
        assert.ok(content.isWellFormed(), path);
        if (path.endsWith('.json'))
          assert.doesNotMatch(JSON.stringify(JSON.parse(content)), /\\u00[01]|\\ud[89a-f]/, path);
        if (path.endsWith('.svg')) assert.equal(readXml(content).children.length, 5, path);
        if (path.endsWith('.ics'))
          for (const { summary } of eventsOf(content))
            assert.ok(summary.endsWith('ends') || summary.endsWith('is renewed'));
        if (path.endsWith('.xml')) readAtom(content);
        if (!path.endsWith('.csv')) continue;
        const rows = readCsv(content);
        for (const row of rows) {
          assert.equal(row.length, 14, path);
          for (const cell of row) assert.doesNotMatch(cell, /^[=+\-@\t\r]/, path);
        }
      }
      for (const [, uid = ''] of textOf(files, 'calendar.ics')
        .replaceAll('\r\n ', '')
        .matchAll(/\r\nUID:(.*)/g))
        assert.match(uid, /^[^\s,;\\"]+$/, 'an id of characters that mean themselves');
      assert.equal(readCsv(textOf(files, 'certificates.csv')).length, 2, 'one line a certificate');
      const { components } = JSON.parse(textOf(files, 'cbom.json')) as {
        readonly components: readonly object[];
      };
      assert.equal(components.length, 3, 'an algorithm, a certificate, a key');
    });
});

test('an instant that is none costs its entry, and never the build', () => {
  for (const at of ['', 'soon', '2026-13-45T00:00:00Z', '2027-01-01', '<x/>', '+275760-09-13T00:00:00Z']) {
    const leaf = issued('web/x', ['x.example'], at, at);
    const record = certificate(
      ...(['web/x', 'drift', '2026-11-01T00:00:00Z', ['x.example']] as const),
      [installation('a', 'drift', leaf, [], { renewAt: at })],
      [finding('served-unknown', 'error', 'x', 'y', { certificate: 'web/x', since: at })],
    );
    const files = filesOf({ ...sources, records: { ...sources.records, certificates: [record] } });
    assert.equal(eventsOf(textOf(files, 'calendar.ics')).length, 0, at);
    assert.ok(readAtom(textOf(files, 'atom.xml')).entries.length > 0, at);
  }
});
