/**
 * What differs between two declarations of one certificate, field by field. Values are compared as they are; the words are for people alone. Whether a change is in a
 * plan at all, and so who is asked, goes by this: a field that is added later must have an answer here before it compiles. Pure.
 */
import { canonicalJson } from './canonical.ts';
import { durationText } from './duration.ts';
import type { Certificate, Installation } from './model.ts';
import { sameValue } from './same.ts';
import { timestamp } from './timestamp.ts';

export interface FieldChange {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** How a field is shown, in the order in which fields are. */
const texts = {
  names: ({ dnsNames, ipAddresses }: Certificate) => [...dnsNames, ...ipAddresses].sort().join(', '),
  firstName: ({ dnsNames }: Certificate) => dnsNames[0] ?? 'none',
  key: ({ key }: Certificate) => key.algorithm,
  issuer: ({ issuer }: Certificate) => issuer,
  usages: ({ usages }: Certificate) => [...usages].sort().join(', '),
  lifetime: ({ lifetimeMs }: Certificate) =>
    lifetimeMs === null ? 'left to the issuer' : durationText(lifetimeMs),
  reissue: ({ reissue }: Certificate) =>
    reissue === undefined
      ? 'none'
      : `what was issued before ${timestamp(reissue.before)}: ${reissue.because}`,
  renewAt: ({ renewAtFraction }: Certificate) => String(renewAtFraction ?? 'default'),
  drift: ({ drift }: Certificate) => drift,
  state: ({ state }: Certificate) => state,
  labels: ({ labels }: Certificate) => pairs(labels, /[,="]/).join(', '),
  installations: ({ installations }: Certificate) => installations.map(installationText).sort().join('; '),
  released: ({ released }: Certificate) => [...(released ?? [])].sort().join(', ') || 'none',
} as const satisfies Readonly<Record<string, (certificate: Certificate) => string>>;

/** `in`: the field of a difference it shows in. `as`: what is compared of it. `not`: why it is not compared. */
type Answer<Value> =
  | { readonly in: keyof typeof texts; readonly as: (value: Value) => unknown }
  | { readonly not: string };

/** One for each field: what is declared later does not compile without. */
type Answers<Of> = { readonly [Field in keyof Of]-?: Answer<Of[Field]> };

const whole = (value: unknown): unknown => value;

/** Members in whatever order, each as a text of its own. */
const unordered = (members: readonly unknown[] | undefined): unknown =>
  (members ?? []).map((each) => canonicalJson(each)).sort();

const place = { not: 'Where it stands in the repository says nothing of what it is.' } as const;
const derived = { not: 'Made from other fields, which are compared.' } as const;

const answers = {
  kind: { not: 'Every certificate has the same.' },
  id: { not: 'Certificates with another id are other certificates.' },
  name: derived,
  team: derived,
  source: place,
  sourceOf: place,
  blob: { not: 'Comments and layout may change.' },
  dnsNames: { in: 'names', as: unordered },
  ipAddresses: { in: 'names', as: unordered },
  key: { in: 'key', as: whole },
  issuer: { in: 'issuer', as: whole },
  usages: { in: 'usages', as: unordered },
  lifetimeMs: { in: 'lifetime', as: whole },
  reissue: { in: 'reissue', as: whole },
  renewAtFraction: { in: 'renewAt', as: whole },
  drift: { in: 'drift', as: whole },
  state: { in: 'state', as: whole },
  labels: { in: 'labels', as: whole },
  installations: { in: 'installations', as: (all) => unordered(all.map(comparedOf)) },
  released: { in: 'released', as: unordered },
} as const satisfies Answers<Certificate>;

const installationAnswers = {
  id: derived,
  certificate: derived,
  source: place,
  parameterSources: place,
  servesSources: place,
  endpoint: { in: 'installations', as: whole },
  profile: { in: 'installations', as: whole },
  parameters: { in: 'installations', as: whole },
  placement: { in: 'installations', as: whole },
  serves: { in: 'installations', as: unordered },
} as const satisfies Answers<Installation>;

/** Fields of a certificate and its installations that are not compared, each with the reason. */
export const notCompared: Readonly<Record<'Certificate' | 'Installation', ReadonlyMap<string, string>>> = {
  Certificate: exceptionsOf(answers),
  Installation: exceptionsOf(installationAnswers),
};

function exceptionsOf(all: Readonly<Record<string, object>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(all).flatMap(([field, answer]) =>
      'not' in answer ? [[field, String(answer.not)] as const] : [],
    ),
  );
}

/** Every field that differs; the order is fixed. Empty: the same declaration, whatever its layout. */
export function differingFields(before: Certificate, after: Certificate): readonly FieldChange[] {
  const different = new Set<string>();
  for (const [field, answer] of entriesOf(answers)) {
    if ('not' in answer) continue;
    // Each answer takes the value of its own field: `Answers` says so, and the compiler forgets it in a loop.
    const as = answer.as as (value: unknown) => unknown;
    if (!sameValue(as(before[field]), as(after[field]))) different.add(answer.in);
  }
  // The first name becomes the common name of the next certificate. Other names say that already.
  if (!different.has('names') && before.dnsNames[0] !== after.dnsNames[0]) different.add('firstName');
  return entriesOf(texts).flatMap(([field, text]) =>
    different.has(field) ? [shown(field, text(before), text(after), before, after)] : [],
  );
}

/** Values that differ and read alike are shown as they are compared. */
function shown(
  field: string,
  before: string,
  after: string,
  ...declared: readonly [Certificate, Certificate]
): FieldChange {
  if (before !== after) return { field, before, after };
  const exact = (certificate: Certificate): string =>
    canonicalJson(
      Object.fromEntries(
        entriesOf(answers).flatMap(([name, answer]) =>
          'in' in answer && answer.in === field ? [[name, certificate[name] ?? null]] : [],
        ),
      ),
    );
  return { field, before: exact(declared[0]), after: exact(declared[1]) };
}

/** What is compared of one installation. */
function comparedOf(installation: Installation): unknown {
  return entriesOf(installationAnswers).map(([field, answer]) => {
    if ('not' in answer) return null;
    const as = answer.as as (value: unknown) => unknown;
    return as(installation[field] ?? null);
  });
}

function entriesOf<Table extends object>(table: Table): [keyof Table & string, Table[keyof Table]][] {
  return Object.entries(table) as [keyof Table & string, Table[keyof Table]][];
}

function installationText({ endpoint, profile, parameters, serves, placement }: Installation): string {
  const apart = /[\s;="]/;
  const seen = serves
    .map((each) => quoted(`${each.host}:${String(each.port)}/${each.serverName}`, apart))
    .sort();
  const placed = placement === undefined ? [] : [`as ${placement}`];
  return [endpoint, profile, ...pairs(parameters, apart), ...seen, ...placed].join(' ');
}

function pairs(values: Readonly<Record<string, string>>, apart: RegExp): string[] {
  return Object.entries(values)
    .map(([name, value]) => `${quoted(name, apart)}=${quoted(value, apart)}`)
    .sort();
}

/** In quotes where it holds what keeps values apart, so that nobody reads one value as several. */
function quoted(text: string, apart: RegExp): string {
  return apart.test(text) ? JSON.stringify(text) : text;
}
