/** The files of data for people: what each is for, and which a team has. Pure. */
import type { Feed } from './model.ts';

/** What a file is for and of which form, by its name; the same for everything and for a team. */
export interface FileWords {
  readonly file: string;
  /** As the head of a column. */
  readonly head: string;
  readonly use: string;
  readonly form: string;
  /** Name of the file with its schema, at the root of the site; null: the form is a standard. */
  readonly schema: string | null;
}

/** In the order of the page. */
export const fileWords: readonly FileWords[] = [
  {
    file: 'calendar.ics',
    head: 'Calendar',
    use: 'A calendar to subscribe to: a day for each certificate that ends, with a reminder a week before, and for each renewal that is planned.',
    form: 'iCalendar (RFC 5545)',
    schema: null,
  },
  {
    file: 'atom.xml',
    head: 'Findings',
    use: 'Findings and drift for a feed reader or a chat channel. A finding keeps its entry for ever; when it is gone, the same entry says so and its date moves.',
    form: 'Atom (RFC 4287)',
    schema: null,
  },
  {
    file: 'summary.json',
    head: 'Numbers',
    use: 'Counts, trend and the age of the facts, for dashboards and alarms.',
    form: 'JSON, SiteSummary',
    schema: 'summary.schema.json',
  },
  {
    file: 'certificates.csv',
    head: 'Table',
    use: 'A row for each certificate, for a spreadsheet. No cell begins as a formula does.',
    form: 'CSV (RFC 4180), UTF-8',
    schema: null,
  },
  {
    file: 'certificates.json',
    head: 'Rows',
    use: 'The same for scripts.',
    form: 'JSON, SiteCertificates',
    schema: 'certificates.schema.json',
  },
  {
    file: 'badge.svg',
    head: 'Badge',
    use: 'A picture of one line for a README or a wiki. It says of which day it is, because a picture cannot tell that it has grown old.',
    form: 'SVG',
    schema: null,
  },
  {
    file: 'cbom.json',
    head: 'Cryptography',
    use: 'Certificates, public keys and algorithms, for tools that plan the change to algorithms that hold against quantum computers.',
    form: 'CycloneDX 1.6 (ECMA-424)',
    schema: null,
  },
];

export interface TeamFiles {
  readonly team: string;
  /** Path below the base by the name of the file. */
  readonly paths: ReadonlyMap<string, string>;
}

/** The last part of its path. */
export function fileOf({ path }: Pick<Feed, 'path'>): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The files that this site has of everything, in words; files without words come last, with their titles. */
export function filesOfAll(feeds: readonly Feed[]): readonly (FileWords & { readonly path: string })[] {
  const all = feeds.filter((each) => each.team === null && each.kind !== 'schema');
  const known = fileWords.flatMap((words) => {
    const feed = all.find((each) => fileOf(each) === words.file);
    return feed === undefined ? [] : [{ ...words, path: feed.path }];
  });
  const others = all
    .filter((each) => !fileWords.some(({ file }) => file === fileOf(each)))
    .map((each) => ({
      file: fileOf(each),
      path: each.path,
      head: each.kind,
      use: each.title,
      form: each.kind,
      schema: null,
    }));
  return [...known, ...others];
}

/** The files of each team, in the order of teams' names. */
export function filesOfTeams(feeds: readonly Feed[]): readonly TeamFiles[] {
  const byTeam = Map.groupBy(
    feeds.filter((each) => each.team !== null),
    (each) => each.team ?? '',
  );
  return [...byTeam]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([team, own]) => ({ team, paths: new Map(own.map((each) => [fileOf(each), each.path])) }));
}
