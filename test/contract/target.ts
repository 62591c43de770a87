/** What every target must do, run by each against the real thing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyProof, KeyProver, Target, Store } from '../../daemon/ports/target.ts';
import { checkCsr, readCsr } from '../../daemon/x509/csr.ts';
import { certificateFacts } from '../../daemon/x509/facts.ts';
import { derToPem } from '../../daemon/x509/pem.ts';
import { signedByKeyOf } from '../../daemon/x509/possession.ts';
import type { MadeBySsl, Workshop } from '../fixtures/openssl.ts';

export interface TargetUnderTest {
  readonly target: () => Target & Partial<KeyProver>;
  readonly store: () => Store;
  readonly workshop: Workshop;
  readonly ca: MadeBySsl;
}

const signal = (): AbortSignal => AbortSignal.timeout(60_000);
export const names = { dnsNames: ['shop.example.com', '*.shop.example.com'], ipAddresses: ['10.0.0.1'] };

/** Makes a generation with a certificate of the CA, staged and not yet current. */
export async function stageGeneration(under: TargetUnderTest, generation: string): Promise<string> {
  const target = under.target();
  const csr = await target.generateKey(
    under.store(),
    generation,
    { algorithm: 'ecdsa-p256', ...names },
    signal(),
  );
  const der = under.workshop.signCsr(under.ca, csr, [
    'subjectAltName=DNS:shop.example.com',
    'extendedKeyUsage=serverAuth',
  ]);
  await target.stage(under.store(), generation, [derToPem(der), under.ca.pem], signal());
  return certificateFacts(der).fingerprint;
}

/** Declares the tests. */
export function targetContract(under: TargetUnderTest): void {
  test('contract: an empty store is an observation', async () => {
    const seen = await under.target().inspect(under.store(), signal());
    assert.deepEqual([seen.current, seen.generations, seen.leaf], [null, [], null]);
  });

  test('contract: a key is made once; the CSR asks for exactly the names and proves possession', async () => {
    for (const algorithm of ['ecdsa-p256', 'ecdsa-p384', 'rsa-2048', 'ed25519'] as const) {
      const ask = () =>
        under.target().generateKey(under.store(), `key-${algorithm}`, { algorithm, ...names }, signal());
      const first = readCsr(await ask());
      assert.equal(checkCsr(first, { ...names, algorithm }), null);
      assert.equal(readCsr(await ask()).spki, first.spki, 'the same key again');
    }
  });

  test('contract: staging switches nothing, activating switches, and both may be repeated', async () => {
    const fingerprint = await stageGeneration(under, 'g1');
    assert.equal(
      (await under.target().inspect(under.store(), signal())).leaf?.fingerprint === fingerprint,
      false,
    );
    for (let twice = 0; twice < 2; twice++) {
      await under.target().activate(under.store(), 'g1', signal());
      const seen = await under.target().inspect(under.store(), signal());
      assert.equal(seen.current, 'g1');
      assert.equal(seen.leaf?.fingerprint, fingerprint);
      assert.equal(seen.keyMatches, true);
      assert.deepEqual(seen.brokenLinks, []);
      assert.equal(seen.leaves['g1'], fingerprint);
    }
  });

  test('contract: the former current becomes previous, and can be gone back to', async () => {
    const fingerprint = await stageGeneration(under, 'g2');
    await under.target().activate(under.store(), 'g2', signal());
    const forward = await under.target().inspect(under.store(), signal());
    assert.deepEqual(
      [forward.current, forward.previous, forward.leaf?.fingerprint],
      ['g2', 'g1', fingerprint],
    );
    await under.target().activate(under.store(), 'g1', signal());
    assert.equal((await under.target().inspect(under.store(), signal())).current, 'g1');
  });

  test('contract: a chain that does not belong to the key is refused, and said to be hopeless', async () => {
    await under.target().generateKey(under.store(), 'g3', { algorithm: 'ecdsa-p256', ...names }, signal());
    const stranger = under.workshop.leaf(under.ca, 'shop.example.com');
    await assert.rejects(under.target().stage(under.store(), 'g3', [stranger.pem], signal()), {
      code: 'stage-failed',
      disposition: 'stall',
    });
    await assert.rejects(under.target().stage(under.store(), 'no-key', [stranger.pem], signal()), {
      disposition: 'stall',
    });
  });

  test('contract: sweeping keeps current, previous and what it is told to', async () => {
    await under.target().sweep(under.store(), ['key-ed25519'], signal());
    const seen = await under.target().inspect(under.store(), signal());
    assert.deepEqual([...seen.generations].sort(), ['g1', 'g2', 'key-ed25519']);
  });

  test('contract: a generation proves its key by a signature over a fresh challenge, and only its own', async () => {
    const target = under.target();
    if (target.proveKey === undefined) return;
    const challenge = 'ab'.repeat(32);
    const proofs: { readonly leaf: Uint8Array; readonly proof: KeyProof }[] = [];
    for (const generation of ['g1', 'g2']) {
      const proof: KeyProof = await target.proveKey(under.store(), generation, challenge, signal());
      const leaf: Uint8Array = proof.chain[0] ?? new Uint8Array();
      const seen = await target.inspect(under.store(), signal());
      assert.equal(certificateFacts(leaf).fingerprint, seen.leaves[generation]);
      assert.ok(Buffer.from(proof.statement).includes(challenge));
      assert.ok(signedByKeyOf(leaf, proof.statement, proof.signature));
      proofs.push({ leaf, proof });
    }
    const [one, two] = proofs;
    assert.ok(one !== undefined && two !== undefined);
    assert.equal(signedByKeyOf(one.leaf, two.proof.statement, two.proof.signature), false);
    assert.equal(signedByKeyOf(one.leaf, two.proof.statement, one.proof.signature), false);
    await assert.rejects(target.proveKey(under.store(), 'g1', 'not a challenge', signal()));
    await assert.rejects(target.proveKey(under.store(), 'none', challenge, signal()));
  });

  test('contract: it says in a sentence that it can be used', async () => {
    assert.match(await under.target().check(signal()), /\w+ \w+/);
  });
}
