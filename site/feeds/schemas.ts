/** JSON Schemas (draft-07) of the feeds in JSON: a contract with programs. Fields may be added within a version, so they forbid none that they do not name. */
import { statusOrder } from '../src/lib/words.ts';

const draft = 'http://json-schema.org/draft-07/schema#';
const instant = { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$' } as const;
const whole = { type: 'integer', minimum: 0 } as const;
const text = { type: 'string' } as const;
const texts = { type: 'array', items: text } as const;
const orNull = <Schema extends object>(schema: Schema): object => ({ anyOf: [schema, { type: 'null' }] });

/** An object whose fields all have to be there, but for the optional ones. */
function record(properties: Readonly<Record<string, object>>, optional: readonly string[] = []): object {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', required, properties };
}

function described(description: string, schema: object): object {
  return { description, ...schema };
}

const counts = record(Object.fromEntries(statusOrder.map((status) => [status, whole])));
const origin = {
  apiVersion: { const: 'renewd/v1' },
  state: described('Commit of the state branch; empty while there is none.', text),
  intent: described(
    'Commit of the intent branch the records were judged by; empty while there is none.',
    text,
  ),
  at: described('The instant of the build.', instant),
};
const team = described('null: of everything.', { type: ['string', 'null'] });

const factsAge = described(
  'How old the facts are.',
  record({
    at: described('When the daemon last said that they are current; null: never.', orNull(instant)),
    staleAt: described('From then on they no longer count. Compare it with your clock.', orNull(instant)),
    stale: described('Whether they were stale at the time of the build.', { type: 'boolean' }),
  }),
);

const trend = described('A week apart, oldest first; null where nothing is known.', {
  type: 'array',
  items: record(
    { at: instant, commit: { type: ['string', 'null'] }, needPerson: orNull(whole), counts: orNull(counts) },
    ['counts'],
  ),
});

const teams = described('Only of everything. `folder` is where the files of the team are.', {
  type: 'array',
  items: record({
    team: text,
    displayName: text,
    folder: text,
    certificates: whole,
    needPerson: whole,
    findings: whole,
  }),
});

/** Of `summary.json` and `teams/<team>/summary.json`. */
export const summarySchema = {
  $schema: draft,
  title: 'SiteSummary of renewd, version renewd/v1',
  ...record(
    {
      ...origin,
      kind: { const: 'SiteSummary' },
      team,
      facts: factsAge,
      certificates: whole,
      needPerson: described('Certificates that need a person.', whole),
      findings: whole,
      counts: described('Certificates by status; docs/records.md says what each means.', counts),
      endpoints: described('Only of everything.', record({ total: whole, unread: whole })),
      trend,
      teams,
    },
    ['endpoints', 'teams'],
  ),
};

/** Of `certificates.json` and `teams/<team>/certificates.json`. */
export const certificatesSchema = {
  $schema: draft,
  title: 'SiteCertificates of renewd, version renewd/v1',
  ...record({
    ...origin,
    kind: { const: 'SiteCertificates' },
    team,
    certificates: {
      type: 'array',
      items: record({
        certificate: described('team/name', text),
        team: text,
        status: described(
          'docs/records.md says what each means; new ones may come, and stand for unknown.',
          text,
        ),
        since: described('Since when it has this status.', text),
        names: described('DNS names and IP addresses declared.', texts),
        issuer: text,
        environment: described('Value of the label env; empty without one.', text),
        keyAlgorithm: described('As declared.', text),
        notAfter: described('When the first of its installations ends; null: nothing is issued.', {
          type: ['string', 'null'],
        }),
        renewAt: described('The first renewal that is planned; null: none is.', { type: ['string', 'null'] }),
        endpoints: texts,
        served: described('What its addresses serve, in words for people.', text),
        fingerprints: described('SHA-256 of each installed certificate, hexadecimal.', texts),
        findings: described('Codes of its findings; docs/findings.md.', texts),
      }),
    },
  }),
};
