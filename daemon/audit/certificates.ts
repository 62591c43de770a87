/** Follows each certificate from its declaration to what is served, by the clone alone, and says which links rest on the daemon's word. */
import { canonicalJson } from '../core/canonical.ts';
import { counted } from '../core/count.ts';
import { keyOf } from '../core/same.ts';
import { timestamp } from '../core/timestamp.ts';
import { issuancePath } from '../core/issuance.ts';
import type { CertificateFacts, Desired } from '../core/model.ts';
import { evaluate } from '../core/policy.ts';
import type { CertificateRecord, InstallationRecord, IssuedRecord } from '../core/record-format.ts';
import type { Repository } from '../git/repository.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { firstOfLine } from '../said-text.ts';
import { parseRecord } from '../records/read.ts';
import { policiesOf, subjectOf } from '../shell/policies.ts';
import { judgeChain, newEffort } from '../x509/chain.ts';
import { certificateFacts } from '../x509/facts.ts';
import { MalformedInput } from '../x509/malformed.ts';
import { derToPem, pemToDer } from '../x509/pem.ts';
import type { Claims } from './claim.ts';
import type { Replay } from './replay.ts';
import type { StateHistory } from './state-history.ts';

export interface CertificateAudit {
  readonly repository: Repository;
  readonly replayed: Replay;
  readonly state: StateHistory;
  readonly claims: Claims;
}

/**
 * Every claim the record of one certificate makes. IO: reads Git for the order of commits. Whatever its files hold, what is wrong with them is a claim of this one that failed, and
 * those of others are made. @throws OperationError `git-*`
 */
export async function auditCertificate(
  audit: CertificateAudit,
  id: string,
  record: CertificateRecord,
): Promise<void> {
  try {
    await followCertificate(audit, id, record);
  } catch (error) {
    if (error instanceof OperationError) throw error;
    const words = firstOfLine(String(error), limits.failures.wordsMaxChars);
    audit.claims.add(
      id,
      'what the records hold of it can be followed',
      'failed',
      `it met a mistake of renewd: ${words}`,
    );
  }
}

async function followCertificate(
  audit: CertificateAudit,
  id: string,
  record: CertificateRecord,
): Promise<void> {
  const { claims, replayed } = audit;
  const { declaration } = record;
  if (!declaration.withdrawn) {
    const accepted = replayed.acceptedBlobs.get(declaration.file)?.get(declaration.blob);
    claims.prove(
      id,
      `was declared in ${declaration.file} and accepted`,
      accepted !== undefined,
      accepted === undefined
        ? `blob ${declaration.blob} was never in force`
        : `in force since ${accepted.slice(0, 10)}`,
    );
  }
  for (const installation of record.installations) {
    if (installation.issued !== null)
      await auditInstallation(audit, id, record, installation, installation.issued);
  }
}

async function auditInstallation(
  audit: CertificateAudit,
  id: string,
  record: CertificateRecord,
  installation: InstallationRecord,
  issued: IssuedRecord,
): Promise<void> {
  const { claims, state } = audit;
  const subject = `${id}@${installation.endpoint}`;
  const pem = state.files.get(`certificates/${subject}.pem`);
  if (pem === undefined)
    claims.add(subject, `serial ${issued.serial} was issued`, 'unproven', 'its chain is not in the records');
  else auditChain(audit, subject, record, issued, pem);
  await auditOrder(audit, subject, record, issued);
  if (issued.csr !== null) {
    claims.add(
      subject,
      'the key was made on the endpoint',
      'attested',
      `CSR ${issued.csr.slice(0, 16)}, public key ${issued.spki.slice(0, 16)}`,
    );
  }
  if (issued.installedAt !== null) {
    claims.add(
      subject,
      `was installed at ${issued.installedAt}`,
      'attested',
      `generation ${issued.generation ?? 'unknown'}`,
    );
  }
  for (const address of installation.addresses) {
    if (address.result !== 'served-match') continue;
    claims.prove(
      subject,
      `what the record says ${address.address} serves is what was issued`,
      address.fingerprint === issued.fingerprint,
      address.fingerprint ?? 'nothing was served',
    );
    claims.add(
      subject,
      `${address.address} served it`,
      'attested',
      `a handshake for ${address.serverName}, unchanged since ${address.since}`,
    );
  }
}

function auditChain(
  { claims, state, replayed }: CertificateAudit,
  subject: string,
  record: CertificateRecord,
  issued: IssuedRecord,
  pem: string,
): void {
  const chain = readChain(pem);
  const [leaf, ...above] = chain;
  if (leaf === undefined) {
    claims.add(
      subject,
      `serial ${issued.serial} was issued`,
      'failed',
      'its chain in the records cannot be read',
    );
    return;
  }
  const facts = certificateFacts(leaf);
  const wrong = wrongFacts(facts, issued, record);
  claims.prove(
    subject,
    `the certificate is what the record says (serial ${issued.serial})`,
    wrong.length === 0,
    wrong.join('; ') || `sha256 ${facts.fingerprint.slice(0, 16)}`,
  );
  const root = issued.issuedBy === null ? undefined : state.files.get(`issuers/${issued.issuedBy}/root.pem`);
  const anchors = root === undefined ? [] : readChain(root);
  const at = Math.min(Date.parse(issued.notBefore) + 1000, Date.parse(issued.notAfter));
  if (anchors.length === 0) {
    claims.add(
      subject,
      'its chain leads to a root that clients trust',
      'attested',
      'the root is not in the records: check the chain against your own trust store',
    );
  } else {
    const judgement = judgeChain({ leaf, intermediates: above, anchors, anchorsAsDeclared: true, now: at });
    claims.prove(
      subject,
      `its chain leads to the root of ${issued.issuedBy ?? ''}`,
      judgement.verdict === 'trusted',
      judgement.reason ?? 'every signature verified',
    );
  }
  auditIssuanceLog(state, claims, subject, issued, leaf);
  auditPolicy(replayed.desired, claims, subject, record, facts);
}

