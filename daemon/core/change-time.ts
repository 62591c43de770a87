/** For how long a signature lets something in that its signer does not push: an approval, a plan vouched for, an emergency. Pure. */
import type { ChangeInput, NewCommit } from './change.ts';
import type { ChangeControl, Instant } from './model.ts';
import { personBehind } from './signers.ts';
import { timestamp } from './timestamp.ts';

/** Clocks of people are off by minutes, or by a time zone written wrongly; more would let somebody agree for longer than may be. */
const aheadMaxMs = 86_400_000;

type Signed = Pick<NewCommit, 'committedAt'>;

/**
 * Whether a signature still counts. Its time is the one its signer wrote into the commit: nobody else can change it, and a commit that arrives late is as old as it says.
 */
export function isTimely(
  { approvalsLapseMs }: Pick<ChangeControl, 'approvalsLapseMs'>,
  { committedAt }: Signed,
  now: Instant,
): boolean {
  return committedAt <= now + aheadMaxMs && now < committedAt + approvalsLapseMs;
}

/** Commits with a good signature of a person over exactly this plan, that still counts. A forge signs for nobody. */
export function approving(control: ChangeControl, input: ChangeInput): readonly NewCommit[] {
  return overPlan(control, input).filter((each) => isTimely(control, each, input.now));
}

/** Those whose time is over, or not yet there, in words; empty where there are none. */
export function untimely(control: ChangeControl, input: ChangeInput): string {
  const said = overPlan(control, input)
    .filter((each) => !isTimely(control, each, input.now))
    .map(
      ({ signature, committedAt }) =>
        `what ${signature.principals.join(', ')} signed at ${timestamp(committedAt)} counts from then for approvalsLapse only`,
    );
  return [...new Set(said)].slice(0, 5).join('; ');
}

function overPlan(control: ChangeControl, { commits, hash }: ChangeInput): readonly NewCommit[] {
  return commits.filter((each) => each.approves.includes(hash) && personBehind(control, each) !== null);
}
