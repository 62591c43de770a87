/** The small pieces every page is made of, as markup: marks, statuses, instants, lists, findings. One shape of each, in the build and in the browser. Pure. */
import type { FindingRecord } from '../../../daemon/core/record-format.ts';
import { limits } from '../../../daemon/limits.ts';
import { commitUrl, fileUrl } from './forge.ts';
import { policyOf, ruleAnchor, type Links } from './links.ts';
import { el, type Markup } from './markup.ts';
import type { Forge } from './model.ts';
import { shorten } from './shorten.ts';
import { utc, utcDay } from './time-words.ts';
import { severityWord, type Shape, type Tone, type Word } from './words.ts';

/** What pieces need to know about the site they stand in. */
export interface Frame {
  readonly links: Links;
  readonly forge: Forge | null;
  /** Commit of the state branch and where records stand in it. */
  readonly state: string;
  readonly intent: string;
  readonly statePrefix: string;
  /** The instant of the build. */
  readonly at: string;
  /** Whether there is a page for it: a record may name what is gone, and then its name is no link. */
  readonly hasCertificate: (id: string) => boolean;
  readonly hasEndpoint: (name: string) => boolean;
  readonly hasTeam: (name: string) => boolean;
  readonly hasPolicy: (name: string) => boolean;
}

const paths: Readonly<Record<Shape, string>> = {
  cross: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  bolt: 'M9.5 1.5L4 9h4l-1.5 5.5L12 7H8z',
  unequal: 'M2.5 6h11M2.5 10.5h11M11 2.5l-6 11.5',
  barred: 'M8 2a6 6 0 1 0 .01 0M3.8 12.2l8.4-8.4',
  triangle: 'M8 2.5l6 11H2z',
  question: 'M5 5.5a3 3 0 1 1 4.4 2.7C8.4 8.8 8 9.2 8 10.2M8 12.6v1.2',
  section:
    'M10.5 4.5a2.5 2 0 0 0-5 0c0 2.5 5 2 5 4.5a2 2 0 0 1-2 1.5M5.5 11.5a2.5 2 0 0 0 5 0M7.5 5.5a2 2 0 0 0-2 1.5',
  quarter: 'M8 2a6 6 0 1 0 .010 0M8 2v6h6',
  dots: 'M2.5 8h1M7.5 8h1M12.5 8h1',
  dash: 'M3 8h10',
  tick: 'M2.5 8.5l3.5 4 7.5-9',
  'letter-i': 'M8 7v6.5M8 2.5v1.5',
};

/** A status as a drawing: the shape says the same as the word beside it, so it is hidden from screen readers. */
export function mark(shape: Shape, tone: Tone): Markup {
  return el(
    'svg',
    {
      class: `mark ${tone}`,
      viewBox: '0 0 16 16',
      width: 16,
      height: 16,
      'aria-hidden': 'true',
      focusable: 'false',
    },
    el('path', { d: paths[shape] }),
  );
}

/** A status: shape, word and colour together. */
export function status(word: Word): Markup {
  return el(
    'span',
    { class: `status ${word.tone}`, title: word.meaning },
    mark(word.shape, word.tone),
    word.label,
  );
}

/** An instant, absolute. The script adds how far away it is by the reader's clock. */
export function moment(at: string, dayOnly = false): Markup {
  return el('time', { datetime: at, 'data-rel': true }, dayOnly ? utcDay(at) : utc(at));
}

/** A list in one cell, bounded, that says how many it leaves out. Names may break after their dots. */
export function shortList(items: readonly string[], max: number = limits.site.listItemsMax): Markup {
  const { shown, more } = shorten(items, max);
  return el(
    'ul',
    { class: 'names' },
    shown.map((item) => el('li', {}, breakable(item))),
    more > 0 && el('li', { class: 'more' }, `and ${String(more)} more`),
  );
}

/** A dotted name that may break after its dots. */
export function breakable(name: string): Markup {
  return name.split('.').map((label, index) => [index > 0 && ['.', el('wbr')], label]);
}

