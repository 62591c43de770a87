/** Sources in which every text carries a mark of its own, so that a test can tell from the bytes of a site which facts got into it. */
import type { SiteSources } from '../../site/facts/sources.ts';

export interface MarkedSources {
  readonly sources: SiteSources;
  /** Where in the sources the text of each mark stands: `records.certificates.findings.message`; `texts.*` is a value of a map, `texts.name` a name of it. */
  readonly places: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Words of closed sets: the program knows them, and they say nothing about an estate. */
const closed = new Set([
  ...['apiVersion', 'kind', 'status', 'severity', 'result', 'state', 'drift', 'action', 'outcome', 'verdict'],
  ...['type', 'mode', 'role', 'recordSigner', 'period', 'before', 'after', 'redaction', 'code'],
]);
const instant = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z)?$/;

/** Marks every text; the same text gets the same mark wherever it stands, and an id stays the id of its parts. Pure. */
export function markedSources(sources: SiteSources): MarkedSources {
  const marks = new Map<string, string>();
  const places = new Map<string, Set<string>>();
  const markOf = (text: string, place: string): string => {
    let mark = marks.get(text);
    if (mark === undefined) marks.set(text, (mark = `zq${String(marks.size)}z`));
    const known = places.get(mark);
    if (known === undefined) places.set(mark, new Set([place]));
    else known.add(place);
    return mark;
  };
  // Digests are shown by their first digits, everything else may be shown by its beginning too, but marks are for finding.
  const marked = (text: string, place: string): string =>
    /^[0-9a-f]{16,}$/.test(text) ? markOf(text, place) + text : `${text}-${markOf(text, place)}`;
  const ids = new Set(
    sources.records.certificates.map(({ metadata }) => `${metadata.team}/${metadata.name}`),
  );
  const endpoints = new Set(sources.records.endpoints.map(({ metadata }) => metadata.name));
  const text = (value: string, place: string): string => {
    const [id = '', endpoint] = value.split('@');
    if (!ids.has(id) || (endpoint !== undefined && !endpoints.has(endpoint))) return marked(value, place);
    const parts = id.split('/').map((part) => marked(part, place));
    return parts.join('/') + (endpoint === undefined ? '' : `@${marked(endpoint, place)}`);
  };
  const mark = (value: unknown, key: string, place: string): unknown => {
    if (typeof value === 'string')
      return closed.has(key) || instant.test(value) || value === '' ? value : text(value, place);
    if (Array.isArray(value)) return value.map((each) => mark(each, key, place));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => {
        const byName = ['labels', 'texts', 'chains', 'parameters'].includes(key);
        return byName
          ? [text(name, `${place}.name`), mark(each, name, `${place}.*`)]
          : [name, mark(each, name, place === '' ? name : `${place}.${name}`)];
      }),
    );
  };
  return { sources: mark(sources, '', '') as SiteSources, places };
}
