/** What an offer is, in words and pieces of pages: the catalogue and the request form say the same. Pure. */
import { newFileUrl } from './forge.ts';
import { el, type Markup } from './markup.ts';
import type { Catalogue, Forge } from './model.ts';
import type { CatalogueOffer, CatalogueProfile } from './request-form.ts';
import type { RequestTemplate } from './request-template.ts';

/** How an issuer works, for people who do not know the types. */
const issuerWords: Readonly<Record<string, string>> = {
  acme: 'by ACME, as public authorities do',
  ca: 'the private authority inside renewd; clients must know its root',
};

const usageWords: Readonly<Record<string, string>> = {
  serverAuth: 'shown by a server',
  clientAuth: 'shown by a client',
};

/** Term and description of everything an offer fixes. */
export function offerFacts(
  offer: CatalogueOffer,
  issuers: Catalogue['issuers'],
): readonly (readonly [string, Markup])[] {
  const type = issuers.find((each) => each.name === offer.issuer)?.type;
  const how = type === undefined ? undefined : issuerWords[type];
  const labels = Object.entries(offer.labels).map(([key, value]) => `${key}=${value}`);
  return [
    ['Who may ask', offer.teams.length === 0 ? 'every team' : offer.teams.join(', ')],
    ['Ready', offer.leadTime ?? 'when the request is merged and issued'],
    ['Issuer', how === undefined ? offer.issuer : `${offer.issuer}: ${how}`],
    ['Kind of server', offer.profile ?? 'you choose'],
    ['Key', `${offer.keyAlgorithm ?? 'ecdsa-p256'}, made on each server; it never leaves it`],
    ['Lifetime', offer.lifetime ?? 'what the issuer gives'],
    ['Used as', (offer.usages ?? ['serverAuth']).map((each) => usageWords[each] ?? each).join(', ')],
    ...(labels.length === 0 ? [] : [['Labels', labels.join(', ')] as const]),
    ['Automation', 'issued, installed, proved by handshake and renewed without a hand'],
  ];
}

/** The parameters of a profile as a table: what they mean and what they are when nothing is said. */
export function parameterTable({ name, parameters }: CatalogueProfile): Markup {
  if (parameters.length === 0)
    return el('p', { class: 'quiet' }, 'It has no parameters: name it, and that is all.');
  const row = (each: CatalogueProfile['parameters'][number]): Markup =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, el('code', {}, each.name)),
      el('td', { 'data-label': 'Meaning' }, each.description),
      el(
        'td',
        { 'data-label': 'Unless said' },
        each.default === null
          ? el('strong', {}, 'must be given')
          : each.default === ''
            ? 'empty'
            : el('code', {}, each.default),
      ),
    );
  return el(
    'table',
    { class: 'stack' },
    el('caption', { class: 'hidden' }, `Parameters of profile ${name}`),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ['Parameter', 'Meaning', 'Unless said'].map((head) => el('th', { scope: 'col' }, head)),
      ),
    ),
    el('tbody', {}, parameters.map(row)),
  );
}

/** Where a new file is made on the forge, in words that say whether its text is there already; nothing without a forge. */
export function newFileLink(forge: Forge | null, { path, text }: RequestTemplate): Markup {
  if (forge === null)
    return el(
      'p',
      { class: 'quiet' },
      'This site does not know where the repository can be edited: put the file on a branch, and open a pull request for it.',
    );
  const { url, prefilled } = newFileUrl(forge, path, text);
  return el(
    'p',
    {},
    el('a', { href: url, rel: 'noreferrer' }, `New file in the repository`),
    prefilled
      ? ', with this text in it; the forge then proposes it as a '
      : '; paste this text there, and propose it as a ',
    proposal(forge),
    '.',
  );
}

/** What a proposed change is called where the repository is. */
export function proposal(forge: Forge | null): 'merge request' | 'pull request' {
  return forge?.kind === 'gitlab' ? 'merge request' : 'pull request';
}

/** A template to copy: its path, its text, where to make the file, and the command that asks for everything instead. */
export function templatePieces(
  offer: CatalogueOffer,
  template: RequestTemplate,
  forge: Forge | null,
): Markup {
  return [
    el('p', {}, 'As ', el('code', {}, template.path), ':'),
    el('pre', { class: 'declaration' }, template.text),
    newFileLink(forge, template),
    el(
      'p',
      {},
      'Or, in a clone of the repository, let a command ask for what is needed and check it: ',
      el('code', {}, `renewd request --offer ${offer.name} --branch --push`),
    ),
  ];
}
