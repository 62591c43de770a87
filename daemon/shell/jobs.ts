/** Turns names in declarations into the live things a turn needs: targets, issuers, trust anchors, stores. */
import type { Anchors, Certificate, Endpoint, Installation } from '../core/model.ts';
import { termsOf } from '../core/operation-fit.ts';
import type { Action } from '../core/plan.ts';
import { noReach, reachOf, type Reach } from '../core/reach.ts';
import { drawRenewal, spanOf } from '../core/renewal.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { JobOf } from './apply.ts';
import { bounded } from './bounded.ts';
import { misfitOf } from './fit.ts';
import { certificateOf } from './judge.ts';
import type { Memory } from './memory.ts';
import type { Sight } from './observe.ts';
import type { Job } from './operation.ts';
import type { Claim } from './provenance.ts';
import { requirePlacement } from './placements.ts';
import { watchedOf } from './left.ts';
import { failureOf } from './unexpected.ts';
import type { World } from './world.ts';

/** Roots by issuer, asked once per turn. Of an issuer that cannot be asked they are unknown: what it issued is not called untrusted for that. */
export type AnchorsOf = (issuer: string) => Promise<Anchors>;

/** Asks each issuer once. IO through the issuer. */
export function anchorsReader(world: World, memory: Memory, signal: AbortSignal): AnchorsOf {
  const asked = new Map<string, Promise<Anchors>>();
  const ask = async (name: string): Promise<Anchors> => {
    const spec = memory.desired?.issuers.get(name);
    // Of one that is no longer declared nobody can say by which roots it is trusted.
    if (spec === undefined) return 'unknown';
    try {
      return await world.issuer(spec).trustAnchors(bounded(signal, limits.work.inspectTimeoutMs));
    } catch (error) {
      const { code, message } = failureOf(world, `issuer ${name}`, error, signal);
      world.log.warn({ issuer: name, code }, `trust anchors of issuer ${name}: ${message}`);
      return 'unknown';
    }
  };
  return (name) => {
    let answer = asked.get(name);
    if (answer === undefined) {
      answer = ask(name);
      asked.set(name, answer);
    }
    return answer;
  };
}

/**
 * By whose roots what is installed is judged: the issuer that issued it. The one declared now may be another, which policy blocks or which has not issued yet. Pure.
 */
export function issuerOfInstalled(memory: Memory, { issuer }: Certificate, installation: string): string {
  return memory.installations.get(installation)?.installed?.issued.issuedBy ?? issuer;
}

/** Who is to be looked at: those whose assessment asks for it, or all of `ids`. */
export async function sightsOf(
  world: World,
  memory: Memory,
  ids: readonly string[],
  all: boolean,
  signal: AbortSignal,
): Promise<Sight[]> {
  const sights: Sight[] = [];
  const anchorsOf = anchorsReader(world, memory, signal);
  for (const id of ids) {
    const certificate = watchedOf(memory, id);
    for (const installation of certificate?.installations ?? []) {
      const need = memory.assessments.get(installation.id)?.need.kind;
      // What policy stops before anything was done is not looked at either: the endpoint may be somebody else's.
      if (isStranger(memory, installation.id)) continue;
      if (certificate === null || (!all && need !== 'observe' && memory.observations.has(installation.id)))
        continue;
      sights.push(await sightOf(world, memory, certificate, installation, anchorsOf));
    }
  }
  return sights;
}

function isStranger(memory: Memory, id: string): boolean {
  const findings = memory.assessments.get(id)?.findings ?? [];
  const installed = memory.installations.get(id)?.installed ?? null;
  return (
    installed === null &&
    !memory.operations.has(id) &&
    findings.some((each) => each.code === 'policy-blocked' && each.rule?.id === 'allowed-endpoints')
  );
}

async function sightOf(
  world: World,
  memory: Memory,
  certificate: Certificate,
  installation: Installation,
  anchorsOf: AnchorsOf,
): Promise<Sight> {
  const anchors = await anchorsOf(issuerOfInstalled(memory, certificate, installation.id));
  try {
    const { target, store } = storeOf(world, memory, certificate, installation);
    return {
      installation,
      store,
      target,
      problem: null,
      reach: reachIn(memory, certificate, installation),
      anchors,
      keyAlgorithm: certificate.key.algorithm,
      claim: claimOf(world, memory, certificate, installation),
    };
  } catch (error) {
    const reach = reachIn(memory, certificate, installation);
    return {
      installation,
      store: null,
      target: null,
      problem: failureOf(world, installation.id, error),
      reach,
      anchors,
      keyAlgorithm: certificate.key.algorithm,
    };
  }
}

