/** What a schema cannot say of the values in the form, in the words in which the daemon says it when it reads a declaration. Runs in the browser; pure. */
import { readAddress } from '../../../daemon/core/dns-name.ts';
import { readTextPattern } from '../../../daemon/core/text-pattern.ts';
import { browserNames, labelsOf, writtenNames, type FormFields, type FormRequest } from './request-form.ts';
import type { FieldMessage } from './request-problems.ts';

/** DNS names that are none, or stand twice. Pure. */
export function wrongNames(fields: FormFields): FieldMessage[] {
  const seen = new Set<string>();
  const said: string[] = [];
  for (const written of writtenNames(fields)) {
    const read = browserNames.readDnsName(written);
    if ('wrong' in read) said.push(read.wrong);
    else if (seen.has(read.name)) said.push(`${read.name} stands here twice`);
    else seen.add(read.name);
  }
  return said.length === 0 ? [] : [{ field: 'names', message: several(said) }];
}

/** Parameters of the profile that are missing or do not fit. Pure. */
export function wrongParameters({ answers, profile }: FormRequest): FieldMessage[] {
  return (profile?.parameters ?? []).flatMap(
    ({ name, description, default: preset, pattern }): FieldMessage[] => {
      const value = answers.parameters[name] ?? preset;
      const field = `parameter-${name}` as const;
      if (value === null) {
        const id = `${answers.team}/${answers.name}`;
        return [
          { field, message: `profile ${answers.profile} needs parameter ${name} (${description}) for ${id}` },
        ];
      }
      return matches(pattern, value)
        ? []
        : [{ field, message: `parameter ${name}: ${JSON.stringify(value)} does not match ${pattern}` }];
    },
  );
}

/** As the daemon asks. A pattern that cannot be read is left to the daemon, which says so where it stands. */
function matches(pattern: string, value: string): boolean {
  const read = readTextPattern(pattern);
  return 'fault' in read || read.matches(value);
}

/** Addresses that no client could reach. Pure. */
export function wrongAddresses({ answers }: FormRequest): FieldMessage[] {
  const said = answers.serves.flatMap((given) => {
    const address = readAddress(given);
    if (address === null) return [`${JSON.stringify(given)} is not host:port with a port from 1 to 65535`];
    const name = browserNames.readServerName(address.host);
    const host = browserNames.readHost(address.host);
    return 'wrong' in name ? [name.wrong] : 'wrong' in host ? [host.wrong] : [];
  });
  return said.length === 0 ? [] : [{ field: 'serves', message: several(said) }];
}

/** Labels without a value. Pure. */
export function wrongLabels(fields: FormFields): FieldMessage[] {
  const [first] = labelsOf(fields.labels).wrong;
  if (first === undefined) return [];
  return [{ field: 'labels', message: `${JSON.stringify(first)}: a label is written name=value` }];
}

/** The first ones of several messages in one: a field has room for one. */
function several(messages: readonly string[]): string {
  const shown = messages.slice(0, 3).join('; ');
  return messages.length > 3 ? `${shown}; and ${String(messages.length - 3)} more` : shown;
}
