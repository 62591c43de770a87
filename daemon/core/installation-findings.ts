/** What is wrong with one installation, each in words a person can act on. Pure. */
import {
  expectedLeaf,
  underWayIn,
  type AssessInput,
  type FindingDraft,
  type JudgedAddress,
} from './assessment.ts';
import { short, storeDrift } from './drift.ts';
import { findingCodes, type FindingCode } from './finding-codes.ts';
import type { Finding, Handshake, Severity } from './model.ts';
import { policyFindings } from './policy-findings.ts';
import { endOf, endsAt, expiryThresholds, spanOf } from './renewal.ts';
import { withStall } from './stall.ts';
import { isStillServed } from './withdrawal.ts';

/** Every finding. `issuanceWanted`: a new certificate is needed, so that trouble of its issuer matters. */
export function findingsOf(
  input: AssessInput,
  addresses: readonly JudgedAddress[],
  issuanceWanted: boolean,
): FindingDraft[] {
  // What is only watched breaks no rule and drifts from nothing: it matters while somebody is served by it.
  if (input.withdrawn)
    return [...servedToTheEnd(input, addresses), ...withdrawnFindings(input)].map((draft) =>
      complete(input, draft),
    );
  return [
    ...policyFindings(input),
    ...placementFindings(input),
    ...lifetimeFindings(input),
    ...storeFindings(input),
    ...addressFindings(input, addresses),
    ...attemptFindings(input, issuanceWanted),
    ...withdrawnFindings(input),
  ].map((draft) => complete(input, draft));
}

/** A finding before the installation it is about is filled in. */
export interface Draft {
  readonly code: FindingCode;
  readonly message: string;
  readonly remedy?: string;
  readonly severity?: Severity;
  readonly address?: string;
  readonly expected?: string | null;
  readonly observed?: string | null;
  readonly rule?: Finding['rule'];
}

function complete(input: AssessInput, draft: Draft): FindingDraft {
  const known = findingCodes[draft.code];
  const address = draft.address ?? null;
  const rule = draft.rule ?? null;
  return {
    id: [input.installation.id, draft.code, address, rule?.id, rule?.policy]
      .filter((part) => part != null)
      .join(' '),
    code: draft.code,
    severity: draft.severity ?? known.severity,
    certificate: input.certificate.id,
    installation: input.installation.id,
    endpoint: input.installation.endpoint,
    address,
    message: draft.message,
    remedy: draft.remedy ?? known.remedy,
    expected: draft.expected ?? null,
    observed: draft.observed ?? null,
    rule,
    source: rule?.source ?? input.installation.source,
  };
}

function placementFindings({ refusal, installation }: AssessInput): Draft[] {
  return refusal === null ? [] : [{ code: 'placement-refused', message: `${installation.id}: ${refusal}` }];
}

function storeFindings(input: AssessInput): Draft[] {
  const failure = input.observation?.storeFailure;
  // Said by a finding of its own: the endpoint was not asked.
  if (failure?.code === 'placement-refused') return [];
  if (failure != null) {
    const code = failure.code === 'ssh-host-key' ? 'host-key-changed' : 'endpoint-unreachable';
    return [
      {
        code,
        message: `${input.installation.endpoint} could not be read: ${failure.message}`,
        observed: failure.code,
      },
    ];
  }
  const claims = claimFindings(input);
  if (input.memory.operation !== null) return claims;
  const drift = storeDrift(input);
  if (drift === null) return claims;
  const expected = input.memory.installed?.issued;
  return [
    ...claims,
    {
      code: drift.code,
      message: `${drift.because} in the store of ${input.installation.id}`,
      expected:
        expected === undefined
          ? null
          : `${short(expected.fingerprint)} in generation ${expected.generation ?? '?'}`,
      observed: drift.observed,
    },
  ];
}

/** What an endpoint shows and is not taken as it is: a generation that is not ours, a script that is too old. */
function claimFindings({ observation, installation }: AssessInput): Draft[] {
  const store = observation?.store;
  if (store == null) return [];
  const drafts: Draft[] = [];
  const { provenance, outdatedHelper } = store;
  // It may stand there for a while as the previous generation: as long as it does, it is said.
  if (
    provenance !== undefined &&
    provenance.refusal !== null &&
    store.leaves[provenance.generation] === provenance.fingerprint
  ) {
    drafts.push({
      code: 'not-adopted',
      message: `generation ${provenance.generation} of ${installation.id} was not taken over: ${provenance.refusal}`,
      expected: 'a certificate that renewd issued',
      observed: short(provenance.fingerprint),
    });
  }
  if (outdatedHelper !== undefined) {
    drafts.push({
      code: 'helper-outdated',
      message: `the script of renewd on ${installation.endpoint} is version ${String(outdatedHelper.installed)}, this renewd brings version ${String(outdatedHelper.current)}`,
    });
  }
  return drafts;
}

