/** What `renewd check` will probably say of a complete form: things that only the repository can decide. Runs in the browser; pure. */
import { addressesOf } from '../../../daemon/commands/request/declaration.ts';
import { namesRefusal } from '../../../daemon/core/rules/allowed-names.ts';
import type { Catalogue } from './model.ts';
import { browserNames, endpointChoices, type FormRequest } from './request-form.ts';
import type { FieldMessage } from './request-problems.ts';

/** Whose names and servers they are, and what nobody could prove. Nothing here stops anybody: a team's document may change with the same pull request. */
export function requestWarnings(request: FormRequest, catalogue: Catalogue): readonly FieldMessage[] {
  const { answers, team } = request;
  if (team === null) return [];
  const warnings: FieldMessage[] = [];
  const readable = answers.dnsNames.filter((name) => 'name' in browserNames.readDnsName(name));
  const names = namesRefusal(team.name, team, readable);
  if (names !== null)
    warnings.push({
      field: 'names',
      message: `${names}. Where the rule is in force, renewd check says so too: correct a slip, or ask the owner of the name, who adds it to dnsNames of your team.`,
    });
  const { others } = endpointChoices(catalogue, team.name);
  const foreign = answers.endpoints.filter((each) => others.includes(each));
  if (foreign.length > 0)
    warnings.push({
      field: 'endpoints',
      message: `team ${team.name} may not install on ${foreign.join(', ')}. Where the rule is in force, renewd check says so too: ask the team of the server; then it is listed under endpoints of your team.`,
    });
  if (answers.dnsNames.length > 0 && addressesOf(answers).length === 0)
    warnings.push({
      field: 'serves',
      message:
        'A wildcard is no address, so nothing says where clients see it, and nothing can be proved. Give an address below it, such as shop.example.com:443.',
    });
  return warnings;
}
