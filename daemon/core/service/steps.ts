/** The eight steps of certificates as a service, each with the evidence there is: from records where software can see it, from the Program document where only people can. Pure. */
import { counted } from '../count.ts';
import { durationText } from '../duration.ts';
import type { ServiceFacts } from './facts.ts';
import type { ServiceMetrics } from './metrics.ts';

export interface ServiceStep {
  readonly step: number;
  readonly title: string;
  readonly done: boolean;
  readonly evidence: readonly string[];
  /** What to do next; null where it is done. */
  readonly nextStep: string | null;
}

interface StepQuestion {
  readonly title: string;
  readonly nextStep: string;
  /** Sentences of evidence; none: not done. */
  readonly look: (facts: ServiceFacts, metrics: ServiceMetrics) => readonly string[];
}

const hourMs = 3_600_000;

const steps: readonly StepQuestion[] = [
  {
    title: 'Outage safety net',
    nextStep: 'Run the daemon, so that every declared address is looked at and silence is an alarm.',
    look: ({ heartbeatAt, until, certificates }) => {
      const alive = heartbeatAt !== null && until - heartbeatAt < 26 * hourMs;
      const watched = certificates.reduce(
        (sum, each) => sum + each.installations.reduce((inner, one) => inner + one.addresses.length, 0),
        0,
      );
      return alive && watched > 0
        ? [
            `${counted(watched, 'address is', 'addresses are')} watched; last sign of life ${durationText(until - heartbeatAt)} before the end of the data`,
          ]
        : [];
    },
  },
  {
    title: 'Solid foundation',
    nextStep: 'Have the first certificate issued, installed and proved by the service.',
    look: (_, { issued, installations }) =>
      issued > 0 || installations > 0
        ? [
            `${counted(installations, 'installation')}, ${counted(issued, 'certificate')} issued in the period`,
          ]
        : [],
  },
  {
    title: 'Align the organisation',
    nextStep: 'Add a Program document with sponsor, owner and charter.',
    look: ({ program }) =>
      program === null ? [] : [`${program.title}: sponsor ${program.sponsor}, owner ${program.owner}`],
  },
  {
    title: 'Define and design the service',
    nextStep: 'Write at least one Offer, so that people can choose without knowing TLS.',
    look: ({ offers, controlled }) =>
      offers.length === 0
        ? []
        : [
            `${String(offers.length)} offers: ${offers.map((each) => each.title).join(', ')}`,
            ...(controlled ? ['change control is in force'] : []),
          ],
  },
  {
    title: 'Train support',
    nextStep: 'Name supportContact in the Program and the evidence of the training (evidence, step 5).',
    look: ({ program }) =>
      program === null || program.supportContact === '' ? [] : [`users ask ${program.supportContact}`],
  },
  {
    title: 'Train early adopters',
    nextStep: 'Have a second team request its first certificate.',
    look: (_, { adoption }) =>
      adoption.length < 2
        ? []
        : [`${String(adoption.length)} teams use it: ${adoption.map((each) => each.team).join(', ')}`],
  },
  {
    title: 'Expand',
    nextStep: 'Bring in the declared teams that have no certificate yet.',
    look: ({ teams }, { adoption }) => {
      const with_ = adoption.filter((each) => teams.some((team) => team.name === each.team)).length;
      return teams.length > 2 && with_ === teams.length
        ? [`all ${String(teams.length)} teams have certificates`]
        : [];
    },
  },
  {
    title: 'Assess and tune',
    nextStep: 'Set targets in the Program and look at this report each quarter.',
    look: ({ program }, { leadTimeMedianMs, handsOffShare }) => {
      if (program === null) return [];
      const { leadTimeMs, handsOffShare: wanted } = program.targets;
      const sentences: string[] = [];
      if (leadTimeMs !== null && leadTimeMedianMs !== null)
        sentences.push(`lead time ${durationText(leadTimeMedianMs)}, target ${durationText(leadTimeMs)}`);
      if (wanted !== null && handsOffShare !== null)
        sentences.push(`hands-off ${percent(handsOffShare)}, target ${percent(wanted)}`);
      return sentences;
    },
  },
];

function percent(part: number): string {
  return `${String(Math.round(part * 100))} %`;
}

/** The eight steps in their order. */
export function serviceSteps(facts: ServiceFacts, metrics: ServiceMetrics): ServiceStep[] {
  return steps.map(({ title, nextStep, look }, index) => {
    const step = index + 1;
    const said = (facts.program?.evidence ?? [])
      .filter((each) => each.step === step)
      .map((each) => (each.link === null ? each.note : `${each.note} (${each.link})`));
    const evidence = [...look(facts, metrics), ...said];
    const done = evidence.length > 0;
    return { step, title, done, evidence, nextStep: done ? null : nextStep };
  });
}