function addressFindings(input: AssessInput, addresses: readonly JudgedAddress[]): Draft[] {
  const expected = expectedLeaf(input);
  const underWay = underWayIn(input);
  const isUnderWay = ({ result, handshake: { leaf } }: JudgedAddress): boolean =>
    result === 'served-other-known' && leaf !== null && leaf.fingerprint === underWay;
  return addresses
    .filter((each) => each.result !== 'served-match')
    .map((each) => ({
      code: each.result,
      ...(isUnderWay(each) ? { severity: 'info' as const } : {}),
      message: each.message,
      remedy: each.remedy,
      address: place(each.handshake),
      expected: expected === null ? null : short(expected.fingerprint),
      observed:
        each.handshake.leaf === null
          ? (each.handshake.failure?.detail ?? null)
          : short(each.handshake.leaf.fingerprint),
    }));
}

function lifetimeFindings(input: AssessInput): Draft[] {
  const { now, memory, certificate } = input;
  const issued = memory.installed?.issued;
  if (issued === undefined) return [];
  const span = spanOf(issued);
  const above = endsAt(issued) === issued.notAfter ? '' : 'a certificate above it in its chain ';
  if (now > span.notAfter) {
    return [
      {
        code: 'installed-expired',
        message: `the certificate installed for ${input.installation.id} ${above === '' ? '' : `cannot be used: ${above}`}expired at ${endsAt(issued)}`,
      },
    ];
  }
  const thresholds = expiryThresholds(span);
  const until = `${above === '' ? 'it ' : above}expires at ${endsAt(issued)}`;
  if (now >= thresholds.criticalAt) {
    return [
      { code: 'renewal-critical', message: `${certificate.id} should have been renewed long ago: ${until}` },
    ];
  }
  // Who declared a later renewal is not told that it is late before it is.
  if (now >= thresholds.overdueAt && now >= (memory.installed?.renewAt ?? thresholds.overdueAt)) {
    return [
      { code: 'renewal-overdue', message: `${certificate.id} should have been renewed by now: ${until}` },
    ];
  }
  return [];
}

function attemptFindings(input: AssessInput, issuanceWanted: boolean): Draft[] {
  const { attempt, issuerAttempt, operation } = input.memory;
  const drafts: Draft[] = [];
  // An order that the CA is still working on has failed at nothing.
  if (attempt !== null && attempt.failures > 0) {
    const code: FindingCode =
      attempt.step === 'issue' || attempt.step === 'make the key' ? 'issue-failed' : 'install-failed';
    drafts.push({
      code,
      message: `${attempt.step} failed: ${withStall(attempt.message, attempt.endsWhen)}`,
      observed: attempt.code,
      // Nothing of it is kept: that it costs no new order would not be true.
      ...(code === 'install-failed' && operation === null
        ? {
            remedy:
              'The message names the step and what the server said. Nothing that was begun is kept; the next try begins anew.',
          }
        : {}),
      ...(operation?.issued != null
        ? { expected: `${short(operation.issued.fingerprint)} served everywhere` }
        : {}),
    });
  }
  if (attempt?.untold !== undefined)
    drafts.push({
      code: 'rollback-untold',
      message: `the files are as they were before, and the server could not be told: ${attempt.untold}`,
      observed: attempt.code,
    });
  if (issuerAttempt !== null && attempt === null && issuanceWanted) {
    drafts.push({
      code: 'issue-failed',
      message: `issuer ${input.certificate.issuer}: ${withStall(issuerAttempt.message, issuerAttempt.endsWhen)}`,
      observed: issuerAttempt.code,
    });
  }
  return drafts;
}

/** Its end is trouble only while an address shows it, or where nobody can know. */
function servedToTheEnd(input: AssessInput, addresses: readonly JudgedAddress[]): Draft[] {
  const { installed } = input.memory;
  if (installed === null) return [];
  const unknown = input.installation.serves.length === 0 && input.now <= endOf(installed.issued);
  return unknown || isStillServed({ installed, addresses }) ? lifetimeFindings(input) : [];
}

function withdrawnFindings(input: AssessInput): Draft[] {
  if (!input.withdrawn) return [];
  const { certificate, installation, memory } = input;
  const until = memory.installed === null ? 'never' : endsAt(memory.installed.issued);
  const left = certificate.installations.every((each) => each.id !== installation.id);
  const watched = `it is watched until something else is served there, or until it expires (${until})`;
  return [
    left
      ? {
          code: 'withdrawn',
          message: `${certificate.id} is no longer declared at endpoint ${installation.endpoint}; nothing was uninstalled, it is not renewed there, and ${watched}`,
          remedy: `To end it now write released: [${installation.endpoint}] under spec of ${certificate.source.file}; to keep it, declare the installation again.`,
        }
      : {
          code: 'withdrawn',
          message: `the declaration of ${certificate.id} was deleted; nothing was uninstalled, it is no longer renewed, and ${watched}`,
          remedy: `To end it now restore ${certificate.source.file} with state: retired, wait until renewd status says retired without this finding, and delete the file again; to keep it, restore the file.`,
        },
  ];
}

/** An address as findings name it. */
export function place(handshake: Handshake): string {
  const { host, port, serverName } = handshake.address;
  return `${host}:${String(port)}/${serverName}`;
}
