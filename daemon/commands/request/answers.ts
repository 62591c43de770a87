/** What a requester wants to have, from flags and, where something is missing and somebody is there, by asking. */
import type { Desired, Offer, Profile } from '../../core/model.ts';
import { didYouMean } from '../../core/nearest.ts';
import { namePattern } from '../../documents/schemas/parts.ts';
import { stringFlag, UsageError, type Flags } from '../command.ts';
import { nameFor, wordsOf, type RequestAnswers } from './declaration.ts';

/** Asks one question; null when nobody can be asked. */
export type Ask = ((question: string, choices: readonly string[]) => Promise<string>) | null;

export interface Requested {
  readonly answers: RequestAnswers;
  readonly offer: Offer | null;
}

/** Gathers the answers. @throws UsageError that names what is missing or is not there, with what there is */
export async function gatherAnswers(flags: Flags, desired: Desired, ask: Ask): Promise<Requested> {
  const offer = await chooseOffer(flags, desired, ask);
  const team = await choose('team', 'Which team is it for?', flags, [...desired.teams.keys()], ask);
  if (offer !== null && offer.teams.length > 0 && !offer.teams.includes(team)) {
    throw new UsageError(`offer ${offer.name} is for ${offer.teams.join(', ')}, not for ${team}`);
  }
  const dnsNames = wordsOf(
    await answer('dns', 'Which names do clients use? (separated by commas)', flags, ask),
  );
  const name = stringFlag(flags, 'name') ?? nameFor(dnsNames[0] ?? '');
  if (!new RegExp(namePattern).test(name)) {
    throw new UsageError(
      `${JSON.stringify(name)} is no name: lower-case letters and digits, with single - or . inside; give one with --name`,
    );
  }
  const issuer =
    offer?.issuer ?? (await choose('issuer', 'Which issuer?', flags, [...desired.issuers.keys()], ask));
  const endpoints = wordsOf(
    await answer(
      'endpoint',
      `On which servers? (${usable(desired, team).join(', ') || 'none is yours yet'})`,
      flags,
      ask,
    ),
  );
  for (const each of endpoints) known('endpoint', each, [...desired.endpoints.keys()]);
  const profile =
    offer?.profile ??
    (await choose('profile', 'Which kind of server is it?', flags, [...desired.profiles.keys()], ask));
  const declared = desired.profiles.get(profile);
  if (declared === undefined)
    throw new UsageError(`there is no profile ${profile}${didYouMean(profile, desired.profiles.keys())}`);
  return {
    offer,
    answers: {
      team,
      name,
      dnsNames,
      issuer,
      endpoints,
      profile,
      parameters: await parametersOf(flags, declared, ask),
      serves: wordsOf(stringFlag(flags, 'serves') ?? ''),
      labels: pairs(stringFlag(flags, 'label') ?? '', 'label'),
    },
  };
}

async function chooseOffer(flags: Flags, desired: Desired, ask: Ask): Promise<Offer | null> {
  const offers = [...desired.offers.values()];
  const given = stringFlag(flags, 'offer');
  if (given === null && (offers.length === 0 || stringFlag(flags, 'issuer') !== null)) return null;
  const name = await choose(
    'offer',
    offersText(offers),
    flags,
    offers.map((each) => each.name),
    ask,
  );
  return desired.offers.get(name) ?? null;
}

/** The catalogue in words. Pure. */
export function offersText(offers: readonly Offer[]): string {
  const lines = offers.map(
    (each) =>
      `  ${each.name}: ${each.title}. ${each.description}${each.leadTime === null ? '' : ` (${each.leadTime})`}`,
  );
  return ['What do you need?', ...lines].join('\n');
}

async function choose(
  flag: string,
  question: string,
  flags: Flags,
  choices: readonly string[],
  ask: Ask,
): Promise<string> {
  const [only] = choices;
  if (choices.length === 1 && only !== undefined && stringFlag(flags, flag) === null) return only;
  let asked = question;
  for (let left = triesMax; ; left--) {
    const given = await answer(flag, asked, flags, ask, choices);
    // Who sits there is told and asked again; a script is told and ends.
    if (choices.includes(given) || left <= 1 || ask === null || stringFlag(flags, flag) !== null) {
      known(flag, given, choices);
      return given;
    }
    asked = `There is no ${flag} ${JSON.stringify(given)}.${didYouMean(given, choices)} Which one?`;
  }
}

/** Times somebody is asked the same question. */
const triesMax = 3;

function known(what: string, given: string, choices: readonly string[]): void {
  if (choices.includes(given)) return;
  const there = choices.length === 0 ? 'there is none' : `there are ${choices.slice(0, 12).join(', ')}`;
  throw new UsageError(
    `there is no ${what} ${JSON.stringify(given)}; ${there}.${didYouMean(given, choices)}`,
  );
}

async function answer(
  flag: string,
  question: string,
  flags: Flags,
  ask: Ask,
  choices: readonly string[] = [],
): Promise<string> {
  const given = stringFlag(flags, flag);
  if (given !== null) return given;
  if (ask === null) throw new UsageError(`--${flag} is missing, and nobody is there to be asked`);
  return ask(question, choices);
}

/** Endpoints that are the team's own. */
function usable(desired: Desired, team: string): string[] {
  return [...desired.endpoints.values()].filter((each) => each.team === team).map((each) => each.name);
}

async function parametersOf(flags: Flags, profile: Profile, ask: Ask): Promise<Record<string, string>> {
  const given = pairs(stringFlag(flags, 'parameter') ?? '', 'parameter');
  for (const [name, parameter] of Object.entries(profile.parameters)) {
    if (parameter.setBy === 'endpoint' || parameter.default !== null || Object.hasOwn(given, name)) continue;
    if (ask === null) throw new UsageError(`--parameter ${name}=... is missing: ${parameter.description}`);
    given[name] = await ask(`${name}: ${parameter.description}`, []);
  }
  return given;
}

function pairs(text: string, flag: string): Record<string, string> {
  return Object.fromEntries(
    wordsOf(text).map((each) => {
      const equals = each.indexOf('=');
      if (equals < 1)
        throw new UsageError(`--${flag} is written name=value, several with commas between them`);
      return [each.slice(0, equals), each.slice(equals + 1)];
    }),
  );
}
