/** Path validation against C2SP/x509-limbo: every verdict is upstream's, or stands here with the reason why not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { judgeChain, type ChainQuestion } from '../../daemon/x509/chain.ts';
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
  readonly crls: readonly string[];
}

/** Where our verdict is another one than upstream's label, and why. */
const otherwise: Readonly<Record<string, string>> = {
  'cve::cve-2024-0567':
    'its cross-signed root has no authority key identifier, which rfc5280::aki::cross-signed-root-missing-aki wants refused',
};

/** Whose rules a case is about: the Baseline Requirements for webpki and what is served to everybody, RFC 5280 for all others. */
function profileOf({ id }: LimboCase): 'public' | 'private' {
  return /^(?:webpki|online)::/.test(id) ? 'public' : 'private';
}

const path = join(import.meta.dirname, '../corpus/limbo/testcases.json');
const { testcases } = JSON.parse(readFileSync(path, 'utf8')) as { readonly testcases: readonly LimboCase[] };

function verdict(one: LimboCase, profile: 'public' | 'private', more: Partial<ChainQuestion> = {}): boolean {
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
    profile,
    crls: one.crls.flatMap((pem) => pemToDer(pem, 'X509 CRL')),
    ...more,
    ...(one.expected_peer_name === null ? {} : { serverName: one.expected_peer_name.value }),
    ...(one.max_chain_depth === null ? {} : { depthMax: one.max_chain_depth }),
  });
  assert.equal(answer.reason === null, answer.verdict === 'trusted', one.id);
  return answer.verdict === 'trusted';
}

test('the cases are there', () => {
  assert.equal(testcases.length, 98);
});

test('the verdict is that of the label, but for those named here', () => {
  const differing = testcases
    .filter((one) => verdict(one, profileOf(one)) !== (one.expected_result === 'SUCCESS'))
    .map((one) => one.id);
  assert.deepEqual(differing.sort(), Object.keys(otherwise).sort());
});

test('what is refused by RFC 5280 is refused by the Baseline Requirements too', () => {
  const passed = testcases.filter((one) => !verdict(one, 'private') && verdict(one, 'public'));
  assert.deepEqual(
    passed.map((one) => one.id),
    [],
  );
});

test('the only failures that RFC 5280 alone lets pass are those of the Baseline Requirements', () => {
  const passed = testcases.filter((one) => one.expected_result === 'FAILURE' && verdict(one, 'private'));
  // Wildcards over public suffixes are among them: no list of suffixes is kept here, CAs keep it.
  assert.deepEqual(
    passed.map((one) => one.id).filter((id) => !id.startsWith('webpki::')),
    [],
  );
});

test('anchors as declared let pass what their own form has against it, and nothing else', () => {
  const passed = testcases.filter(
    (one) =>
      one.expected_result === 'FAILURE' &&
      !verdict(one, profileOf(one)) &&
      verdict(one, profileOf(one), { anchorsAsDeclared: true }),
  );
  assert.deepEqual(
    passed.map((one) => one.id).filter((id) => !/root|::aki::|::ski::|ca-empty-subject/.test(id)),
    [],
  );
});
