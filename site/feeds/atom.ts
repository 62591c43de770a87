/**
 * Atom feeds (RFC 4287) of findings and drift: one entry a finding for ever. When it is gone, the entry says so and its date moves, so that a reader shows the end of the
 * same story. Links are paths of the host, because a build does not know its own address (RFC 3986, 4.2: they are read against the address of the feed).
 */
import { createHash } from 'node:crypto';
import { limits } from '../../daemon/limits.ts';
import { driftCodes } from '../facts/drift-codes.ts';
import { detailed } from '../facts/redact.ts';
import { clean } from '../src/lib/clean.ts';
import { createLinks, type Links } from '../src/lib/links.ts';
import { certificateId, type SiteModel } from '../src/lib/model.ts';
import { dataAge, isFirstTime } from '../src/lib/posture.ts';
import { severityWord } from '../src/lib/words.ts';
import type { DataFile, FeedInput } from './feed.ts';
import { isInstant } from './instants.ts';
import { scopesOf, type Scope } from './scope.ts';
import { storiesOf, type Story } from './stories.ts';
import { xmlOwn, xmlText } from './xml.ts';

/** `atom.xml`, of everything and of each team. Nothing for the public: messages name certificates. */
export function* atomFeeds(input: FeedInput): Generator<DataFile> {
  if (input.model.redaction === 'public') return;
  const { estate, sources, base, model } = input;
  const stories = storiesOf(input);
  const teamOfEndpoint = new Map(estate.endpoints.map(({ metadata }) => [metadata.name, metadata.team]));
  const byTeam = Map.groupBy(stories, ({ finding: { certificate, endpoint } }) =>
    clean(certificate?.split('/')[0] ?? teamOfEndpoint.get(endpoint ?? '') ?? ''),
  );
  const pages = new Set(
    detailed(estate.certificates, sources.settings).map((each) => clean(certificateId(each))),
  );
  const links = createLinks(base, (id) => pages.has(id));
  const pageOf = ({ finding: { certificate, endpoint } }: Story): string =>
    certificate !== null && estate.byId.has(certificate)
      ? links.certificate(clean(certificate))
      : endpoint !== null && teamOfEndpoint.has(endpoint)
        ? links.endpoint(clean(endpoint))
        : links.to('findings/');
  for (const scope of scopesOf(input)) {
    const own = scope.team === null ? stories : (byTeam.get(scope.team) ?? []);
    yield {
      path: `${scope.folder}atom.xml`,
      text: feedText(model, links, scope, own.slice(0, limits.site.atomEntriesMax), pageOf),
      feed: { title: `Findings, as they come and go: ${scope.words}`, kind: 'atom', team: scope.team },
    };
  }
}

function feedText(
  model: SiteModel,
  links: Links,
  scope: Scope,
  stories: readonly Story[],
  pageOf: (story: Story) => string,
): string {
  const silence = silenceEntry(model, links);
  const dates = [silence?.updated ?? '', stories[0]?.updated ?? ''].sort();
  const page = scope.team === null ? links.to('findings/') : links.team(scope.team);
  const lines = [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom">',
    `<id>${xmlOwn(urn('findings', scope.team ?? 'all certificates'))}</id>`,
    `<title>${xmlText(`Findings: ${scope.words}`)}</title>`,
    // Of what happened, and of the build only while nothing has.
    `<updated>${dates.at(-1) || model.generatedFrom.at}</updated>`,
    '<author><name>renewd</name></author>',
    `<link rel="self" type="application/atom+xml" href="${xmlOwn(links.to(`${scope.folder}atom.xml`))}"/>`,
    `<link rel="alternate" type="text/html" href="${xmlOwn(page)}"/>`,
    ...(silence === null ? [] : [entryText(silence)]),
    ...stories.map((each) => entryText(findingEntry(each, pageOf(each)))),
    '</feed>',
  ];
  return `${lines.join('\n')}\n`;
}

interface Entry {
  readonly id: string;
  readonly title: string;
  readonly published: string;
  readonly updated: string;
  readonly categories: readonly string[];
  readonly page: string;
  readonly content: readonly string[];
}

function findingEntry({ finding, end, updated }: Story, page: string): Entry {
  const { code, severity, message, remedy, since } = finding;
  const about = finding.certificate ?? finding.endpoint ?? 'the repository';
  const word = end === null ? severityWord(severity).label : end.healed ? 'Healed' : 'Cleared';
  return {
    id: urn('finding', finding.id),
    title: `${word}: ${about}, ${code}`,
    // A record that was mended may begin after it ended; a reader wants them in order.
    published: isInstant(since) && since < updated ? since : updated,
    updated,
    categories: [
      severity,
      code,
      ...(driftCodes.has(code) ? ['drift'] : []),
      end === null ? 'open' : word.toLowerCase(),
    ],
    page,
    content:
      end === null
        ? [message, `What to do: ${remedy}`]
        : [
            end.healed
              ? `Healed at ${updated}: what is served is what was issued again.`
              : `The records no longer say this since ${updated}.`,
            `It was: ${message}`,
          ],
  };
}

/** That the daemon is silent: without it a feed of a dead daemon looks like a quiet day. */
function silenceEntry(model: SiteModel, links: Links): Entry | null {
  const { stale, staleAt, sentence } = dataAge(model);
  if (!stale || isFirstTime(model)) return null;
  const updated = isInstant(staleAt) ? staleAt : model.generatedFrom.at;
  return {
    id: urn('silence', staleAt ?? 'never'),
    title: 'The facts are old: what is served now is not known',
    published: updated,
    updated,
    categories: ['critical', 'silence'],
    page: links.to('about/'),
    content: [sentence, 'What to do: see whether the daemon runs and may push to the state branch.'],
  };
}

function entryText({ id, title, published, updated, categories, page, content }: Entry): string {
  return [
    `<entry><id>${xmlOwn(id)}</id><title>${xmlText(title)}</title>`,
    `<published>${published}</published><updated>${updated}</updated>`,
    ...categories.map((term) => `<category term="${xmlText(term)}"/>`),
    `<link rel="alternate" type="text/html" href="${xmlOwn(page)}"/>`,
    `<content type="text">${content.map(xmlText).join(' ')}</content></entry>`,
  ].join('');
}

/** A name of ours that stays: `urn:renewd:finding:web%2Fshop%40edge%20served-previous`. One too long to be looked at is told by its digest. */
function urn(kind: string, name: string): string {
  const encoded = encodeURIComponent(name.toWellFormed());
  const short = encoded.length <= limits.site.keyMaxChars;
  return `urn:renewd:${kind}:${short ? encoded : `sha256-${createHash('sha256').update(name).digest('hex')}`}`;
}
