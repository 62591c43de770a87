import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openCustody } from '../../daemon/custody/custody.ts';
import { ca } from '../../daemon/issuers/ca.ts';
import type { Issuer, Publisher } from '../../daemon/ports/issuer.ts';
import type { Tools } from '../../daemon/ports/plugin.ts';
import { certificateFacts } from '../../daemon/x509/facts.ts';
import { derToPem } from '../../daemon/x509/pem.ts';
import { issueAll, issuerContract, request } from '../contract/issuer.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const workshop = openWorkshop();
const root = mkdtempSync(join(tmpdir(), 'renewd-ca-'));
after(() => {
  workshop.close();
  rmSync(root, { recursive: true });
});
const day = 86_400_000;
const signal = AbortSignal.timeout(60_000);

async function tools(home: string, now: () => number = Date.now): Promise<Tools> {
  const custody = await openCustody({ directory: join(home, 'custody'), identity: null, log: silent });
  return {
    now,
    secret: () => Promise.reject(new Error('no secrets')),
    directory: async (name) => {
      const path = join(home, 'issuers', name);
      await mkdir(path, { recursive: true });
      return path;
    },
    custody,
    log: silent,
  };
}

const config = {
  type: 'ca',
  organization: 'Example, Trading',
  permittedDnsNames: ['example.com'],
  permittedIpRanges: ['10.0.0.0/8'],
  lifetime: '47d',
};
let homes = 0;
const newHome = (): string => join(root, `home-${String(homes++)}`);
const open = async (
  home: string,
  now?: () => number,
  changes: Record<string, unknown> = {},
): Promise<Issuer & Publisher> => ca.create('internal', { ...config, ...changes }, await tools(home, now));

describe('the contract', async () => {
  const home = newHome();
  const issuer = await open(home);
  const restarted = await open(home);
  issuerContract({
    issuer: () => issuer,
    restarted: () => restarted,
    workshop,
    name: 'shop.example.com',
    solver: () => null,
  });
});

test('stock openssl verifies what it issues, strictly, and its CRL', async () => {
  const issuer = await open(newHome(), undefined, { crlUrl: 'http://ca.example.com/crl.pem' });
  for (const algorithm of [
    undefined,
    ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
    ['-algorithm', 'ED25519'],
  ]) {
    const csr = workshop.csr('shop.example.com', algorithm === undefined ? {} : { algorithm });
    const asked = {
      ...request(workshop, 'shop.example.com', `openssl ${String(algorithm)}`, { ipAddresses: ['10.1.2.3'] }),
      csr: csr.der,
    };
    const { chain } = await issueAll(issuer, asked, null);
    const published = await issuer.publications(signal);
    const paths = ['root', 'intermediate', 'crl'].map((name) => {
      const path = join(root, `${name}.pem`);
      writeFileSync(path, published.get(`issuers/internal/${name}.pem`) ?? '');
      return path;
    });
    const leaf = join(root, 'leaf.pem');
    writeFileSync(leaf, derToPem(chain[0] ?? new Uint8Array()));
    workshop.run([
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-verify_hostname',
      'shop.example.com',
      '-crl_check',
      '-CRLfile',
      paths[2] ?? '',
      '-CAfile',
      paths[0] ?? '',
      '-untrusted',
      paths[1] ?? '',
      leaf,
    ]);
    workshop.run(['crl', '-in', paths[2] ?? '', '-CAfile', paths[1] ?? '', '-noout']);
    const text = workshop.run(['x509', '-in', paths[1] ?? '', '-noout', '-text']).toString();
    assert.match(text, /Name Constraints: critical/);
    assert.match(text, /pathlen:0/);
    assert.match(text, /DNS:example\.com/);
  }
});

test('a serial has 128 random bits and a certificate lives no longer than asked', async () => {
  const issuer = await open(newHome());
  const { chain } = await issueAll(
    issuer,
    request(workshop, 'a.example.com', 'x', { lifetimeMs: 6 * day }),
    null,
  );
  const facts = certificateFacts(chain[0] ?? new Uint8Array());
  assert.equal(facts.serial.length, 34);
  assert.equal(facts.notAfter - facts.notBefore, 6 * day);
});

describe('what it refuses, whatever policy says', () => {
  const table: readonly [string, Parameters<typeof request>[3], RegExp][] = [
    ['a name elsewhere', { dnsNames: ['shop.example.org'] }, /may only issue for example\.com/],
    ['a name that only looks as if', { dnsNames: ['evilexample.com'] }, /may only issue for example\.com/],
    ['a wildcard elsewhere', { dnsNames: ['*.example.org'] }, /may only issue/],
    ['an address outside', { ipAddresses: ['192.168.0.1'] }, /permittedIpRanges/],
    ['a longer life', { lifetimeMs: 48 * day }, /gives at most 47/],
  ];
  for (const [name, subject, expected] of table) {
    test(name, async () => {
      const issuer = await open(newHome());
      const context = {
        signal,
        handle: null,
        solver: null,
        checkpoint: () => Promise.reject(new Error('nothing may exist')),
      };
      await assert.rejects(
        issuer.issue(request(workshop, 'shop.example.com', name, subject), context),
        (error: Error) => {
          assert.match(error.message, expected);
          return 'code' in error && error.code === 'ca-constraint';
        },
      );
    });
  }
});

test('a restart finds the same root; a lost key is said and never replaced by a new CA', async () => {
  const home = newHome();
  const first = await (await open(home)).trustAnchors(signal);
  assert.deepEqual(await (await open(home)).trustAnchors(signal), first);
  rmSync(join(home, 'custody/ca/internal/root.age'));
  await assert.rejects((await open(home)).trustAnchors(signal), { code: 'ca-unavailable' });
});

test('a crash between key and certificate does not make a second key', async () => {
  const home = newHome();
  await (await open(home)).trustAnchors(signal);
  const key = readFileSync(join(home, 'custody/ca/internal/root.age'));
  rmSync(join(home, 'issuers/internal/root.pem'));
  rmSync(join(home, 'issuers/internal/intermediate.pem'));
  await (await open(home)).trustAnchors(signal);
  assert.deepEqual(readFileSync(join(home, 'custody/ca/internal/root.age')), key);
});

test('a half-written line of the log was never issued', async () => {
  const home = newHome();
  const issuer = await open(home);
  await issueAll(issuer, request(workshop, 'a.example.com', 'whole'), null);
  appendFileSync(join(home, 'issuers/internal/issued.jsonl'), '{"request":"half');
  const again = await open(home);
  await issueAll(again, request(workshop, 'b.example.com', 'next'), null);
  const paths = [...(await (await open(home)).publications(signal)).keys()].filter((path) =>
    path.startsWith('issuance/'),
  );
  assert.equal(paths.length, 2);
});

test('what it publishes stays the same bytes until something happens; the CRL is signed anew in time', async () => {
  let at = Date.now();
  const issuer = await open(newHome(), () => at);
  const before = await issuer.publications(signal);
  at += 14 * day;
  assert.deepEqual(await issuer.publications(signal), before);
  at += 2 * day;
  const later = await issuer.publications(signal);
  assert.notEqual(later.get('issuers/internal/crl.pem'), before.get('issuers/internal/crl.pem'));
  assert.equal(later.get('issuers/internal/root.pem'), before.get('issuers/internal/root.pem'));
});