/** DER of every certificate of it; none where one of them is no certificate. */
function readChain(pem: string): Uint8Array[] {
  try {
    const chain = pemToDer(pem);
    const effort = newEffort(0);
    for (const der of chain) certificateFacts(der, effort);
    return chain;
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error;
    return [];
  }
}

/** One text for the same names, and another for any others: a name in a certificate may hold what it likes. */
function sorted(names: readonly string[]): string {
  return canonicalJson([...names].sort());
}

function wrongFacts(facts: CertificateFacts, issued: IssuedRecord, record: CertificateRecord): string[] {
  const wrong: string[] = [];
  const compare = (what: string, seen: string, said: string): void => {
    if (seen !== said) wrong.push(`${what} is ${seen}, not ${said}`);
  };
  compare('fingerprint', facts.fingerprint, issued.fingerprint);
  compare('serial', facts.serial, issued.serial);
  compare('public key', facts.spki, issued.spki);
  compare('names', sorted(facts.dnsNames), sorted(issued.dnsNames));
  compare('end', timestamp(facts.notAfter), issued.notAfter);
  const { declaration } = record;
  // What is declared may have changed since and be on its way; only a settled certificate must match.
  if (!declaration.withdrawn && ['ok', 'non-compliant'].includes(record.status)) {
    compare('declared names', sorted(facts.dnsNames), sorted(declaration.dnsNames));
  }
  return wrong;
}

function auditIssuanceLog(
  { files }: StateHistory,
  claims: Claims,
  subject: string,
  issued: IssuedRecord,
  leaf: Uint8Array,
): void {
  if (issued.issuedBy === null || !files.has(`issuers/${issued.issuedBy}/root.pem`)) return;
  const path = issuancePath(issued.issuedBy, issued.serial);
  const text = path === null ? undefined : files.get(path);
  const read =
    text === undefined ? null : parseRecord(path ?? '', Buffer.from(text), Number.POSITIVE_INFINITY);
  const line = read?.record?.kind === 'IssuanceRecord' ? read.record : null;
  const same = line !== null && readChain(line.pem).some((der) => derToPem(der) === derToPem(leaf));
  claims.prove(
    subject,
    `stands in the log of issuance of ${issued.issuedBy}`,
    same,
    line === null ? 'no line for its serial' : `written ${line.issuedAt}`,
  );
}

function auditPolicy(
  desired: Desired,
  claims: Claims,
  subject: string,
  record: CertificateRecord,
  facts: CertificateFacts,
): void {
  const certificate = desired.certificates.get(`${record.metadata.team}/${record.metadata.name}`);
  if (certificate === undefined) return;
  const seen = evaluate(
    policiesOf(desired),
    subjectOf(desired, certificate, { stage: 'issued', facts }),
    facts.notBefore,
  );
  const broken = seen.filter((each) => each.verdict === 'fail').map((each) => each.id);
  const said = new Set(record.findings.flatMap((each) => (each.rule === null ? [] : [each.rule.id])));
  const hidden = broken.filter((each) => !said.has(each));
  claims.prove(
    subject,
    broken.length === 0
      ? `keeps to ${counted(seen.length, 'rule')} of policy for it`
      : `breaks ${broken.join(', ')}, and the record says so`,
    hidden.length === 0,
    hidden.length === 0
      ? 'judged again by the policies in force'
      : `the record is silent about ${hidden.join(', ')}`,
  );
}

/** Approved before issued: the commit it was issued from has the accepted declaration in its past. */
async function auditOrder(
  { claims, state, replayed, repository }: CertificateAudit,
  subject: string,
  record: CertificateRecord,
  issued: IssuedRecord,
): Promise<void> {
  const first = state.issuedIn.get(keyOf(subject, issued.fingerprint));
  if (first?.source == null) {
    claims.add(
      subject,
      'was issued after its declaration was accepted',
      'unproven',
      'no commit of records says from which commit it was issued',
    );
    return;
  }
  const accepted = acceptedBefore(replayed, record.declaration.file);
  const known: string[] = [];
  for (const commit of accepted) if (await repository.isAncestor(commit, first.source)) known.push(commit);
  const change = known.map((commit) => state.changes.get(commit)).find((each) => each !== undefined);
  const by = change === undefined || change.hash === null ? '' : `, plan ${change.hash.slice(0, 16)}`;
  claims.prove(
    subject,
    'was issued after its declaration was accepted',
    known.length > 0,
    known.length > 0
      ? `recorded in ${first.commit.slice(0, 10)} from ${first.source.slice(0, 10)}${by}`
      : `${first.source} has no accepted version of ${record.declaration.file}`,
  );
}

function acceptedBefore({ acceptedBlobs }: Replay, file: string): string[] {
  return [...(acceptedBlobs.get(file)?.values() ?? [])];
}