/** A certificate by its id: a link when there is somewhere to go. */
export function certificateLink({ links, hasCertificate }: Frame, id: string): Markup {
  return hasCertificate(id)
    ? el('a', { class: 'name', href: links.certificate(id) }, id)
    : el('span', { class: 'name' }, id);
}

/** An endpoint by name. */
export function endpointLink({ links, hasEndpoint }: Frame, name: string): Markup {
  return hasEndpoint(name)
    ? el('a', { class: 'name', href: links.endpoint(name) }, name)
    : el('span', { class: 'name' }, name);
}

/** A team by name. */
export function teamLink({ links, hasTeam }: Frame, name: string): Markup {
  return hasTeam(name) ? el('a', { href: links.team(name) }, name) : el('span', {}, name);
}

/** A commit by its first digits: a link to the forge when one is known. */
export function commitLink({ forge }: Frame, oid: string): Markup {
  const short = oid.slice(0, 10);
  return forge === null || oid === ''
    ? el('code', { title: oid }, short)
    : el('a', { href: commitUrl(forge, oid), rel: 'noreferrer' }, el('code', {}, short));
}

/** A place in the declarations, `file:line:column`: a link to the forge when one is known. */
export function placeLink({ forge, intent }: Frame, place: string): Markup {
  const match = /^([^:]+)(?::(\d+))?/.exec(place);
  if (forge === null || intent === '' || match === null || place.startsWith('built-in/'))
    return el('code', {}, place);
  const [, file = '', line] = match;
  return el(
    'a',
    { href: fileUrl(forge, intent, file, line === undefined ? null : Number(line)), rel: 'noreferrer' },
    el('code', {}, place),
  );
}

/** A list of facts, term and description; entries that are null are left out. */
export function facts(entries: readonly (readonly [term: string, description: Markup] | null)[]): Markup {
  return el(
    'dl',
    { class: 'facts' },
    entries.map((entry) => entry !== null && el('div', {}, el('dt', {}, entry[0]), el('dd', {}, entry[1]))),
  );
}

/** One finding: what is wrong, where, since when, by which rule, and what to do. `subject`: whether to name the certificate, which its own page need not. */
export function findingArticle(frame: Frame, finding: FindingRecord, subject = true): Markup {
  const word = severityWord(finding.severity);
  const row = (term: string, description: Markup): Markup =>
    el('div', {}, el('dt', {}, term), el('dd', {}, description));
  const { rule, certificate, endpoint, address, expected, observed, at } = finding;
  return el(
    'article',
    { class: `finding ${word.tone}`, id: `finding-${finding.id.replaceAll(/[^\w-]/g, '')}` },
    el(
      'p',
      { class: 'kicker' },
      status(word),
      ' ',
      el('code', {}, finding.code),
      ' ',
      el('span', { class: 'since' }, 'since ', moment(finding.since)),
    ),
    el('p', { class: 'message' }, finding.message),
    el('p', { class: 'remedy' }, el('strong', {}, 'What to do.'), ` ${finding.remedy}`),
    el(
      'dl',
      {},
      subject && certificate !== null && row('Certificate', certificateLink(frame, certificate)),
      endpoint !== null && row('Endpoint', endpointLink(frame, endpoint)),
      address !== null && row('Address', el('span', { class: 'name' }, address)),
      expected !== null && row('Expected', el('span', { class: 'name' }, expected)),
      observed !== null && row('Observed', el('span', { class: 'name' }, observed)),
      rule !== null &&
        row('Rule', [ruleLink(frame, rule.policy, rule.id), `, set in `, placeLink(frame, rule.at)]),
      at !== null && row('Declared at', placeLink(frame, at)),
    ),
  );
}

/** A rule by its policy: a link to where it is explained. */
export function ruleLink({ links, hasPolicy }: Frame, policy: string, rule: string): Markup {
  const words = `${rule} of policy ${policy}`;
  return hasPolicy(policyOf(policy))
    ? el('a', { href: `${links.policy(policyOf(policy))}#${ruleAnchor(policy, rule)}` }, words)
    : words;
}
