/** What is missing or wrong in a filled-in form, in the words of `renewd check`. Runs in the browser; pure. */
import type { ErrorObject } from 'ajv';
import { essential, pathOf, phrase } from '../../../daemon/documents/schema-errors.ts';
import type { Catalogue } from './model.ts';
import { wrongAddresses, wrongLabels, wrongNames, wrongParameters } from './request-values.ts';
import { documentOf, type FormFields, type FormRequest } from './request-form.ts';

/** Fields that can be wrong; `parameter-` with the name of one of the profile. */
export type FieldName =
  | 'offer'
  | 'team'
  | 'names'
  | 'name'
  | 'issuer'
  | 'profile'
  | 'endpoints'
  | `parameter-${string}`
  | 'serves'
  | 'labels';

export interface FieldMessage {
  readonly field: FieldName;
  readonly message: string;
}

/** The validator of kind Certificate, compiled when the site was built. */
export interface CertificateValidator {
  (value: unknown): boolean;
  readonly errors?: readonly ErrorObject[] | null;
}

/** The order in which fields stand in the form. */
const order = [
  'offer',
  'team',
  'names',
  'name',
  'issuer',
  'profile',
  'endpoints',
  'parameter',
  'serves',
  'labels',
];

/** One message a field, in the order of the form. Empty: nothing is wrong as far as a page can see. */
export function requestProblems(
  fields: FormFields,
  request: FormRequest,
  catalogue: Catalogue,
  validate: CertificateValidator,
): readonly FieldMessage[] {
  const own = [
    ...missing(request, catalogue),
    ...wrongNames(fields),
    ...wrongParameters(request),
    ...wrongLabels(fields),
  ];
  const valid = validate(documentOf(request));
  const said = valid ? [] : schemaMessages(validate.errors ?? [], request);
  const quiet = notAsked(fields, request, catalogue);
  const first = new Map<FieldName, string>();
  const all = [...own, ...said.filter((each) => !quiet.has(each.field)), ...wrongAddresses(request)];
  for (const { field, message } of all) if (!first.has(field)) first.set(field, message);
  const place = (field: FieldName): number =>
    order.indexOf(field.startsWith('parameter-') ? 'parameter' : field);
  return [...first]
    .map(([field, message]) => ({ field, message }))
    .sort((a, b) => place(a.field) - place(b.field));
}

/** Fields whose answer follows from another one that is missing still: to complain of both would be to ask twice. */
function notAsked(
  fields: FormFields,
  { answers, offer }: FormRequest,
  catalogue: Catalogue,
): ReadonlySet<FieldName> {
  const quiet = new Set<FieldName>();
  if (answers.dnsNames.length === 0 && fields.name.trim() === '') quiet.add('name');
  if (answers.serves.length === 0) quiet.add('serves');
  if (catalogue.offers.length > 0 && offer === null) quiet.add('issuer').add('profile');
  return quiet;
}

function missing({ answers, offer, profile, team }: FormRequest, catalogue: Catalogue): FieldMessage[] {
  const messages: FieldMessage[] = [];
  const add = (field: FieldName, message: string): void => {
    messages.push({ field, message });
  };
  const chosen = catalogue.offers.length === 0 || offer !== null;
  if (!chosen) add('offer', 'Choose what you need');
  if (team === null) add('team', 'Choose the team it is for');
  else if (offer !== null && offer.teams.length > 0 && !offer.teams.includes(team.name))
    add('team', `offer ${offer.name} is for ${offer.teams.join(', ')}, not for ${team.name}`);
  if (answers.dnsNames.length === 0) add('names', 'Enter at least one name that clients use');
  if (chosen && answers.issuer === '') add('issuer', 'Choose who issues it');
  if (chosen && profile === null)
    add(
      'profile',
      answers.profile === ''
        ? 'Choose the kind of server'
        : `there is no profile ${JSON.stringify(answers.profile)}`,
    );
  if (answers.endpoints.length === 0) add('endpoints', 'Choose at least one server');
  for (const endpoint of answers.endpoints)
    if (!catalogue.endpoints.some((each) => each.name === endpoint))
      add('endpoints', `there is no endpoint ${JSON.stringify(endpoint)}`);
  return messages;
}

function schemaMessages(errors: readonly ErrorObject[], request: FormRequest): FieldMessage[] {
  return essential(errors).map((error) => {
    const path = pathOf(error);
    return {
      field: fieldOf(path, request),
      message: `${path.join('.') || 'the document'}: ${phrase(error)}`,
    };
  });
}

/** Which field a value of the declaration comes from. */
function fieldOf(path: readonly string[], { offer }: FormRequest): FieldName {
  const [top, key, , inside, parameter] = path;
  if (top === 'metadata') return key === 'team' || key === 'labels' ? key : 'name';
  if (key === 'dnsNames') return 'names';
  if (key === 'installations') {
    if (inside === 'parameters' && parameter !== undefined) return `parameter-${parameter}`;
    return inside === 'serves' || (inside === 'profile' && offer?.profile == null) ? inside : 'endpoints';
  }
  return key === 'issuer' && offer === null ? 'issuer' : 'offer';
}
