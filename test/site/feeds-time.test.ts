/** Calendars and Atom: what changes with time is told as a change of the same thing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { limits } from '../../daemon/limits.ts';
import type { SiteSources, Transition } from '../../site/facts/sources.ts';
import { siteRecord } from '../bench/site-estate.ts';
import { eventsOf, filesOf, readAtom, textOf, type AtomEntry } from './feed-readers.ts';
import { emptySources, sampleSources } from './sample-model.ts';
import { certificate, finding, installation, issued } from './sample-records.ts';

/** Made once: it costs a third of a second. */
const sources = sampleSources();

const sample = filesOf(sources);

function withRecords(certificates: SiteSources['records']['certificates']): SiteSources {
  return { ...sources, records: { ...sources.records, certificates } };
}

describe('calendars', () => {
  const leaf = issued('web/x', ['x.example'], '2026-10-01T00:00:00Z', '2026-12-30T23:59:59Z');
  const days = (
    renewAt: string | null,
    rest: Parameters<typeof certificate>[6] = {},
    own = leaf,
  ): ReturnType<typeof eventsOf> =>
    eventsOf(
      textOf(
        filesOf(
          withRecords([
            certificate(
              'web/x',
              'ok',
              '2026-10-01T00:00:00Z',
              ['x.example'],
              [installation('a', 'ok', own, [], { renewAt })],
              [],
              rest,
            ),
          ]),
        ),
        'calendar.ics',
      ),
    );

  test('have a day for each end and each planned renewal that is to come, and a reminder of the end', () => {
    const events = eventsOf(textOf(sample, 'calendar.ics'));
    const shop = events.filter((each) => each.uid.startsWith('web/shop@web-ams-01/'));
    assert.deepEqual(
      shop.map((each) => [each.summary, each.startDate.toString(), each.startDate.isDate]),
      [
        ['web/shop on web-ams-01 is renewed', '2027-01-15', true],
        ['web/shop on web-ams-01 ends', '2027-02-14', true],
      ],
    );
    const alarms = shop.map((each) => each.component.getAllSubcomponents('valarm'));
    assert.deepEqual(
      alarms.map((each) => each.length),
      [0, 1],
    );
    assert.equal(String(alarms[1]?.[0]?.getFirstPropertyValue('trigger')), '-P7D');
    assert.ok(
      !events.some((each) => each.summary.includes('customs-gateway')),
      'what has ended is no date to come',
    );
  });

  test('can be subscribed to', () => {
    const text = textOf(sample, 'teams/web/calendar.ics');
    assert.match(text, /^BEGIN:VCALENDAR\r\nVERSION:2.0\r\n/);
    assert.match(text, /\r\nX-WR-CALNAME:Certificates: [^\r]+\r\n/);
    assert.match(text, /\r\nREFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n/);
  });

  test('of one team have only what is its own', () => {
    const events = eventsOf(textOf(sample, 'teams/web/calendar.ics'));
    assert.ok(events.length > 0);
    for (const { uid } of events) assert.match(uid, /^web\//);
  });

  test('keep the id of a day that moves, and give a certificate that was renewed another', () => {
    const ids = (events: ReturnType<typeof eventsOf>): readonly string[] => events.map((each) => each.uid);
    const [before, after] = [days('2026-12-01T00:00:00Z'), days('2026-12-05T00:00:00Z')];
    assert.deepEqual(ids(before), ids(after));
    assert.notEqual(before[0]?.startDate.toString(), after[0]?.startDate.toString());
    const renewed = days('2026-12-01T00:00:00Z', {}, { ...leaf, serial: '99' });
    assert.ok(!ids(renewed).some((each) => ids(before).includes(each)));
  });

  test('say what becomes of a certificate before its end', () => {
    const words = (...of: Parameters<typeof days>): string => days(...of).at(-1)?.description ?? '';
    assert.match(words('2026-12-01T00:00:00Z'), /renewd renews it on 2026-12-01/);
    assert.match(words('2026-11-01T00:00:00Z'), /due on 2026-11-01 and is not done/);
    assert.match(words(null), /No renewal is planned/);
    assert.match(words('2026-12-01T00:00:00Z', { state: 'retired' }), /Nobody renews it/);
    assert.match(words('2026-12-01T00:00:00Z', { withdrawn: true }), /Nobody renews it/);
    assert.equal(days('2026-12-01T00:00:00Z', { state: 'retired' }).length, 1, 'nor is a renewal announced');
  });

  test('longer than the bound keep the soonest and say how many are left out', () => {
    const max = limits.site.calendarEventsMax;
    const records = Array.from({ length: max }, (_, index) => siteRecord(index, 5000));
    const text = textOf(filesOf(withRecords(records)), 'calendar.ics');
    const events = eventsOf(text);
    const at = sources.at;
    const all = records
      .flatMap(({ installations }) =>
        installations.flatMap((each) => [each.issued?.notAfter ?? '', each.renewAt ?? '']),
      )
      .filter((each) => each >= at)
      .map((each) => each.slice(0, 10))
      .sort();
    assert.deepEqual(
      events.map((each) => each.startDate.toString()),
      all.slice(0, max),
    );
    assert.match(
      text.replaceAll('\r\n ', ''),
      new RegExp(`${String(all.length - max)} later ones are left out`),
    );
  });
});

describe('Atom', () => {
  const shop = sources.history.transitions
    .flatMap((each) => each.opened)
    .find((each) => each.certificate === 'web/shop');
  assert.ok(shop !== undefined);
  const move = (at: string, rest: Partial<Transition>): Transition => ({
    ...{ at, commit: at, certificate: 'web/shop', endpoint: null, before: 'ok', after: 'ok', phrase: '' },
    ...{ issued: [], proved: [], opened: [], closed: [] },
    ...rest,
  });
  const unreachable = finding('endpoint-unreachable', 'error', 'gone', 'see', {
    certificate: 'web/shop',
    endpoint: shop.endpoint,
    since: '2026-10-12T00:00:00Z',
  });
  const [opened, closed, back] = [
    move('2026-10-11T06:00:00Z', { after: 'drift', opened: [shop] }),
    move('2026-10-12T00:00:00Z', { after: 'unknown', opened: [unreachable], closed: [shop.id] }),
    move('2026-10-13T00:00:00Z', { closed: [unreachable.id] }),
  ];
  /** Newest first. */
  const told = (transitions: readonly Transition[], of = sources): readonly AtomEntry[] =>
    readAtom(textOf(filesOf({ ...of, history: { ...of.history, transitions } }), 'atom.xml')).entries;
  const entryOf = (entries: readonly AtomEntry[], id: string): AtomEntry =>
    entries.find((each) => decodeURIComponent(each.id) === `urn:renewd:finding:${id}`) ??
    assert.fail(`no entry of ${id}`);

  test('tells the end of a drift as the same entry, with a date that moved', () => {
    const healed = entryOf(readAtom(textOf(sample, 'atom.xml')).entries, shop.id);
    assert.equal(healed.title, 'Healed: web/shop, served-previous');
    assert.deepEqual([healed.published, healed.updated], ['2026-10-11T06:00:00Z', '2026-10-11T06:42:00Z']);
    const standing = {
      ...sources,
      records: {
        ...sources.records,
        certificates: sources.records.certificates.map((each) =>
          each.metadata.name === 'shop' ? { ...each, findings: [shop] } : each,
        ),
      },
    };
    const open = entryOf(told([opened], standing), shop.id);
    assert.equal(open.id, healed.id);
    assert.equal(open.title, 'Error: web/shop, served-previous');
    assert.equal(open.updated, open.published);
    assert.ok(open.terms.includes('drift') && open.terms.includes('error') && open.terms.includes('open'));
    assert.match(open.content, /What to do: A reload did not reach every worker/);
    assert.equal(open.href, '/certificates/web/shop/');
  });

  test('does not call healed what only went out of sight, until a look finds it mended', () => {
    const hidden = entryOf(told([closed, opened]), shop.id);
    assert.deepEqual([hidden.title, hidden.updated], ['Cleared: web/shop, served-previous', closed.at]);
    const mended = entryOf(told([back, closed, opened]), shop.id);
    assert.deepEqual(
      [mended.title, mended.updated, mended.id],
      ['Healed: web/shop, served-previous', back.at, hidden.id],
    );
    assert.equal(
      entryOf(told([back, closed, opened]), unreachable.id).title,
      'Cleared: web/shop, endpoint-unreachable',
    );
  });

  test('says open only of what the records say now', () => {
    assert.match(entryOf(told([opened]), shop.id).title, /^Cleared/);
    const again = told([
      move('2026-10-14T00:00:00Z', { opened: [{ ...shop, since: '2026-10-14T00:00:00Z' }] }),
      back,
      closed,
      opened,
    ]);
    assert.equal(
      again.filter((each) => each.id === entryOf(again, shop.id).id).length,
      1,
      'what comes back is one story',
    );
  });

  test('is updated when something happened, and not when it was built', () => {
    const later = filesOf({ ...sources, at: '2026-11-21T10:00:00Z' });
    const { updated, entries } = readAtom(textOf(sample, 'atom.xml'));
    assert.equal(updated, entries[0]?.updated);
    assert.equal(textOf(later, 'atom.xml'), textOf(sample, 'atom.xml'));
  });

  test('says that the daemon is silent, and nothing of it where nothing was ever written', () => {
    const late = readAtom(textOf(filesOf({ ...sources, at: '2026-11-22T00:00:00Z' }), 'teams/web/atom.xml'));
    assert.match(late.entries[0]?.title ?? '', /facts are old/);
    assert.equal(late.entries[0]?.updated, '2026-11-21T11:55:12Z');
    assert.equal(late.updated, '2026-11-21T11:55:12Z');
    assert.deepEqual(readAtom(textOf(filesOf(emptySources()), 'atom.xml')).entries, []);
  });

  test('keeps the newest, and each team its own', () => {
    const max = limits.site.atomEntriesMax;
    const many = Array.from({ length: max + 5 }, (_, index) =>
      finding('served-unknown', 'error', String(index), 'see', {
        certificate: index % 2 === 0 ? 'web/a' : 'freight/b',
        since: `2026-10-01T00:${String(Math.floor(index / 60)).padStart(2, '0')}:${String(index % 60).padStart(2, '0')}Z`,
      }),
    );
    const sources = withRecords([
      certificate('web/a', 'drift', '2026-10-01T00:00:00Z', ['a.example'], [], many),
    ]);
    const files = filesOf({
      ...sources,
      records: { ...sources.records, endpoints: [] },
      history: { ...sources.history, transitions: [] },
    });
    const { entries } = readAtom(textOf(files, 'atom.xml'));
    assert.equal(entries.length, max);
    assert.deepEqual(
      entries.map((each) => each.updated),
      entries
        .map((each) => each.updated)
        .sort()
        .reverse(),
    );
    assert.ok(!entries.some((each) => each.updated === '2026-10-01T00:00:04Z'));
    for (const { title } of readAtom(textOf(files, 'teams/web/atom.xml')).entries)
      assert.match(title, /: web\/a,/);
  });
});
