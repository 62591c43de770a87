/** A request as an address that fills the form, and as a command: two ways to hand it on. Runs in the browser; pure. */
import { wordsOf } from '../../../daemon/commands/request/declaration.ts';
import { limits } from '../../../daemon/limits.ts';
import type { FormFields, FormRequest } from './request-form.ts';

/** Fields from an address, so that a link can fill the form: `?offer=public-web&team=web&names=a,b&endpoints=web-01`. Never throws: anybody can write an address. */
export function fieldsFromAddress(
  search: string,
): Pick<FormFields, 'offer' | 'team' | 'names' | 'endpoints'> {
  const given = new URLSearchParams(search);
  return {
    offer: given.get('offer') ?? '',
    team: given.get('team') ?? '',
    names: wordsOf(given.get('names') ?? '').join('\n'),
    endpoints: wordsOf(given.get('endpoints') ?? ''),
  };
}

/** The other way round; empty when nothing was filled in. */
export function addressOfFields({
  offer,
  team,
  names,
  endpoints,
}: Pick<FormFields, 'offer' | 'team' | 'names' | 'endpoints'>): string {
  const written = new URLSearchParams();
  if (offer !== '') written.set('offer', offer);
  if (team !== '') written.set('team', team);
  const listed = wordsOf(names).join(',');
  if (listed !== '' && listed.length <= limits.site.requestNamesMaxChars) written.set('names', listed);
  if (endpoints.length > 0 && endpoints.length <= limits.site.requestServersShownMax)
    written.set('endpoints', endpoints.join(','));
  const text = written.toString().replaceAll('%2C', ',');
  return text === '' ? '' : `?${text}`;
}

/** The same request as a command, for people who have a clone and a shell. */
export function commandOf({ answers, offer }: Pick<FormRequest, 'answers' | 'offer'>): string {
  const pairs = (record: Readonly<Record<string, string>>): string =>
    Object.entries(record)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
  const flags: readonly (readonly [string, string])[] = [
    offer === null ? ['issuer', answers.issuer] : ['offer', offer.name],
    ['team', answers.team],
    ['dns', answers.dnsNames.join(',')],
    ['name', answers.name],
    ['endpoint', answers.endpoints.join(',')],
    ['profile', offer?.profile == null ? answers.profile : ''],
    ['parameter', pairs(answers.parameters)],
    ['serves', answers.serves.join(',')],
    ['label', pairs(answers.labels)],
  ];
  const words = flags
    .filter(([, value]) => value !== '')
    .map(([flag, value]) => `--${flag} ${shellWord(value)}`);
  return ['renewd request', ...words, '--branch --push'].join(' ');
}

/** One word of a POSIX shell that means exactly this text. */
function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
