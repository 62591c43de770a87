/** Facts against openssl as the independent reader, and hostile bytes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { certificateFacts } from '../../daemon/x509/facts.ts';
import { MalformedInput } from '../../daemon/x509/malformed.ts';
import { derToPem, pemToDer } from '../../daemon/x509/pem.ts';

const directory = mkdtempSync(join(tmpdir(), 'renewd-facts-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function selfSigned(key: readonly string[], ...more: string[]): Uint8Array {
  const pem = execFileSync(
    'openssl',
    ['req', '-x509', '-nodes', '-keyout', join(directory, 'key.pem'), '-days', '30', ...key, ...more],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const [der] = pemToDer(pem);
  assert.ok(der);
  return der;
}

const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

test('names, serial, usages and key are what openssl put there', () => {
  const der = selfSigned(
    ec,
    '-subj', '/C=DE/O=Example, Inc./CN=Shop.Example.com',
    '-set_serial', '0x00c0ffee01',
    '-addext', 'subjectAltName=DNS:Shop.Example.com,DNS:*.example.com,IP:192.0.2.7,IP:2001:DB8:0:0::1',
    '-addext', 'extendedKeyUsage=serverAuth,clientAuth,1.2.3.4',
    '-addext', 'basicConstraints=critical,CA:FALSE',
  ); // prettier-ignore
  const facts = certificateFacts(der);
  assert.equal(facts.serial, 'c0ffee01');
  assert.equal(facts.subject, 'CN=Shop.Example.com, O=Example\\, Inc., C=DE');
  assert.deepEqual(facts.dnsNames, ['shop.example.com', '*.example.com']);
  assert.deepEqual(facts.ipAddresses, ['192.0.2.7', '2001:db8::1']);
  assert.deepEqual(facts.usages, ['serverAuth', 'clientAuth', '1.2.3.4']);
  assert.equal(facts.keyAlgorithm, 'ecdsa-p256');
  assert.equal(facts.keyBits, 256);
  assert.equal(facts.isCa, false);
  assert.equal(facts.selfSigned, true);
  assert.equal(facts.signatureAlgorithm, 'ecdsa-with-SHA256');
  const fingerprint = execFileSync('openssl', ['x509', '-noout', '-fingerprint', '-sha256'], {
    input: derToPem(der),
    encoding: 'utf8',
  });
  assert.equal(facts.fingerprint, fingerprint.split('=')[1]?.trim().replaceAll(':', '').toLowerCase());
  assert.equal(facts.notAfter - facts.notBefore, 30 * 24 * 3600 * 1000);
});

test('RSA and Ed25519 keys are named as declarations name them', () => {
  assert.equal(
    certificateFacts(selfSigned(['-newkey', 'rsa:2048'], '-subj', '/CN=a')).keyAlgorithm,
    'rsa-2048',
  );
  assert.equal(
    certificateFacts(selfSigned(['-newkey', 'ed25519'], '-subj', '/CN=a')).keyAlgorithm,
    'ed25519',
  );
});

test('an empty subject is an empty text', () => {
  assert.equal(certificateFacts(selfSigned(ec, '-subj', '/')).subject, '');
});

test('every prefix and every extension of a certificate is refused by its own error', () => {
  const der = selfSigned(ec, '-subj', '/CN=a', '-addext', 'subjectAltName=DNS:a.example');
  for (let length = 0; length < der.length; length++) {
    assert.throws(() => certificateFacts(der.subarray(0, length)), MalformedInput);
  }
  assert.throws(() => certificateFacts(new Uint8Array([...der, 0])), MalformedInput);
});

test('any single damaged byte gives facts or MalformedInput, never another error', () => {
  const der = selfSigned(ec, '-subj', '/CN=a', '-addext', 'subjectAltName=DNS:a.example,IP:192.0.2.1');
  for (let index = 0; index < der.length; index++) {
    for (const value of [0x00, 0x7f, 0x80, 0xff]) {
      const damaged = Uint8Array.from(der);
      damaged[index] = value;
      try {
        certificateFacts(damaged);
      } catch (error) {
        assert.ok(error instanceof MalformedInput, `byte ${index} = ${value}: ${String(error)}`);
      }
    }
  }
});

test('a certificate larger than the bound is refused before it is parsed', () => {
  assert.throws(() => certificateFacts(new Uint8Array(1024 * 1024)), /too large/);
});

const store = '/etc/ssl/certs/ca-certificates.crt';
test(
  'every root of the system store has facts and says truly that it is self-signed',
  { skip: existsSync(store) ? false : 'this system has no certificate store' },
  () => {
    const roots = pemToDer(readFileSync(store, 'utf8')).map((der) => certificateFacts(der));
    assert.ok(roots.length > 50);
    assert.deepEqual(
      roots.filter((facts) => !facts.selfSigned).map((facts) => facts.subject),
      [],
    );
  },
);
