/** Makes the feeds of sources, and reads them as strictly as their standards ask: for tests. */
import assert from 'node:assert/strict';
import ICAL from 'ical.js';
import { estateOf, noDataFiles, siteModel } from '../../site/facts/index.ts';
import { redactSources } from '../../site/facts/redact.ts';
import type { SiteSources } from '../../site/facts/sources.ts';
import type { DataFile, FeedInput } from '../../site/feeds/feed.ts';
import { feedMakers } from '../../site/feeds/index.ts';

export type Files = ReadonlyMap<string, DataFile>;

export function inputOf(sources: SiteSources, base = '/'): FeedInput {
  const redacted = redactSources(sources);
  const estate = estateOf(redacted);
  return { sources: redacted, estate, model: siteModel(redacted, estate, noDataFiles), base };
}

/** All feeds by path. */
export function filesOf(sources: SiteSources, base = '/'): Files {
  const input = inputOf(sources, base);
  const all = feedMakers.flatMap((make) => [...make(input)]);
  const files = new Map(all.map((each) => [each.path, each]));
  assert.equal(files.size, all.length, 'no file is made twice');
  return files;
}

export function textOf(files: Files, path: string): string {
  return files.get(path)?.text ?? assert.fail(`there is no ${path}`);
}

/** The events of a calendar whose every line is whole: ended by CRLF, at most 75 bytes. */
export function eventsOf(text: string): readonly InstanceType<typeof ICAL.Event>[] {
  const lines = text.split('\r\n');
  assert.equal(lines.pop(), '', 'the last line is ended');
  for (const line of lines) {
    assert.ok(Buffer.byteLength(line) <= 75, line);
    assert.doesNotMatch(line, /[\r\n]/);
  }
  const calendar = new ICAL.Component(ICAL.parse(text) as unknown[]);
  return calendar.getAllSubcomponents('vevent').map((each) => new ICAL.Event(each));
}

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/** The root of a text that is well-formed XML 1.0, of what our writers use; anything else fails. */
export function readXml(text: string): XmlElement {
  // oxlint-disable-next-line no-control-regex -- everything that XML 1.0 has no place for
  assert.doesNotMatch(text, /[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u, 'only characters of XML');
  const top: XmlElement = { name: '', attributes: new Map(), children: [], text: '' };
  const open = [top];
  let rest = text.replace(/^<\?xml version="1\.0" encoding="utf-8"\?>\n/, '');
  while (rest !== '') {
    const current = open.at(-1) ?? top;
    const token = /^(?:<\/([a-z]+)>|<([A-Za-z]+)((?: [A-Za-z:-]+="[^"<]*")*) ?(\/?)>|([^<]+))/.exec(rest);
    assert.ok(token !== null, `no XML: ${rest.slice(0, 80)}`);
    rest = rest.slice(token[0].length);
    const [, end, begin, attributes = '', empty, words] = token;
    if (end !== undefined) assert.equal(open.pop()?.name, end);
    else if (begin === undefined) current.text += plain(words ?? '');
    else {
      const names = [...attributes.matchAll(/ ([A-Za-z:-]+)="([^"]*)"/g)].map(
        ([, name = '', value = '']) => [name, plain(value)] as const,
      );
      assert.equal(new Map(names).size, names.length, 'an attribute stands once');
      const element = { name: begin, attributes: new Map(names), children: [], text: '' };
      current.children.push(element);
      if (empty === '') open.push(element);
    }
  }
  assert.equal(open.length, 1, 'everything is closed');
  const [root] = top.children;
  assert.ok(root !== undefined && top.children.length === 1 && top.text.trim() === '');
  return root;
}

const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' };

function plain(text: string): string {
  assert.doesNotMatch(text, /&(?!(?:amp|lt|gt|quot);)|\]\]>/);
  return text.replace(/&\w+;/g, (entity) => entities[entity] ?? '');
}

export interface AtomEntry {
  readonly id: string;
  readonly title: string;
  readonly published: string;
  readonly updated: string;
  readonly content: string;
  readonly href: string;
  readonly terms: readonly string[];
}

/** A feed with what RFC 4287 demands of it. */
export function readAtom(text: string): {
  readonly id: string;
  readonly title: string;
  readonly updated: string;
  readonly entries: readonly AtomEntry[];
} {
  const root = readXml(text);
  assert.equal(root.attributes.get('xmlns'), 'http://www.w3.org/2005/Atom');
  const one = (element: XmlElement, name: string): string => {
    const found = element.children.filter((each) => each.name === name);
    assert.equal(found.length, 1, `${name} stands once`);
    return found[0]?.text ?? '';
  };
  const dated = (element: XmlElement, name: string): string => {
    const at = one(element, name);
    assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    return at;
  };
  const entries = root.children
    .filter((each) => each.name === 'entry')
    .map((entry) => ({
      id: one(entry, 'id'),
      title: one(entry, 'title'),
      published: dated(entry, 'published'),
      updated: dated(entry, 'updated'),
      content: one(entry, 'content'),
      href: entry.children.find((each) => each.name === 'link')?.attributes.get('href') ?? '',
      terms: entry.children
        .filter((each) => each.name === 'category')
        .map((each) => each.attributes.get('term') ?? ''),
    }));
  assert.equal(new Set(entries.map((each) => each.id)).size, entries.length, 'an entry stands once');
  for (const { id } of entries) assert.match(id, /^urn:[a-z]+:[a-z]+:[\w%.!~*'()-]+$/);
  return { id: one(root, 'id'), title: one(root, 'title'), updated: dated(root, 'updated'), entries };
}

/** Rows of RFC 4180. */
export function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text);
    assert.ok(found !== null, 'the table is whole');
    rows.at(-1)?.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '');
    if (found[3] === '\r\n') rows.push([]);
  }
  assert.deepEqual(rows.pop(), [], 'the last line is ended');
  return rows;
}
