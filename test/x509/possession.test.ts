/** Signatures as openssl makes them on an endpoint, verified by the certificate's key; and everything near them that is none. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pemToDer } from '../../daemon/x509/pem.ts';
import { signedByKeyOf } from '../../daemon/x509/possession.ts';

const directory = mkdtempSync(join(tmpdir(), 'renewd-possession-'));
after(() => {
  rmSync(directory, { recursive: true, force: true });
});
const openssl = (...words: string[]): void => {
  execFileSync('openssl', words, { cwd: directory, stdio: 'pipe' });
};
const read = (name: string): Uint8Array => readFileSync(join(directory, name));

const kinds: readonly (readonly [string, readonly string[]])[] = [
  ['RSA 2048', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
  ['ECDSA P-256', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
  ['ECDSA P-384', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']],
  ['ECDSA P-521', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521']],
  ['Ed25519', ['-algorithm', 'ED25519']],
];
const statement = Buffer.from('a sentence with a challenge');

for (const [kind, words] of kinds) {
  test(`${kind}: what the key signed is verified, and nothing else is`, () => {
    openssl('genpkey', ...words, '-out', 'key');
    openssl('req', '-x509', '-new', '-key', 'key', '-subj', '/CN=a', '-days', '2', '-out', 'pem');
    openssl('genpkey', ...words, '-out', 'other');
    writeFileSync(join(directory, 'statement'), statement);
    const sign = (key: string): Uint8Array => {
      if (kind === 'Ed25519')
        openssl('pkeyutl', '-sign', '-rawin', '-inkey', key, '-in', 'statement', '-out', 'signature');
      else openssl('dgst', '-sha256', '-sign', key, '-out', 'signature', 'statement');
      return read('signature');
    };
    const [der = new Uint8Array()] = pemToDer(readFileSync(join(directory, 'pem'), 'utf8'));
    const signature = sign('key');
    assert.equal(signedByKeyOf(der, statement, signature), true);
    assert.equal(signedByKeyOf(der, Buffer.from('another sentence'), signature), false);
    assert.equal(signedByKeyOf(der, statement, sign('other')), false);
    for (const bytes of [
      new Uint8Array(),
      signature.subarray(1),
      new Uint8Array(signature.length),
      Buffer.alloc(70_000, 48),
    ]) {
      assert.equal(signedByKeyOf(der, statement, bytes), false);
    }
    assert.equal(signedByKeyOf(new Uint8Array([48, 0]), statement, signature), false);
  });
}
