/** The request form: what is filled in becomes a declaration while one types, checked as the daemon checks it. */
import validate from 'virtual:certificate-validator';
import type { Catalogue } from '../lib/model.ts';
import { addressOfFields, commandOf, fieldsFromAddress } from '../lib/request-address.ts';
import { declarationOf, readFields, type FormFields, type FormRequest } from '../lib/request-form.ts';
import { requestProblems, type FieldMessage } from '../lib/request-problems.ts';
import { requestWarnings } from '../lib/request-warnings.ts';
import { count } from '../lib/time-words.ts';
import { readFrame } from './frame.ts';
import { connectActions, followForge, type RequestFile } from './request/actions.ts';
import { goToSummary, showErrors, showWarnings } from './request/errors.ts';
import { maybePart, part } from './request/nodes.ts';
import { parameterFields } from './request/parameters.ts';
import { serverList } from './request/servers.ts';
import { twins } from './request/twins.ts';

const form = part<HTMLFormElement>('request');
const catalogue = JSON.parse(form.dataset['catalogue'] ?? '') as Catalogue;
const { forge } = readFrame(() => false);
const given = fieldsFromAddress(location.search);
const parameters = parameterFields();
const servers = serverList(catalogue, given.endpoints);
const names = twins();
/** Errors are shown once somebody asked for them, and then follow what is typed. */
let asked = false;

function valueOf(name: string): string {
  const control = form.elements.namedItem(name);
  // `namedItem` finds ids too: several radio buttons are a list, one is itself.
  if (name === 'offer')
    return form.querySelector<HTMLInputElement>('input[name="offer"]:checked')?.value ?? '';
  return control instanceof HTMLInputElement ||
    control instanceof HTMLSelectElement ||
    control instanceof HTMLTextAreaElement
    ? control.value
    : '';
}

function fieldsNow(): FormFields {
  return {
    offer: valueOf('offer'),
    team: valueOf('team'),
    names: valueOf('names'),
    name: valueOf('name'),
    issuer: valueOf('issuer'),
    profile: valueOf('profile'),
    endpoints: servers.chosen(),
    parameters: parameters.values(),
    serves: valueOf('serves'),
    labels: valueOf('labels'),
  };
}

/** What stands in the form, what it means, and what is wrong with it. */
function look(): {
  readonly fields: FormFields;
  readonly request: FormRequest;
  readonly problems: readonly FieldMessage[];
} {
  const chosen = fieldsNow();
  parameters.show(readFields(chosen, catalogue).profile);
  const fields = fieldsNow();
  const request = readFields(fields, catalogue);
  return { fields, request, problems: requestProblems(fields, request, catalogue, validate) };
}

/** Brings everything that is shown up to what is filled in. */
function refresh(): void {
  const { request, problems } = look();
  const { answers, offer, profile, team } = request;
  const file = declarationOf(request);
  const warnings = requestWarnings(request, catalogue);
  part('yaml').textContent = file.text;
  part('path').textContent =
    `inventory/certificates/${answers.team || '<team>'}/${answers.name || '<name>'}.yaml`;
  part('derived').textContent = answers.name || 'from the first name';
  part('names-may').textContent =
    team === null ? '' : `${team.displayName} may ask for ${team.dnsNames.join(', ') || 'no names yet'}.`;
  part('field-profile').hidden = catalogue.offers.length > 0 && (offer === null || offer.profile !== null);
  part('profile-about').textContent = profile === null ? '' : `${profile.description}.`;
  part('command').textContent = problems.length === 0 ? commandOf(request) : 'renewd request --branch --push';
  part('state').textContent = stateWords(problems, warnings);
  part('state').classList.toggle('complete', problems.length === 0);
  followForge(forge, file);
  showWarnings(warnings);
  names.look(answers.dnsNames, `${answers.team}/${answers.name}`);
  if (asked) showErrors(problems);
}

function stateWords(problems: readonly FieldMessage[], warnings: readonly FieldMessage[]): string {
  const [first] = problems;
  if (first !== undefined)
    return `Not complete: ${count(problems.length, 'answer')} missing or wrong. Next: ${first.message}.`;
  return warnings.length === 0
    ? 'Complete. The pipeline judges it against every policy.'
    : `Complete, but renewd check will probably object: ${count(warnings.length, 'note')} beside the fields.`;
}

/** The file, when nothing is wrong with it; else shows what is, and goes there. */
function finished(): RequestFile | null {
  asked = true;
  const { request, problems } = look();
  showErrors(problems);
  if (problems.length === 0) return declarationOf(request);
  goToSummary();
  return null;
}

function fill(): void {
  const offers = [...form.querySelectorAll<HTMLInputElement>('input[name="offer"]')];
  const teams = part<HTMLSelectElement>('team');
  const wanted =
    offers.find((each) => each.value === given.offer) ?? (offers.length === 1 ? offers[0] : undefined);
  if (wanted !== undefined) wanted.checked = true;
  const [onlyTeam] = catalogue.teams;
  teams.value = catalogue.teams.length === 1 ? (onlyTeam?.name ?? '') : given.team;
  if (teams.selectedIndex < 0) teams.value = '';
  part<HTMLTextAreaElement>('names').value = given.names;
  servers.show(teams.value);
}

form.addEventListener('input', refresh);
form.addEventListener('change', (event) => {
  if (event.target === part('team')) servers.show(valueOf('team'));
  refresh();
  // With each answer, not with each key: browsers refuse too many changes of the address.
  history.replaceState(null, '', `${location.pathname}${addressOfFields(fieldsNow())}${location.hash}`);
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (finished() === null) return;
  part('done').textContent = part('state').textContent;
  part('result').focus();
});
connectActions(finished);
fill();
form.hidden = false;
const byHand = maybePart<HTMLDetailsElement>('by-hand');
if (byHand !== null) byHand.open = false;
refresh();
