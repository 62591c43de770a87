/**
 * How mature a team's certificate management is, from 1 (ad hoc) to 5 (optimised), computed from evidence. The list of questions is the definition; a level is
 * reached when every question up to it is answered with yes, and the first no is the next step. Pure.
 */
import type { CertificateRecord } from '../record-format.ts';
import type { ServiceFacts } from './facts.ts';
import { isHandsOff } from './metrics.ts';

export const levelNames = ['ad hoc', 'basic', 'managed', 'integrated', 'optimised'] as const;

export interface Maturity {
  readonly team: string;
  readonly level: 1 | 2 | 3 | 4 | 5;
  /** What is missing for the next level; null at the highest. */
  readonly nextStep: string | null;
  /** What was looked at, with the numbers. */
  readonly evidence: readonly {
    readonly level: number;
    readonly question: string;
    readonly met: boolean;
    readonly numbers: string;
  }[];
}

interface Question {
  readonly level: 2 | 3 | 4 | 5;
  readonly question: string;
  readonly nextStep: string;
  /** How many of how many keep to it. */
  readonly count: (
    own: readonly CertificateRecord[],
    facts: ServiceFacts,
    team: string,
  ) => readonly [kept: number, of: number];
}

const installations = (own: readonly CertificateRecord[]): CertificateRecord['installations'][number][] =>
  own.flatMap((each) => each.installations);
const share = <T>(list: readonly T[], holds: (each: T) => boolean): readonly [number, number] => [
  list.filter(holds).length,
  list.length,
];
const dayMs = 86_400_000;

const questions: readonly Question[] = [
  {
    level: 2,
    question: 'the team has an owner and a contact',
    nextStep: 'Name owners and contacts in the team document.',
    count: (_, { teams }, team) =>
      share(
        teams.filter((each) => each.name === team),
        (each) => each.owners.length > 0 && each.contacts.length > 0,
      ),
  },
  {
    level: 2,
    question: 'every certificate is looked at where it is served',
    nextStep: 'Declare under serves where clients must see each certificate.',
    count: (own) => share(installations(own), (each) => each.addresses.length > 0),
  },
  {
    level: 3,
    question: 'every certificate is issued, installed and renewed by the service',
    nextStep: 'Set drift: enforce, and mend what stands under pending, blocked and failing.',
    count: (own) =>
      share(
        own,
        (each) =>
          each.declaration.drift !== 'observe' &&
          each.installations.every((one) => one.issued !== null && one.renewAt !== null),
      ),
  },
  {
    level: 3,
    question: 'nothing is expired, failing or overdue',
    nextStep: 'Mend what the findings of the team name first: expired, failing, overdue.',
    count: (own) => share(own, (each) => !['expired', 'failing', 'overdue'].includes(each.status)),
  },
  {
    level: 4,
    question: 'every rule of policy is kept, exceptions included',
    nextStep: 'Keep to the rules that the findings of the team name, or end the exceptions.',
    count: (own) =>
      share(
        own,
        (each) => !each.findings.some((one) => /^(policy-(violation|blocked|waived)|waiver-)/.test(one.code)),
      ),
  },
  {
    level: 4,
    question: 'changes are signed and approved as change control asks',
    nextStep: 'Add a ChangeControl that demands signatures (docs/changes.md).',
    count: (_, { controlled }) => [controlled ? 1 : 0, 1],
  },
  {
    level: 5,
    question: 'no certificate lives longer than 47 days',
    nextStep: 'Ask for lifetime: 47d or shorter: who renews that often can replace everything at any time.',
    count: (own) =>
      share(
        installations(own).flatMap((each) => each.issued ?? []),
        (each) => Date.parse(each.notAfter) - Date.parse(each.notBefore) <= 47 * dayMs + 3_600_000,
      ),
  },
  {
    level: 5,
    question: 'renewals in the period were proved without a human hand',
    nextStep: 'Find out which renewals needed somebody (report: issuances), and why.',
    count: (_, { issuances }, team) =>
      share(
        issuances.filter(
          (each) =>
            each.team === team && each.because !== null && each.because !== 'declared and not yet installed',
        ),
        isHandsOff,
      ),
  },
];

/** The level of one team. A team without certificates is at level 1: there is no evidence of anything. */
export function teamMaturity(facts: ServiceFacts, team: string): Maturity {
  const own = facts.certificates.filter((each) => each.metadata.team === team && !each.declaration.withdrawn);
  const evidence = questions.map((each) => {
    const [kept, of] = each.count(own, facts, team);
    return {
      level: each.level,
      question: each.question,
      met: own.length > 0 && of > 0 && kept === of,
      numbers: `${String(kept)} of ${String(of)}`,
      nextStep: each.nextStep,
    };
  });
  const missing = evidence.find((each) => !each.met);
  const level = missing === undefined ? 5 : missing.level - 1;
  return {
    team,
    level: level as Maturity['level'],
    nextStep:
      own.length === 0 ? 'Declare the first certificate: renewd request.' : (missing?.nextStep ?? null),
    evidence: evidence.map(({ level: of, question, met, numbers }) => ({
      level: of,
      question,
      met,
      numbers,
    })),
  };
}
