/** What a policy, a rule and an exception say, in words: actions, times, counts. They explain what `site/facts/policies.ts` counted. Pure. */
import { waiverNoticeMs } from '../../../daemon/core/waiver.ts';
import type { PolicyFacts, Redaction, RuleFacts, WaiverFacts } from './model.ts';
import { count, instantOf, utcDay } from './time-words.ts';

export interface ActionWord {
  readonly label: string;
  /** One sentence: what happens to who breaks it. */
  readonly meaning: string;
}

/** What a rule does, by its action. */
export const actionWords: Readonly<Record<RuleFacts['action'], ActionWord>> = {
  block: {
    label: 'Blocks',
    meaning: 'Nothing that breaks it is issued. What is installed already stays, and is reported.',
  },
  remediate: {
    label: 'Blocks and replaces',
    meaning: 'Nothing that breaks it is issued, and what is installed and breaks it is replaced.',
  },
  report: { label: 'Reports', meaning: 'What breaks it is reported; nothing is stopped.' },
  off: { label: 'Takes back', meaning: 'A rule of a wider policy does not count for these certificates.' },
};

/** An action by its word in a policy; one that this site does not know is named, never called harmless. */
export function actionWord(action: string): ActionWord {
  return Object.hasOwn(actionWords, action)
    ? actionWords[action as RuleFacts['action']]
    : { label: action, meaning: 'An action this site does not know.' };
}

/** What to do about a rule that is broken, by its action. */
export function nextStep({
  action,
  waivable,
  locked,
}: Pick<RuleFacts, 'action' | 'waivable' | 'locked'>): string {
  if (action === 'off') return '';
  const mend =
    action === 'remediate'
      ? 'Change the declaration so that it asks for what the rule allows; renewd replaces what is installed.'
      : action === 'block'
        ? 'Change the declaration as each message says: until then nothing new is issued for it.'
        : 'Change the declaration as each message says; the next renewal then keeps to it.';
  const other = waivable
    ? 'Where that cannot be done in time, ask the owners of the policy for a waiver, with an end.'
    : 'No waiver excepts from this rule.';
  return locked ? `${mend} ${other} No narrower policy can change it.` : `${mend} ${other}`;
}

/** Whether renewd brought the policy or rule itself. */
export function isBuiltIn(at: string): boolean {
  return at.startsWith('built-in/');
}

/** When a rule holds: `in effect`, `in effect since 2026-03-15`, `announced, in effect from 2027-03-15 on`. */
export function effectWords({ effectiveAt }: Pick<RuleFacts, 'effectiveAt'>, now: string): string {
  if (effectiveAt === null) return 'In effect.';
  return isAnnounced(effectiveAt, now)
    ? `Announced: in effect from ${utcDay(effectiveAt)} on. Until then it breaks nothing.`
    : `In effect since ${utcDay(effectiveAt)}.`;
}

/** A rule is in effect from its instant on, and at it. */
export function isAnnounced(effectiveAt: string | null, now: string): boolean {
  return effectiveAt !== null && (instantOf(effectiveAt) ?? 0) > (instantOf(now) ?? 0);
}

/** For how many a rule counts and what is known of them. Where nothing is recorded against one, that is what it says: not that it was looked at. */
export function ruleSentence({ action, applies, broken, waived, upcoming }: RuleFacts): string {
  if (action === 'off') return '';
  if (applies === null) return `${count(broken, 'certificate')} ${broken === 1 ? 'breaks' : 'break'} it.`;
  if (applies === 0 && broken + waived === 0)
    return 'Counts for no certificate: none is meant, or a narrower policy says otherwise for all of them.';
  const rest = Math.max(0, applies - broken - waived);
  const parts = [
    broken > 0 ? `${String(broken)} ${broken === 1 ? 'breaks' : 'break'} it` : '',
    waived > 0 ? `${String(waived)} ${waived === 1 ? 'is' : 'are'} excepted` : '',
    `of ${String(rest)} no breach is recorded`,
  ].filter((part) => part !== '');
  const later =
    upcoming > 0 ? ` ${count(upcoming, 'certificate')} will break it when it comes into effect.` : '';
  const all = `Counts for ${count(applies, 'certificate')}`;
  return parts.length === 1
    ? `${all}; no breach is recorded.${later}`
    : `${all}: ${parts.join(', ')}.${later}`;
}

/** The state of a whole policy in one sentence. */
export function policySentence({ broken, waived, rules }: PolicyFacts): string {
  const held = `${count(rules.length, 'rule')}.`;
  if (broken === 0 && waived === 0) return `${held} No breach is recorded.`;
  const breaks =
    broken === 0
      ? 'No certificate breaks one'
      : `${count(broken, 'certificate')} ${broken === 1 ? 'breaks' : 'break'} one`;
  return waived === 0
    ? `${held} ${breaks}.`
    : `${held} ${breaks}, ${String(waived)} ${waived === 1 ? 'is' : 'are'} excepted.`;
}

export interface RuleGroup {
  /** Name of the pack; null: rules that the policy sets itself. */
  readonly pack: string | null;
  readonly rules: readonly RuleFacts[];
}

/** The rules of a policy: its own first, then those of each pack, in the order of the document. */
export function ruleGroups({ rules }: PolicyFacts): readonly RuleGroup[] {
  const packOf = (rule: RuleFacts): string => rule.policy.split('/').slice(1).join('/');
  const groups = [...Map.groupBy(rules, packOf)].map(([pack, own]) => ({
    pack: pack === '' ? null : pack,
    rules: own,
  }));
  return [...groups.filter((each) => each.pack === null), ...groups.filter((each) => each.pack !== null)];
}

/** Whether an exception that holds at `now` is announced to end. */
export function endsSoon(
  { expiresAt, ended }: Pick<WaiverFacts, 'expiresAt' | 'ended'>,
  now: string,
): boolean {
  return !ended && (instantOf(expiresAt) ?? 0) - (instantOf(now) ?? 0) <= waiverNoticeMs;
}

/** How many exceptions are in force, and when the next one ends. */
export function waiverSentence(waivers: readonly WaiverFacts[]): string {
  const [next, ...others] = waivers.filter((each) => !each.ended);
  if (next === undefined) return 'No exception is in force.';
  const first = `${next.name} ends on ${utcDay(next.expiresAt)}`;
  return others.length === 0
    ? `One exception is in force: ${first}.`
    : `${count(others.length + 1, 'exception')} are in force. The first to end: ${first}.`;
}

/** Who answers for an exception, where the level of redaction lets it be told. */
export function ownerWords(owner: string, redaction: Redaction): string {
  if (owner !== '') return owner;
  return redaction === 'full' ? 'nobody is named' : 'withheld';
}
