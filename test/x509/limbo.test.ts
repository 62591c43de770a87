/** Path validation against C2SP/x509-limbo: every verdict is upstream's, or stands here with the reason why not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { judgeChain } from '../../daemon/x509/chain.ts';
import { pemToDer } from '../../daemon/x509/pem.ts';

interface LimboCase {
  readonly id: string;
  readonly validation_kind: 'SERVER' | 'CLIENT';
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly validation_time: string | null;
  readonly expected_result: 'SUCCESS' | 'FAILURE';
  readonly expected_peer_name: { readonly value: string } | null;
  readonly max_chain_depth: number | null;
}

/** Where the strict verdict is another one than upstream's label, and why. */
const otherwise: Readonly<Record<string, string>> = {
  'cve::cve-2024-0567':
    'its cross-signed root has no authority key identifier, which rfc5280::aki::cross-signed-root-missing-aki wants refused',
  'webpki::san::leftmost-wildcard-san':
    'its common name is example.com and its only name *.example.com, which BR 7.1.4.3 forbids',
};

const path = join(import.meta.dirname, '../corpus/limbo/testcases.json');
const { testcases } = JSON.parse(readFileSync(path, 'utf8')) as { readonly testcases: readonly LimboCase[] };

function verdict(one: LimboCase, strict: boolean): boolean {
  const ders = (pems: readonly string[]): Uint8Array[] => pems.flatMap((pem) => pemToDer(pem));
  const [leaf] = pemToDer(one.peer_certificate);
  assert.ok(leaf, one.id);
  // Cases without a time are valid for centuries; a fixed one keeps the test from ageing.
  const now = Date.parse(one.validation_time ?? '2026-11-21T00:00:00Z');
  const answer = judgeChain({
    leaf,
    intermediates: ders(one.untrusted_intermediates),
    anchors: ders(one.trusted_certs),
    now,
    usage: one.validation_kind === 'CLIENT' ? 'clientAuth' : 'serverAuth',
    strict,
    ...(one.expected_peer_name === null ? {} : { serverName: one.expected_peer_name.value }),
    ...(one.max_chain_depth === null ? {} : { depthMax: one.max_chain_depth }),
  });
  assert.equal(answer.reason === null, answer.verdict === 'trusted', one.id);
  return answer.verdict === 'trusted';
}

test('the cases are there', () => {
  assert.equal(testcases.length, 98);
});

test('the strict verdict is that of the label, but for those named here', () => {
  const differing = testcases
    .filter((one) => verdict(one, true) !== (one.expected_result === 'SUCCESS'))
    .map((one) => one.id);
  assert.deepEqual(differing.sort(), Object.keys(otherwise).sort());
});

test('without strictness nothing is refused that upstream accepts, and only forms without harm are let pass', () => {
  const refused = testcases.filter((one) => one.expected_result === 'SUCCESS' && !verdict(one, false));
  assert.deepEqual(
    refused.map((one) => one.id),
    [],
  );
  const passed = testcases.filter((one) => one.expected_result === 'FAILURE' && verdict(one, false));
  // Wildcards over public suffixes are among them: no list of suffixes is kept here, CAs keep it.
  const harmless =
    /^rfc5280::(aki|ski|serial|pc|ca-empty-subject|root-|ee-critical-aia)|^webpki::(aki|cn|san::public-suffix|eku::ee-critical|v1-cert|ee-basicconstraints)/;
  assert.deepEqual(
    passed.map((one) => one.id).filter((id) => !harmless.test(id)),
    [],
  );
});
