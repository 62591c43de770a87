/** What a pull request costs at issuers, and what a change of policy does to everybody. */
import type { OrderCost } from '../core/change-report.ts';
import type { Certificate, Desired, Instant, Issuer } from '../core/model.ts';
import { policyEffect, type PolicyEffect } from '../core/policy-effect.ts';
import { evaluate, type Evaluation } from '../core/policy.ts';
import type { CertificateRecord } from '../core/record-format.ts';
import { factsOfRecord } from '../core/record.ts';
import type { Repository } from '../git/repository.ts';
import type { JudgedChange } from '../shell/judge-change.ts';
import { recordsAt } from '../records/past.ts';
import { judgeRequest, policiesOf, subjectOf } from '../shell/policies.ts';
import { branchTip } from './open-history.ts';

/** Whether a change asks what it does to everybody. Pure. */
export function touchesPolicy({ plan }: JudgedChange): boolean {
  return plan.resources.some(({ kind }) => ['Policy', 'PolicyPack', 'Rule', 'Waiver', 'Team'].includes(kind));
}

/** Over everything declared, and over what the records say is installed, where the clone has the branch of records. IO: reads Git. */
export async function effectOf(
  repository: Repository,
  before: Desired,
  after: Desired,
  now: Instant,
  signal: AbortSignal,
): Promise<PolicyEffect> {
  const records = await installedRecords(repository, signal);
  const known = [...after.certificates.values()].filter(
    (each) => before.certificates.has(each.id) && each.state === 'present',
  );
  const judge = (desired: Desired, id: string, otherwise: Certificate): readonly Evaluation[] => {
    const certificate = desired.certificates.get(id) ?? otherwise;
    const issued = (records.get(id)?.installations ?? []).flatMap((each) => each.issued ?? []);
    const ofInstalled = issued.flatMap((each) =>
      evaluate(
        policiesOf(desired),
        subjectOf(desired, certificate, { stage: 'issued', facts: factsOfRecord(each, certificate.usages) }),
        now,
      ),
    );
    return [...judgeRequest(desired, certificate, now), ...ofInstalled];
  };
  return policyEffect(
    known.map((certificate) => ({
      certificate,
      before: judge(before, certificate.id, certificate),
      after: judge(after, certificate.id, certificate),
    })),
  );
}

/** What is installed, by the newest records the clone has; empty where it has none. */
async function installedRecords(
  repository: Repository,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, CertificateRecord>> {
  const tip = await branchTip(repository, 'renewd/state', signal);
  return (await recordsAt(repository, tip, '')).certificates;
}

/** Limits of the one public CA whose limits are published and fixed; read 2026-11. */
const letsEncryptLimit =
  "Let's Encrypt: 300 new orders an account in 3 hours, 50 certificates a registered domain in 7 days, 5 for exactly the same names in 7 days";

/** What the change orders at each issuer, with the issuer's own limits where they are known. Pure. */
export function costOf({ plan }: JudgedChange, issuers: ReadonlyMap<string, Issuer>): OrderCost[] {
  return plan.orders.map(({ issuer, certificates }) => {
    const directory = issuers.get(issuer)?.config['directory'];
    const known =
      typeof directory === 'string' && /^https:\/\/[^/]*\.api\.letsencrypt\.org\//.test(directory);
    return { issuer, certificates, limit: known ? letsEncryptLimit : null };
  });
}
