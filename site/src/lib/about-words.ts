/** Texts of the page that explains the site: what numbers count, what words mean, how much is told. Pure. */
import type { Redaction } from './model.ts';
import type { Shape, Tone } from './words.ts';

export interface Definition {
  readonly term: string;
  readonly meaning: string;
}

/** What each number of the site counts, so that it can be counted again. */
export const numberWords: readonly Definition[] = [
  {
    term: 'Certificates',
    meaning:
      'Records below certificates/ on the state branch, one for each declaration, also where it was deleted and is still watched. Each counts once, by its worst installation.',
  },
  {
    term: 'Need a person',
    meaning: 'Certificates that are expired, failing, drifted, blocked, overdue, unknown or against policy.',
  },
  {
    term: 'In order',
    meaning:
      'Certificates with status “in order” and no other. Renewal due, pending and retired are counted beside them.',
  },
  {
    term: 'Findings',
    meaning:
      'Open findings in the records of certificates, endpoints and the repository. One that stands in two records counts once.',
  },
  {
    term: 'Broken, excepted',
    meaning:
      'Certificates with a finding that a rule is broken, or that it is and a waiver excepts them. Each counts once for a rule and once for a policy.',
  },
  {
    term: 'Counts for',
    meaning:
      'Certificates that the selectors of the policies mean, after precedence. It does not say that each could be judged.',
  },
  {
    term: 'Trend',
    meaning:
      'Statuses as the records had them at the end of each week, read from the history of the state branch.',
  },
  {
    term: 'Renewed in time',
    meaning: 'Certificates that took the place of one with at least a tenth of its lifetime left.',
  },
  {
    term: 'Time to heal',
    meaning:
      'From the instant a drift began, by its finding, to the commit in which it was found as installed. The median is the lower of two in the middle.',
  },
  {
    term: 'Signed',
    meaning:
      'Commits of the state branch whose signature verified against the listed key, or against the key of the oldest known commit where none is listed.',
  },
  {
    term: 'Lead time',
    meaning:
      'From the commit that asks for a certificate to the handshake that proves it served; the median of the period.',
  },
  {
    term: 'Hands-off',
    meaning: 'Of renewals and replacements in the period, those that nobody asked for and that were proved.',
  },
];

/** Words that are used without being explained where they stand. */
export const glossary: readonly Definition[] = [
  { term: 'Intent branch', meaning: 'The branch people write: declarations, policies, who may change what.' },
  {
    term: 'State branch',
    meaning:
      'The branch the daemon writes: what it did and saw, one signed commit for each turn that changed something.',
  },
  { term: 'Declaration', meaning: 'A YAML file that says which certificate is wanted, and where.' },
  { term: 'Record', meaning: 'A JSON file that says how one certificate or endpoint stands.' },
  {
    term: 'Installation',
    meaning: 'One certificate on one endpoint. Each has a key of its own, which never leaves the endpoint.',
  },
  { term: 'Endpoint', meaning: 'A server or device that renewd logs in to.' },
  { term: 'Address', meaning: 'Where clients see a certificate: host, port and the name they ask for.' },
  { term: 'Finding', meaning: 'Something that is wrong, or will be, with what to do about it.' },
  { term: 'Fingerprint', meaning: 'The SHA-256 of a whole certificate. Two certificates never share one.' },
  { term: 'Chain', meaning: 'The certificates that lead from the one served to a root that clients trust.' },
  {
    term: 'Issuer',
    meaning: 'Who signs certificates: a public CA by ACME, or the CA that renewd runs itself.',
  },
  {
    term: 'Policy, rule, pack',
    meaning: 'A policy sets rules for some certificates. A pack is a standard written as rules.',
  },
  {
    term: 'Waiver',
    meaning: 'An exception from a rule with an owner, a reason, a compensating control and an end.',
  },
  { term: 'Drift', meaning: 'Something other than what was installed is stored or served.' },
  {
    term: 'Withdrawn',
    meaning:
      'The declaration was deleted. Nothing is uninstalled; the certificate is watched and not renewed.',
  },
  { term: 'Retired', meaning: 'The declaration ends the renewal (state: retired).' },
];

/** What is in a site of each level, and what is not; `docs/site.md` says the same. */
export const redactionWords: Readonly<Record<Redaction, string>> = {
  public:
    'This site is made for the public: it has counts, trend, policies and the catalogue, and no name of a certificate, endpoint, host or person, no finding and no change.',
  internal:
    'This site is made for the inside of an organisation: it names certificates and endpoints, but no people, no addresses that renewd logs in to, and no texts of files.',
  full: 'This site has everything the repository says. Who may read it is decided by the server that holds it.',
};

/** Each tone with a shape that has it, for the legend. A status is never told by its colour alone. */
export const toneWords: readonly {
  readonly tone: Tone;
  readonly shape: Shape;
  readonly label: string;
  readonly meaning: string;
}[] = [
  { tone: 'critical', shape: 'cross', label: 'Red', meaning: 'Clients fail, or nothing can go on.' },
  { tone: 'drift', shape: 'unequal', label: 'Violet', meaning: 'Not what was issued.' },
  { tone: 'soon', shape: 'triangle', label: 'Amber', meaning: 'A person is needed before something fails.' },
  {
    tone: 'unknown',
    shape: 'question',
    label: 'Grey',
    meaning: 'Nothing can be said. It is never counted as in order.',
  },
  { tone: 'planned', shape: 'quarter', label: 'Blue', meaning: 'renewd is at work; nobody is needed.' },
  {
    tone: 'ok',
    shape: 'tick',
    label: 'Teal',
    meaning: 'In order. There is no green, and what is in order is quiet.',
  },
  { tone: 'quiet', shape: 'dash', label: 'Dim', meaning: 'Over and done with.' },
];
