/** One change judged by what was in force before it: plan, hash, verdict. Pure but for the hash. */
import {
  judgeChange,
  type ChangeReason,
  type ChangeVerdict,
  type NewCommit,
} from '../core/change-judgement.ts';
import { asDeclared, planChange, type ChangePlan, type DocumentChange } from '../core/change-plan.ts';
import { reachedBy, type ReachedResource } from '../core/change-reach.ts';
import type { Certificate, Desired, Endpoint, Instant, Profile } from '../core/model.ts';
import { evaluate, stops, type Evaluation } from '../core/policy.ts';
import { allowedEndpoints } from '../core/rules/allowed-endpoints.ts';
import { OperationError } from '../ports/failure.ts';
import { renderWords } from '../templates/render.ts';
import { lockOut } from './lock-out.ts';
import { digestOf, judgedBy, planHash, type TrustFile } from './in-force.ts';
import { judgeRequest, policiesOf, subjectOf } from './policies.ts';

export interface JudgedChange {
  readonly plan: ChangePlan;
  readonly hash: string;
  readonly judgedBy: readonly string[];
  readonly verdict: ChangeVerdict;
  /** Certificates that only the policy, or the team document, of this very change would let through. */
  readonly widened: readonly ChangeReason[];
}

export interface ChangeToJudge {
  readonly before: Desired;
  readonly trust: ReadonlyMap<string, TrustFile>;
  readonly after: Desired;
  /** Lists of signers as they will be. */
  readonly trustAfter: ReadonlyMap<string, TrustFile>;
  readonly documents: readonly DocumentChange[];
  readonly tip: NewCommit;
  readonly commits: readonly NewCommit[];
  /** New commits that were not read. */
  readonly unread: number;
  readonly now: Instant;
}

/** As they will run. A template that cannot be filled in is shown as it is written: the installation will say why. */
function commandsOf({ test, reload }: Profile, parameters: Readonly<Record<string, string>>): string[][] {
  return [...test, ...reload].map((words) => {
    try {
      return renderWords(words, parameters);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return [...words];
    }
  });
}

/** What a change will do, and the hash that approvals of it are bound to: the same whoever signed what. */
export type PlannedChange = Pick<JudgedChange, 'plan' | 'hash' | 'judgedBy'>;

/** The plan of a change on top of this state. The same change on the same state gives the same plan and hash, whenever it is asked. */
export function planOnTop(
  change: Pick<ChangeToJudge, 'before' | 'after' | 'trust' | 'documents'>,
): PlannedChange {
  const { before, after } = asDeclared(change.before, change.after);
  const planned = planChange(before, after, change.documents, commandsOf);
  const certificates = planned.certificates.flatMap((each) => after.certificates.get(each.certificate) ?? []);
  const plan = { ...planned, reaches: digested(reachedBy(after, certificates, change.documents)) };
  const judging = judgedBy(change.before, change.trust);
  return { plan, hash: planHash(plan, judging), judgedBy: judging };
}

function digested(reached: readonly ReachedResource[]): NonNullable<ChangePlan['reaches']> {
  return reached.map(({ kind, name, content }) => ({
    kind,
    name,
    digest: content === null ? null : digestOf(content),
  }));
}

/** Judges a change. `planned`: its plan, where it was made already. No IO. */
export async function judgeOnTop(
  change: ChangeToJudge,
  planned: PlannedChange = planOnTop(change),
): Promise<JudgedChange> {
  const { before, after, trust, tip, commits, unread, now } = change;
  const { plan, hash } = planned;
  const declared = asDeclared(before, after);
  const declaredEndpoints = new Map([...(after.leftOut ?? []), ...after.endpoints]);
  const isPlaceAllowed = (certificate: Certificate): boolean =>
    !judgeByBefore(before, { ...after, endpoints: declaredEndpoints }, certificate, now).some(
      (each) => each.rule === allowedEndpoints.id && stops(each),
    );
  const judged = judgeChange({ ...declared, plan, hash, tip, commits, unread, isPlaceAllowed, now });
  const locked = await lockOut(
    { desired: before, trust },
    { desired: after, trust: change.trustAfter },
    now,
    change.documents,
  );
  const verdict: ChangeVerdict =
    locked === null ? judged : { ...judged, outcome: 'refused', reasons: [...judged.reasons, locked] };
  return {
    ...planned,
    verdict,
    widened: widenedBy(before, after, declared.after.certificates, { plan, now }),
  };
}

/** What policy as it was before says of a certificate as it will be. Endpoints that are new count as the change declares them; teams and policies never do. Pure. */
export function judgeByBefore(
  before: Desired,
  after: Desired,
  certificate: Certificate,
  now: Instant,
): readonly Evaluation[] {
  const endpoints = new Map<string, Endpoint>([...after.endpoints, ...before.endpoints]);
  const subject = subjectOf({ teams: before.teams, issuers: after.issuers, endpoints }, certificate, {
    stage: 'request',
  });
  return evaluate(policiesOf(before), subject, now);
}

function widenedBy(
  before: Desired,
  after: Desired,
  declared: Desired['certificates'],
  { plan, now }: { readonly plan: ChangePlan; readonly now: Instant },
): ChangeReason[] {
  return plan.certificates.flatMap(({ certificate: id }) => {
    const certificate = declared.get(id);
    if (certificate === undefined) return [];
    const stopped = judgeByBefore(before, after, certificate, now).filter(stops);
    const [first] = stopped;
    if (first === undefined || judgeRequest(after, certificate, now).some(stops)) return [];
    return [
      {
        code: 'policy-widened',
        message: `${id} is let through only by what this same change says; judged by what was in force before it: ${first.message} (rule ${first.id} of policy ${first.policy})`,
        fix: 'Merge the change of policies and teams first, by those who may change them; then the certificate.',
        commit: null,
        source: certificate.source,
      },
    ];
  });
}
