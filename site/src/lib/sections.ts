/** The sections of the site in the order of the navigation, and at which level of redaction each is there. The only list of them. Pure. */
import type { Redaction, SiteModel } from './model.ts';

export interface Section {
  /** Below the base, with a slash at the end; empty: the front page. */
  readonly path: string;
  readonly label: string;
  /** In the first row of the navigation; the others stand under "More". */
  readonly main: boolean;
  /** Whether it names certificates, endpoints or people, and so is not for the public. */
  readonly names: boolean;
  /** One sentence for the overview of all pages. */
  readonly about: string;
}

export const sections: readonly Section[] = [
  {
    path: '',
    label: 'Posture',
    main: true,
    names: false,
    about: 'How every certificate stands, and what needs a person first.',
  },
  {
    path: 'certificates/',
    label: 'Certificates',
    main: true,
    names: true,
    about: 'Search all of them; filter, sort, save the view as a link or as CSV.',
  },
  {
    path: 'expiry/',
    label: 'Expiry',
    main: true,
    names: false,
    about: 'What ends when, and how much work shorter lifetimes will be.',
  },
  { path: 'teams/', label: 'Teams', main: true, names: false, about: 'Each team’s day of work on one page.' },
  {
    path: 'policies/',
    label: 'Policies',
    main: true,
    names: false,
    about: 'Every rule in force, why, who breaks it, who is excepted until when.',
  },
  {
    path: 'audit/',
    label: 'Audit',
    main: true,
    names: true,
    about: 'Who changed what, who agreed, what was signed; a pack to print for each quarter.',
  },
  {
    path: 'request/',
    label: 'Request',
    main: true,
    names: true,
    about: 'Ask for a certificate without knowing TLS.',
  },
  {
    path: 'findings/',
    label: 'Findings',
    main: false,
    names: true,
    about: 'Everything that is wrong, worst first, with what to do.',
  },
  {
    path: 'drift/',
    label: 'Drift',
    main: false,
    names: true,
    about: 'What is served and is not what was installed; what healed, and how fast.',
  },
  {
    path: 'discovered/',
    label: 'Discovered',
    main: false,
    names: true,
    about: 'Certificates that renewd did not issue, and how to take them over.',
  },
  {
    path: 'endpoints/',
    label: 'Endpoints',
    main: false,
    names: true,
    about: 'Where certificates are installed, and whether it can be read.',
  },
  {
    path: 'crypto/',
    label: 'Cryptography',
    main: false,
    names: false,
    about: 'Keys, signatures and lifetimes, and what a quantum computer means for them.',
  },
  {
    path: 'maturity/',
    label: 'Maturity',
    main: false,
    names: false,
    about: 'How far each team and the service have come, and the next step.',
  },
  {
    path: 'catalog/',
    label: 'Catalogue',
    main: false,
    names: false,
    about: 'What can be asked for, and help for people who are no TLS experts.',
  },
  {
    path: 'data/',
    label: 'Data and feeds',
    main: false,
    names: false,
    about: 'Calendars, feeds, tables and badges, for programs and spreadsheets.',
  },
  {
    path: 'about/',
    label: 'About',
    main: false,
    names: false,
    about: 'What the words mean, which numbers are in force, how the facts were made.',
  },
];

/** Sections that this site has: not those of which there is nothing, and for the public only those without names. */
export function sectionsOf(model: Pick<SiteModel, 'redaction' | 'discovered'>): readonly Section[] {
  return sections.filter(
    (each) =>
      (model.redaction !== 'public' || !each.names) &&
      (each.path !== 'discovered/' || model.discovered.total > 0),
  );
}

/** Directories to leave out at a level of redaction. */
export function withheldPages(redaction: Redaction): readonly string[] {
  return redaction === 'public' ? sections.filter((each) => each.names).map((each) => each.path) : [];
}
