/** Gathers what `core/assess.ts` needs for each certificate and keeps its answers in memory. No effect on the world. */
import { assessInstallation, type AssessInput, type Assessment } from '../core/assess.ts';
import { isInPlace } from '../core/need.ts';
import { unjudged } from '../core/unjudged.ts';
import type { Attempt, InstallationMemory, KnownLeaves } from '../core/installation-state.ts';
import type { Certificate, CertificateFacts, Desired, Installation, Observation } from '../core/model.ts';
import { evaluate, nextPolicyChange, type Evaluation } from '../core/policy.ts';
import { unreadableCode } from './broken.ts';
import { misfitOf } from './fit.ts';
import { policyIsUncertain } from './intent.ts';
import type { Memory } from './memory.ts';
import { judgePlacement } from './placements.ts';
import { policiesOf, subjectOf } from './policies.ts';
import { apart } from './unexpected.ts';
import type { World } from './world.ts';

/** The certificate in force or only watched under this id; null when neither. */
export function certificateOf(memory: Memory, id: string): Certificate | null {
  return memory.desired?.certificates.get(id) ?? memory.withdrawn.get(id) ?? null;
}

/** What renewd remembers of one installation. */
export function memoryOf(
  memory: Memory,
  certificate: Certificate,
  installation: Installation,
): InstallationMemory {
  const attempt = (subject: string): Attempt | null => memory.attempts.get(subject) ?? null;
  return {
    installed: memory.installations.get(installation.id)?.installed ?? null,
    operation: memory.operations.get(installation.id)?.operation ?? null,
    attempt: attempt(`installation:${installation.id}`),
    endpointAttempt: attempt(`endpoint:${installation.endpoint}`),
    issuerAttempt: attempt(`issuer:${certificate.issuer}`),
  };
}

/** Names every leaf renewd installed, so that what is served elsewhere can be called by its name. */
export function knownLeaves(memory: Memory): KnownLeaves {
  const known = new Map<string, string>();
  for (const [id, { operation }] of memory.operations)
    if (operation.issued !== null) known.set(operation.issued.fingerprint, `${id}, not yet finished`);
  for (const [id, { installed }] of memory.installations) {
    if (installed === null) continue;
    if (installed.previous !== null)
      known.set(installed.previous.fingerprint, `the previous certificate of ${id}`);
    known.set(installed.issued.fingerprint, id);
  }
  return known;
}

/** Judges these certificates and remembers assessments and due times. */
export function judge(world: World, memory: Memory, ids: Iterable<string>): void {
  const { desired } = memory;
  if (desired === null) return;
  for (const id of ids) {
    const certificate = certificateOf(memory, id);
    if (certificate === null) continue;
    const installations = [...certificate.installations, ...(memory.left.get(id) ?? [])];
    // A waiver that ends or a rule that comes into effect changes a verdict though nothing happens.
    let dueAt = apart(
      world,
      id,
      () => nextPolicyChange(policiesOf(desired), world.now()) ?? Number.POSITIVE_INFINITY,
      () => world.now() + world.pace.observeAgainMs,
    );
    for (const installation of installations) {
      const assessment = apart(
        world,
        installation.id,
        () => judgeOne(world, memory, desired, certificate, installation),
        ({ code, message }) =>
          unjudged(installation, {
            code,
            message,
            before: memory.assessments.get(installation.id) ?? null,
            dueAt: world.now() + world.pace.observeAgainMs,
          }),
      );
      memory.assessments.set(installation.id, assessment);
      dueAt = Math.min(dueAt, assessment.dueAt);
    }
    memory.dueAt.set(id, dueAt);
  }
}

function judgeOne(
  world: World,
  memory: Memory,
  desired: Desired,
  certificate: Certificate,
  installation: Installation,
): Assessment {
  const now = world.now();
  const policies = policiesOf(desired);
  const observation = memory.observations.get(installation.id) ?? null;
  const stored = memory.operations.get(installation.id) ?? null;
  const current = memoryOf(memory, certificate, installation);
  const leaf = observation?.store?.leaf ?? null;
  const ours = leaf !== null && leaf.fingerprint === current.installed?.issued.fingerprint ? leaf : null;
  const handshakes = observation?.handshakes ?? [];
  const request = evaluate(policies, subjectOf(desired, certificate, { stage: 'request' }), now);
  const found = foreignLeaf(observation, current.installed?.issued.fingerprint ?? null);
  const input: AssessInput = {
    certificate,
    installation,
    withdrawn: isGone(memory, certificate, installation),
    refusal: refusalOf(memory, certificate, installation),
    requestEvaluations: request,
    issuedEvaluations:
      ours === null
        ? []
        : evaluate(
            policies,
            subjectOf(desired, certificate, { stage: 'issued', facts: ours, handshakes }),
            now,
          ),
    foundEvaluations:
      found === null
        ? []
        : evaluate(
            policies,
            subjectOf(desired, certificate, { stage: 'observed', facts: found, handshakes }),
            now,
          ),
    memory: current,
    misfit: stored === null ? null : (misfitOf(world, memory, stored)?.because ?? null),
    observation,
    known: memory.known,
    now,
    observeIntervalMs: world.pace.observeIntervalMs,
    observeAgainMs: world.pace.observeAgainMs,
  };
  // What is in place as it was declared goes on being renewed: an outage would mend nothing.
  if (isInPlace(input))
    return assessInstallation({
      ...input,
      requestEvaluations: request.filter((each) => each.missing !== true),
    });
  const blind = policyIsUncertain(desired) ? [uncertain(desired)] : [];
  return assessInstallation({ ...input, requestEvaluations: [...request, ...blind] });
}

/** Is this installation no longer declared, and only watched? */
function isGone(memory: Memory, certificate: Certificate, installation: Installation): boolean {
  return memory.withdrawn.has(certificate.id) || !certificate.installations.includes(installation);
}

/** What is only watched needs no place. */
function refusalOf(memory: Memory, certificate: Certificate, installation: Installation): string | null {
  if (isGone(memory, certificate, installation) || certificate.state === 'retired') return null;
  const judged = judgePlacement(memory, certificate, installation);
  return judged !== null && 'refused' in judged ? judged.refused : null;
}

/** What stands on the endpoint, or is shown to clients, and is not what renewd installed there. */
function foreignLeaf(observation: Observation | null, ours: string | null): CertificateFacts | null {
  const leaves = [observation?.store?.leaf, ...(observation?.handshakes ?? []).map((each) => each.leaf)];
  return leaves.find((leaf) => leaf != null && leaf.fingerprint !== ours) ?? null;
}

/** Policies that cannot be read forbid everything new: a broken file must not loosen anything. */
function uncertain(desired: Desired): Evaluation {
  const problem = desired.problems.find((each) => each.code === unreadableCode);
  const source = problem?.source ?? { file: 'policies', line: 1, column: 1 };
  return {
    rule: 'policies-readable',
    id: 'policies-readable',
    level: 'everyone',
    pack: null,
    citation: 'internal',
    effectiveAt: null,
    waiver: null,
    policy: source.file,
    action: 'block',
    verdict: 'fail',
    message: problem?.message ?? 'policies cannot be read, so nothing new is issued',
    source,
    explanation: 'Without policies nobody can say what is allowed.',
    fix: `Fix ${source.file}; issuance goes on with the next turn.`,
  };
}