/** null where the journal knows the installation, or is at work on it: there nothing is taken over. */
function claimOf(
  world: World,
  memory: Memory,
  certificate: Certificate,
  installation: Installation,
): Claim | null {
  const known = memory.installations.get(installation.id)?.installed != null;
  if (known || memory.operations.has(installation.id)) return null;
  const spec = memory.desired?.issuers.get(certificate.issuer);
  return { certificate, issuer: spec === undefined ? null : world.issuer(spec) };
}

/** Judged by what is in force: an endpoint that is gone opens nothing. */
function reachIn(memory: Memory, { team }: Certificate, { endpoint }: Installation): Reach {
  const declared = memory.desired?.endpoints.get(endpoint);
  return declared === undefined ? noReach : reachOf(declared, memory.desired?.teams.get(team) ?? null);
}

function storeOf(
  world: World,
  memory: Memory,
  certificate: Certificate,
  installation: Installation,
): Pick<Job, 'target' | 'store' | 'profile'> & { readonly endpoint: Endpoint } {
  const placement = requirePlacement(memory, certificate, installation);
  const endpoint = memory.desired?.endpoints.get(installation.endpoint);
  const profile = memory.desired?.profiles.get(installation.profile);
  if (endpoint === undefined || profile === undefined || memory.desired === null)
    throw new Error(`${installation.id} has a placement without endpoint or profile`);
  const target = world.target(endpoint, memory.desired.endpoints);
  return {
    target,
    profile,
    endpoint,
    store: { certificate: certificate.id, profile, placement },
  };
}

/** Makes jobs for one turn's actions. */
export function jobMaker(world: World, memory: Memory, signal: AbortSignal): JobOf {
  const anchorsOf = anchorsReader(world, memory, signal);
  return async (action) => {
    const certificate = certificateOf(memory, action.certificate);
    const installation = certificate?.installations.find((each) => each.id === action.installation);
    if (certificate === null || installation === undefined)
      throw new Error(`no installation ${action.installation}`);
    const issuerSpec = memory.desired?.issuers.get(certificate.issuer);
    if (issuerSpec === undefined) {
      throw new OperationError('unsupported', `issuer ${certificate.issuer} is not declared`, {
        disposition: 'retry',
      });
    }
    const { target, store, profile, endpoint } = storeOf(world, memory, certificate, installation);
    const known = memory.installations.get(installation.id);
    const issuer = world.issuer(issuerSpec);
    const solver = world.solver(issuerSpec, target);
    // The embedded CA makes its root on first use, so its anchors are asked for after the issuer exists.
    const judgesInstalled =
      memory.operations.get(installation.id)?.operation.repairs ??
      (action.kind === 'restore' || action.kind === 'reload');
    const anchors = await anchorsOf(
      judgesInstalled ? issuerOfInstalled(memory, certificate, installation.id) : certificate.issuer,
    );
    // Nothing is begun with an issuer that cannot say what it is trusted by: no key is made for what could not be judged. This says why it cannot.
    if (action.kind === 'issue' && anchors === 'unknown')
      await issuer.trustAnchors(bounded(signal, limits.work.inspectTimeoutMs));
    return {
      certificate,
      installation,
      profile,
      issuerSpec,
      issuer,
      solver,
      target,
      store,
      reach: reachIn(memory, certificate, installation),
      anchors,
      installed: known?.installed ?? null,
      installedChain: known?.chain ?? null,
      terms: termsOf(memory.accepted ?? '', {
        certificate,
        installation,
        withdrawn: memory.withdrawn.has(certificate.id),
        issuer: issuerSpec,
        endpoint,
        profile,
      }),
      // What was judged to be dropped is dropped.
      misfit: (stored) =>
        misfitOf(world, memory, stored) ??
        (action.kind === 'abandon' ? { kind: 'declaration', because: action.because } : null),
    };
  };
}

/** Takes over a generation of ours that stands on the endpoint while the journal knew nothing: writes the journal, touches nothing else. */
export function adopt(world: World, memory: Memory, action: Action): void {
  const need = memory.assessments.get(action.installation)?.need;
  const certificate = certificateOf(memory, action.certificate);
  if (need?.kind !== 'adopt' || certificate === null) return;
  const { issued } = need;
  const span = spanOf(issued);
  const installed = {
    issued,
    previous: null,
    renewAt: drawRenewal(span, certificate.renewAtFraction, world.random()),
    keyLost: false,
  };
  const provenance = memory.observations.get(action.installation)?.store?.provenance;
  const chain = provenance?.refusal === null ? provenance.chain : null;
  const stored = { installed, chain, certificate };
  world.journal.atomically(() => {
    world.journal.append(world.now(), action.installation, 'adopted', issued.fingerprint);
    world.journal.saveInstallation(action.installation, stored);
  });
  memory.installations.set(action.installation, stored);
}
