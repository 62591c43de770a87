/** What stands at a path is replaced only if it is a certificate, a chain or a key: the script of endpoints, run as it is, without SSH. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openWorkshop } from '../fixtures/openssl.ts';

const script = readFileSync(join(import.meta.dirname, '../../daemon/targets/renewd-endpoint.sh'), 'utf8');

describe('what a link may take the place of', () => {
  const root = mkdtempSync(join(tmpdir(), 'renewd-replaced-'));
  const workshop = openWorkshop();
  after(() => {
    workshop.close();
    rmSync(root, { recursive: true, force: true });
  });
  const ca = workshop.ca('Replaced CA');
  const leaf = workshop.leaf(ca, 'old.example.com');
  const run = (input: string, ...words: string[]): Buffer =>
    execFileSync('/bin/sh', ['-c', script, 'renewd-direct', ...words], { input, stdio: 'pipe' });
  const der = (kind: 'x509' | 'pkey', pem: string): Buffer =>
    execFileSync('openssl', [kind, '-outform', 'DER'], { input: pem, stdio: 'pipe' });
  const text = (pem: string): string =>
    execFileSync('openssl', ['x509', '-text'], { input: pem, encoding: 'utf8' });
  let places = 0;

  const store = join(root, 'stores/web/shop');
  const request =
    '[req]\nprompt = no\ndistinguished_name = dn\nreq_extensions = ext\n[dn]\nCN = shop.example.com\n[ext]\nsubjectAltName = @names\n[names]\nDNS.1 = shop.example.com\n';
  const csr = Buffer.from(
    run(request, 'generate-key', store, 'g1', 'ecdsa-p256').toString('latin1'),
    'base64',
  );
  const signed = workshop.signCsr(ca, csr, ['subjectAltName=DNS:shop.example.com']);
  const chain = execFileSync('openssl', ['x509', '-inform', 'DER'], { input: signed, encoding: 'utf8' });
  run(chain, 'stage', store, 'g1', 'fullchain.pem', 'fullchain', '0644', '');

  /** Activates a generation whose link is `path`. */
  const take = (path: string): void => {
    run('', 'activate', store, 'g1', path, 'fullchain.pem');
  };

  const encrypted = execFileSync('openssl', ['pkey', '-aes256', '-passout', 'pass:secret'], {
    input: leaf.key,
    encoding: 'utf8',
  });
  const good: Readonly<Record<string, string | Buffer>> = {
    'a certificate': leaf.pem,
    'a chain': leaf.pem + ca.pem,
    'a key': leaf.key,
    'an encrypted key': encrypted,
    'a certificate with its key': leaf.pem + leaf.key,
    'a certificate with Windows line ends': leaf.pem.replaceAll('\n', '\r\n'),
    'a certificate with its text': text(leaf.pem),
    'a certificate in DER': der('x509', leaf.pem),
    'a key in DER': der('pkey', leaf.key),
    'a certificate below a comment': `# of 2019\n${leaf.pem}`,
  };
  const bad: Readonly<Record<string, string | Buffer>> = {
    'a configuration': 'Port 22\nPermitRootLogin no\n',
    'a configuration that quotes a certificate': `client\ndev tun\n${leaf.pem}`,
    'a configuration after a certificate': `${leaf.pem}PermitRootLogin yes\n`,
    'words of a certificate without one':
      '-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n',
    'a certificate without its end': leaf.pem.replace(/-----END[^]*/, ''),
    'a trust store': ca.pem.repeat(11),
    'a list of keys for SSH':
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIESrDeDWm3/9aulolOJnNUPQJggBRx256M2hls0sJURc a@b\n',
    'a program': '#!/bin/sh\nid\n',
    'an empty file': '',
    'random bytes': Buffer.from(Array.from({ length: 999 }, (_, index) => (index * 7919) % 256)),
    'a file of more than a MiB': leaf.pem + ' '.repeat(1_048_576),
  };

  for (const [what, content] of Object.entries(good)) {
    test(`${what} is replaced`, () => {
      const path = join(root, `etc-${String(places++)}`, 'file');
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, content);
      take(path);
      assert.ok(lstatSync(path).isSymbolicLink());
    });
  }

  for (const [what, content] of Object.entries(bad)) {
    test(`${what} stays, byte for byte`, () => {
      const directory = join(root, `etc-${String(places++)}`);
      const path = join(directory, 'file');
      mkdirSync(directory, { recursive: true });
      writeFileSync(path, content);
      for (const name of ['file', 'link']) {
        if (name === 'link') symlinkSync(path, join(directory, name));
        assert.throws(
          () => {
            take(join(directory, name));
          },
          (error: Error & { status?: number }) =>
            error.status === 73 && error.message.includes('neither a certificate, a chain nor a key'),
          name,
        );
      }
      assert.deepEqual(readFileSync(path), Buffer.from(content));
    });
  }

  test('a link to nowhere goes only if renewd made it', () => {
    symlinkSync('/var/lib/renewd/web/gone/current/fullchain.pem', join(root, 'ours'));
    take(join(root, 'ours'));
    symlinkSync('/proc/self/nothing', join(root, 'theirs'));
    assert.throws(() => {
      take(join(root, 'theirs'));
    }, /not replaced/);
  });
});
