/** What policy says of one installation, as findings: what it stops, what breaks it, what is excepted until when, what will break it. Pure. */
import type { AssessInput } from './assessment.ts';
import type { Draft } from './installation-findings.ts';
import type { Instant } from './model.ts';
import { stops, type Evaluation } from './policy.ts';
import { keyOf } from './same.ts';
import { timestamp } from './timestamp.ts';
import { effectiveNoticeMs, waiverNoticeMs } from './waiver.ts';

/** Every finding of policy. What already stops the request is not said again of what was issued by it. */
export function policyFindings(input: AssessInput): Draft[] {
  const { now } = input;
  const requested = input.requestEvaluations;
  const said = new Set(requested.filter((each) => each.verdict === 'fail').map(useOf));
  const issued = input.issuedEvaluations.filter((each) => !said.has(useOf(each)));
  for (const each of issued) if (each.verdict === 'fail') said.add(useOf(each));
  const found = input.foundEvaluations
    .filter((each) => each.verdict === 'fail' && !said.has(useOf(each)))
    .map((each) => ({
      ...each,
      message: `found in place, not issued by renewd: ${each.message}`,
      // The declaration did not make it, so no change of it ends this.
      fix: `It ends when renewd issues anew: renewd renew ${input.certificate.id}. With drift: enforce it puts back what it issued before.`,
    }));
  return once([
    ...requested.flatMap((each) => findingOf(each, now, stops(each))),
    ...issued.flatMap((each) => findingOf(each, now, false)),
    ...found.flatMap((each) => findingOf(each, now, false)),
  ]);
}

function useOf({ id, policy, pack }: Evaluation): string {
  return keyOf(policy, pack, id);
}

/** One finding a code and use of a rule: a rule that judges request and result says the same of both. */
function once(drafts: readonly Draft[]): Draft[] {
  const seen = new Set<string>();
  return drafts.filter(({ code, rule }) => {
    const key = keyOf(code, rule?.policy ?? null, rule?.id ?? null);
    const first = !seen.has(key);
    seen.add(key);
    return first;
  });
}

function findingOf(each: Evaluation, now: Instant, stopped: boolean): Draft[] {
  const rule = { id: each.id, policy: policyOf(each), source: each.source };
  const { waiver } = each;
  if (each.verdict === 'fail') {
    const ended =
      waiver === null ? '' : `; waiver ${waiver.name} of ${waiver.owner} ended on ${dayOf(waiver.expiresAt)}`;
    const code = stopped ? 'policy-blocked' : waiver === null ? 'policy-violation' : 'waiver-ended';
    return [{ code, message: `${each.message}${ended}`, remedy: each.fix, rule }];
  }
  if (each.verdict === 'waived' && waiver !== null) {
    const ending = now >= waiver.expiresAt - waiverNoticeMs;
    const until = `excepted until ${dayOf(waiver.expiresAt)} by waiver ${waiver.name} of ${waiver.owner} (${waiver.reason})`;
    return [
      {
        code: ending ? 'waiver-ending' : 'policy-waived',
        message: `${each.message}; ${until}`,
        remedy: each.fix,
        rule,
      },
    ];
  }
  if (each.verdict === 'not-yet-effective' && each.message !== '' && each.effectiveAt !== null) {
    if (now < each.effectiveAt - effectiveNoticeMs) return [];
    return [
      {
        code: 'policy-upcoming',
        message: `${each.message}; the rule holds from ${dayOf(each.effectiveAt)} on`,
        remedy: each.fix,
        rule,
      },
    ];
  }
  return [];
}

/** A rule from a pack is named with it: two packs of one policy may set the same rule. */
function policyOf({ policy, pack }: Evaluation): string {
  return pack === null ? policy : `${policy}/${pack}`;
}

function dayOf(instant: Instant): string {
  return timestamp(instant).slice(0, 10);
}
