/**
 * The one function that every step of an operation passes: is what is about to happen what is declared and allowed now? Gathers what is in force and asks
 * `core/operation-fit.ts`. No effect on the world.
 */
import type { CertificateFacts } from '../core/model.ts';
import {
  hasCertificate,
  misfitOfDeclaration,
  misfitOfPolicy,
  misfitOfWish,
  type InForce,
  type Misfit,
} from '../core/operation-fit.ts';
import { evaluate } from '../core/policy.ts';
import type { StoredOperation } from '../journal/journal.ts';
import { limits } from '../limits.ts';
import { certificateFacts } from '../x509/facts.ts';
import { pemToDer } from '../x509/pem.ts';
import type { Memory } from './memory.ts';
import { policiesOf, subjectOf } from './policies.ts';
import type { World } from './world.ts';

/** What is in force for an installation: `team/name@endpoint`. */
export function inForceFor(memory: Pick<Memory, 'desired' | 'withdrawn'>, id: string): InForce {
  const { desired, withdrawn } = memory;
  const certificateId = id.slice(0, id.lastIndexOf('@'));
  const certificate = desired?.certificates.get(certificateId) ?? withdrawn.get(certificateId) ?? null;
  const installation = certificate?.installations.find((each) => each.id === id) ?? null;
  return {
    certificate,
    installation,
    withdrawn: withdrawn.has(certificateId),
    issuer: desired?.issuers.get(certificate?.issuer ?? '') ?? null,
    endpoint: desired?.endpoints.get(installation?.endpoint ?? '') ?? null,
    profile: desired?.profiles.get(installation?.profile ?? '') ?? null,
  };
}

/** Why an operation has to be dropped before its next step; null while it still is what is declared and allowed. */
export function misfitOf(
  world: Pick<World, 'now'>,
  memory: Pick<Memory, 'desired' | 'withdrawn'>,
  { operation, chain }: StoredOperation,
): Misfit | null {
  const { desired } = memory;
  // Nothing was read yet: nothing can be compared, and nothing is done either.
  if (desired === null) return null;
  const inForce = inForceFor(memory, operation.installation);
  const { certificate } = inForce;
  const changed = misfitOfDeclaration(operation, inForce);
  if (changed !== null || certificate === null) return changed;
  const now = world.now();
  const asked = misfitOfWish(operation, certificate, now);
  if (asked !== null) return asked;
  // A chain that was rejected is no certificate of this operation yet.
  const facts = factsOf(hasCertificate(operation.step) ? chain : null);
  const policies = policiesOf(desired);
  const ask = (seen: Parameters<typeof subjectOf>[2]): ReturnType<typeof evaluate> =>
    evaluate(policies, subjectOf(desired, certificate, seen), now);
  return misfitOfPolicy(operation, {
    request: ask({ stage: 'request' }),
    issued: facts === null ? [] : ask({ stage: 'issued', facts }),
    facts,
    now,
    skewMaxMs: limits.clock.skewMaxMs,
  });
}

/**
 * Forgets operations of installations, endpoints and profiles that are declared nowhere any more: there is no job that could drop them step by step, and they must
 * not wait for a declaration of the same name. IO: the journal. Returns their installations.
 */
export function dropOrphans(
  world: Pick<World, 'now' | 'journal' | 'log'>,
  memory: Memory,
): readonly string[] {
  if (memory.desired === null) return [];
  const dropped: string[] = [];
  for (const [id, { operation }] of [...memory.operations]) {
    const { certificate, installation, endpoint, profile } = inForceFor(memory, id);
    if (certificate !== null && installation !== null && endpoint !== null && profile !== null) continue;
    const because = misfitOfDeclaration(operation, inForceFor(memory, id))?.because ?? 'nothing declares it';
    world.journal.atomically(() => {
      world.journal.append(
        world.now(),
        id,
        'dropped',
        `${operation.generation} at ${operation.step}: ${because}; nobody can be asked to remove its key`,
      );
      world.journal.removeOperation(id);
      world.journal.saveAttempt(`installation:${id}`, null);
    });
    world.log.warn({ installation: id, step: operation.step }, `what was begun is dropped: ${because}`);
    memory.operations.delete(id);
    memory.attempts.delete(`installation:${id}`);
    dropped.push(id);
  }
  return dropped;
}

/** Facts of the leaf that was issued; null before there is one. The chain was read once already, when it came from the issuer. */
function factsOf(chain: readonly string[] | null): CertificateFacts | null {
  const [leaf] = chain ?? [];
  if (leaf === undefined) return null;
  const [der] = pemToDer(leaf);
  return der === undefined ? null : certificateFacts(der);
}
