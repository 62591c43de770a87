/** The identifier of RFC 9773: the RFC's own example, and keys and serial numbers that invite mistakes; the certificates are made by openssl. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { certificateId } from '../../daemon/acme/replaces.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const workshop = openWorkshop();
after(() => {
  workshop.close();
});

/** A leaf with this serial number under an issuer with this key identifier. */
function leaf(keyIdentifier: string, serial: string, extensions: string): Uint8Array {
  const ca = workshop.ca('Issuer', {
    extensions: ['basicConstraints=critical,CA:TRUE', `subjectKeyIdentifier=${keyIdentifier}`],
  });
  const file = (name: string, text: string | Uint8Array): string => {
    const path = join(workshop.directory, name);
    writeFileSync(path, text);
    return path;
  };
  const out = join(workshop.directory, 'leaf.der');
  workshop.run([
    ...['x509', '-req', '-inform', 'DER', '-in', file('leaf.csr', workshop.csr('x.example.com').der)],
    ...['-CA', file('ca.pem', ca.pem), '-CAkey', file('ca.key', ca.key), '-set_serial', serial],
    ...['-extfile', file('leaf.ext', extensions), '-outform', 'DER', '-out', out],
  ]);
  return readFileSync(out);
}

const rfcKey = '69:88:5B:6B:87:46:40:41:E1:B3:7B:84:7B:A0:AE:2C:DE:01:C8:D4';
const byKey = 'authorityKeyIdentifier=keyid:always';

test('the example of RFC 9773 section 4.1: a serial number whose first bit is set keeps its zero byte', () => {
  assert.equal(certificateId(leaf(rfcKey, '0x87654321', byKey)), 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
});

test('a serial number with an odd number of digits, and the smallest one', () => {
  assert.equal(certificateId(leaf(rfcKey, '0x123', byKey)), 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.ASM');
  assert.equal(certificateId(leaf(rfcKey, '1', byKey)), 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AQ');
});

test('base64url without padding, whatever the bytes', () => {
  assert.equal(certificateId(leaf('FB:FF:FE:3F', '0x3ffffe', byKey)), '-__-Pw.P__-');
});

test('without a key identifier of its issuer there is none', () => {
  assert.equal(certificateId(leaf(rfcKey, '0x123', 'authorityKeyIdentifier=none')), null);
  assert.equal(certificateId(new Uint8Array([0x30, 0x03, 1, 2, 3])), null);
});
