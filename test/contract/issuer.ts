/** What every issuer must do, run by each against the real thing. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { IssueContext, IssueOutcome, IssueRequest, Issuer, Json } from '../../daemon/ports/issuer.ts';
import type { Solver } from '../../daemon/ports/solver.ts';
import { checkIssued } from '../../daemon/x509/issued.ts';
import { pemToDer } from '../../daemon/x509/pem.ts';
import type { Workshop } from '../fixtures/openssl.ts';

export interface IssuerUnderTest {
  readonly issuer: () => Issuer;
  /** A second value over the same state, as after a restart. */
  readonly restarted: () => Issuer;
  readonly workshop: Workshop;
  /** A name it may issue for. */
  readonly name: string;
  readonly solver: () => Solver | null;
}

export function request(
  workshop: Workshop,
  name: string,
  id: string,
  changes: Partial<IssueRequest['subject']> = {},
): IssueRequest {
  return {
    id,
    certificate: 'web/shop',
    csr: workshop.csr(name).der,
    subject: { dnsNames: [name], ipAddresses: [], usages: ['serverAuth'], lifetimeMs: null, ...changes },
    replaces: null,
  };
}

/** Issues, coming back as often as it asks to. */
export async function issueAll(
  issuer: Issuer,
  asked: IssueRequest,
  solver: Solver | null,
  handle: Json | null = null,
): Promise<{ readonly chain: readonly Uint8Array[]; readonly handles: readonly Json[] }> {
  const handles: Json[] = [];
  let current = handle;
  for (let tries = 0; tries < 30; tries++) {
    const context: IssueContext = {
      signal: AbortSignal.timeout(60_000),
      handle: current,
      solver,
      checkpoint: (next) => {
        handles.push(next);
        current = next;
        return Promise.resolve();
      },
    };
    const outcome: IssueOutcome = await issuer.issue(asked, context);
    if (outcome.state === 'issued') return { chain: outcome.chain, handles };
    current = outcome.handle;
    await new Promise((resolve) =>
      setTimeout(resolve, Math.min(2000, Math.max(50, outcome.retryAt - Date.now()))),
    );
  }
  throw new Error('it never came');
}

/** Declares the tests. */
export function issuerContract(under: IssuerUnderTest): void {
  const { workshop, name } = under;

  test('contract: what it issues is what was asked for, in order, without the root, under its own trust anchors', async () => {
    const asked = request(workshop, name, 'one');
    const { chain } = await issueAll(under.issuer(), asked, under.solver());
    const anchors = await under.issuer().trustAnchors(AbortSignal.timeout(10_000));
    const deviations = checkIssued({
      chain,
      csr: asked.csr,
      subject: asked.subject,
      trustAnchors: anchors === null ? null : anchors.flatMap((pem) => pemToDer(pem)),
      now: Date.now(),
    });
    assert.deepEqual(deviations, []);
    for (const der of chain) {
      const certificate = new X509Certificate(der);
      assert.notEqual(certificate.subject, certificate.issuer, 'the root is not sent');
    }
  });

  test('contract: it says that something exists before it answers', async () => {
    const { handles } = await issueAll(under.issuer(), request(workshop, name, 'two'), under.solver());
    assert.ok(handles.length > 0);
    assert.doesNotThrow(() => JSON.stringify(handles));
  });

  test('contract: the same request again, with the handle and after a restart, is the same certificate', async () => {
    const asked = request(workshop, name, 'three');
    const first = await issueAll(under.issuer(), asked, under.solver());
    const again = await issueAll(under.restarted(), asked, under.solver(), first.handles.at(-1) ?? null);
    assert.deepEqual(Buffer.from(again.chain[0] ?? []), Buffer.from(first.chain[0] ?? []));
  });

  test('contract: it says in a sentence that it can be used', async () => {
    assert.match(await under.issuer().check(AbortSignal.timeout(10_000)), /\w+ \w+/);
  });
}
