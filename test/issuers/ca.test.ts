import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openCustody } from '../../daemon/custody/custody.ts';
import { ca } from '../../daemon/issuers/ca.ts';
import type { Issuer, Publisher } from '../../daemon/ports/issuer.ts';
import { certificateFacts } from '../../daemon/x509/facts.ts';
import { derToPem, pemToDer } from '../../daemon/x509/pem.ts';
import { judgeChain } from '../../daemon/x509/chain.ts';
import { issueAll, issuerContract, request } from '../contract/issuer.ts';
import { openWorkshop } from '../fixtures/openssl.ts';
import { config, open, silent, tools } from './embedded-ca.ts';

const workshop = openWorkshop();
const root = mkdtempSync(join(tmpdir(), 'renewd-ca-'));
after(() => {
  workshop.close();
  rmSync(root, { recursive: true });
});
const day = 86_400_000;
const signal = new AbortController().signal;

let homes = 0;
const newHome = (): string => join(root, `home-${String(homes++)}`);
const rootsOf = async (issuer: Issuer): Promise<readonly string[]> =>
  (await issuer.trustAnchors(signal)) ?? [];

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

test('a longer life than it gives is cut to what it gives: a renewal in time is better than none', async () => {
  const issuer = await open(newHome());
  const { chain } = await issueAll(
    issuer,
    request(workshop, 'a.example.com', 'long', { lifetimeMs: 400 * day }),
    null,
  );
  const facts = certificateFacts(chain[0] ?? new Uint8Array());
  assert.equal(facts.notAfter - facts.notBefore, 47 * day);
});

describe('what it refuses, whatever policy says', () => {
  const table: readonly [string, Parameters<typeof request>[3], RegExp][] = [
    ['a name elsewhere', { dnsNames: ['shop.example.org'] }, /may only issue for example\.com/],
    ['a name that only looks as if', { dnsNames: ['evilexample.com'] }, /may only issue for example\.com/],
    ['a wildcard elsewhere', { dnsNames: ['*.example.org'] }, /may only issue/],
    ['an address outside', { ipAddresses: ['192.168.0.1'] }, /permittedIpRanges/],
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

test('a line of the log that cannot be read stops issuance with its number, and is not passed over', async () => {
  const home = newHome();
  await issueAll(await open(home), request(workshop, 'a.example.com', 'first'), null);
  const path = join(home, 'issuers/internal/issued.jsonl');
  const whole = readFileSync(path, 'utf8');
  for (const damaged of [
    '{"request":"half{"request":"next"}\n',
    'null\n',
    '{"request":"x","csr":"y","record":{}}\n',
  ]) {
    writeFileSync(path, whole + damaged);
    await assert.rejects((await open(home)).check(signal), (error: Error) => {
      assert.match(error.message, /line 2 of the issuance log/);
      return 'code' in error && error.code === 'ca-unavailable';
    });
  }
});

test('a line of bytes that are no UTF-8 is refused, and a torn line behind it is not cut at a wrong place', async () => {
  const home = newHome();
  await issueAll(await open(home), request(workshop, 'a.example.com', 'first'), null);
  const path = join(home, 'issuers/internal/issued.jsonl');
  const whole = readFileSync(path);
  const damaged = Buffer.concat([whole, Buffer.from('{"torn')]);
  damaged[whole.indexOf('web/shop')] = 0xff;
  writeFileSync(path, damaged);
  await assert.rejects((await open(home)).check(signal), /line 1 of the issuance log .* cannot be read/);
  assert.deepEqual(readFileSync(path), damaged);
  writeFileSync(path, Buffer.concat([whole, Buffer.from('{"torn \xff', 'latin1')]));
  await (await open(home)).check(signal);
  assert.deepEqual(readFileSync(path), whole);
});

test('a certificate that cannot be logged does not leave, and the log stays readable', async () => {
  const home = newHome();
  const issuer = await open(home);
  await issueAll(issuer, request(workshop, 'a.example.com', 'first'), null);
  const path = join(home, 'issuers/internal/issued.jsonl');
  const before = readFileSync(path);
  // A directory in its place: the append fails, as on a full or broken disk.
  rmSync(path);
  mkdirSync(path);
  await assert.rejects(issueAll(issuer, request(workshop, 'b.example.com', 'second'), null), {
    code: 'ca-unavailable',
    disposition: 'retry',
  });
  rmSync(path, { recursive: true });
  writeFileSync(path, before);
  await issueAll(issuer, request(workshop, 'b.example.com', 'second'), null);
  assert.equal(readFileSync(path, 'utf8').split('\n').length, 3);
});

test('two values over one directory see the same log', async () => {
  const home = newHome();
  const one = await open(home);
  const other = await open(home);
  await one.check(signal);
  await other.check(signal);
  const asked = request(workshop, 'a.example.com', 'same');
  const first = await issueAll(one, asked, null);
  const again = await issueAll(other, asked, null);
  assert.deepEqual(again.chain, first.chain);
  assert.equal(again.handles.length, 0, 'nothing new was begun');
  assert.deepEqual(
    [...(await other.publications(signal)).keys()].sort(),
    [...(await one.publications(signal)).keys()].sort(),
  );
});

test('many requests at once: each in the log once, each with its own serial', async () => {
  const home = newHome();
  const issuer = await open(home);
  const chains = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      issueAll(issuer, request(workshop, `n${String(index)}.example.com`, String(index)), null),
    ),
  );
  const serials = new Set(chains.map(({ chain }) => certificateFacts(chain[0] ?? new Uint8Array()).serial));
  assert.equal(serials.size, 8);
  const published = [...(await (await open(home)).publications(signal)).keys()];
  assert.equal(published.filter((each) => each.startsWith('issuance/')).length, 8);
});

test('the serial of a handle is never signed: nobody knows whether it already was', async () => {
  const issuer = await open(newHome());
  for (const serial of [`01${'ab'.repeat(16)}`, '00', 'ff'.repeat(30), '01zz', '']) {
    const asked = request(workshop, 'a.example.com', serial);
    const { chain, handles } = await issueAll(issuer, asked, null, { serial });
    const signed = certificateFacts(chain[0] ?? new Uint8Array()).serial;
    assert.match(signed, /^01[0-9a-f]{32}$/);
    assert.notEqual(signed, serial);
    assert.deepEqual(handles, [{ serial: signed }]);
  }
});

test('the same id with other names, or after the end of the certificate, is a new certificate', async () => {
  let at = Date.now();
  const issuer = await open(newHome(), () => at);
  const asked = request(workshop, 'a.example.com', 'id');
  const first = await issueAll(issuer, asked, null);
  const renamed = { ...asked, subject: { ...asked.subject, dnsNames: ['b.example.com'] } };
  const second = await issueAll(issuer, renamed, null);
  assert.deepEqual(certificateFacts(second.chain[0] ?? new Uint8Array()).dnsNames, ['b.example.com']);
  at += 48 * day;
  const third = await issueAll(issuer, asked, null);
  assert.notDeepEqual(third.chain[0], first.chain[0]);
  assert.ok(certificateFacts(third.chain[0] ?? new Uint8Array()).notAfter > at);
});

describe('a CSR it does not sign, although the shell should have refused it before', () => {
  const table: readonly [string, () => Uint8Array, RegExp][] = [
    ['rubbish', () => Buffer.from('hello'), /cannot be read/],
    [
      'signed by another key',
      () => {
        const der = Uint8Array.from(workshop.csr('a.example.com').der);
        der[der.length - 3] = (der.at(-3) ?? 0) ^ 1;
        return der;
      },
      /does not prove possession/,
    ],
    [
      'a key of 1024 bits',
      () =>
        workshop.csr('a.example.com', {
          algorithm: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
        }).der,
      /weak key \(rsa-1024\)/,
    ],
  ];
  for (const [name, csr, expected] of table) {
    test(name, async () => {
      const issuer = await open(newHome());
      const asked = { ...request(workshop, 'a.example.com', name), csr: csr() };
      await assert.rejects(issueAll(issuer, asked, null), (error: Error) => {
        assert.match(error.message, expected);
        return 'code' in error && error.code === 'csr-rejected';
      });
    });
  }
});

test('a request that is called off signs nothing', async () => {
  const home = newHome();
  const issuer = await open(home);
  const context = {
    signal: AbortSignal.abort(),
    handle: null,
    solver: null,
    checkpoint: () => Promise.resolve(),
  };
  await assert.rejects(issuer.issue(request(workshop, 'a.example.com', 'x'), context), {
    code: 'ca-unavailable',
  });
  assert.match(await issuer.check(signal), /; 0 certificates issued/);
});

test('a checkpoint that cannot be kept signs nothing', async () => {
  const issuer = await open(newHome());
  const context = {
    signal,
    handle: null,
    solver: null,
    checkpoint: () => Promise.reject(new Error('journal')),
  };
  await assert.rejects(issuer.issue(request(workshop, 'a.example.com', 'x'), context), /journal/);
  assert.match(await issuer.check(signal), /; 0 certificates issued/);
});

describe('a root is made once', () => {
  test('a root that is damaged is not replaced', async () => {
    const home = newHome();
    await (await open(home)).trustAnchors(signal);
    const path = join(home, 'issuers/internal/root.pem');
    const [, ...rest] = readFileSync(path, 'utf8').split('\n');
    for (const text of ['', 'rubbish', rest.join('\n'), derToPem(Buffer.from('hello'))]) {
      writeFileSync(path, text);
      await assert.rejects((await open(home)).trustAnchors(signal), (error: Error) => {
        assert.match(error.message, /root\.pem is not the certificate of a CA any more/);
        return 'code' in error && error.code === 'ca-unavailable';
      });
      assert.equal(readFileSync(path, 'utf8'), text);
    }
  });

  test('a root that cannot be read just now is not replaced', async () => {
    const home = newHome();
    await (await open(home)).trustAnchors(signal);
    const path = join(home, 'issuers/internal/root.pem');
    rmSync(path);
    mkdirSync(path);
    await assert.rejects((await open(home)).trustAnchors(signal), {
      code: 'ca-unavailable',
      disposition: 'retry',
    });
  });

  test('a key that belongs to another certificate is said', async () => {
    const home = newHome();
    const other = newHome();
    await (await open(home)).trustAnchors(signal);
    await (await open(other)).trustAnchors(signal);
    cpSync(join(other, 'issuers/internal/root.pem'), join(home, 'issuers/internal/root.pem'));
    await assert.rejects((await open(home)).trustAnchors(signal), /does not belong to/);
  });

  test('whichever write fails first, the next start ends with one root, and every root ever shown is that one', async () => {
    for (let failing = 1; failing <= 5; failing++) {
      const home = newHome();
      const made = await tools(home);
      let writes = 0;
      const custody = {
        ...made.custody,
        write: async (name: string, pem: string): Promise<void> => {
          await made.custody.write(name, pem);
          if (++writes === failing) throw new Error('killed');
        },
      };
      let directories = 0;
      const directory = async (name: string): Promise<string> => {
        if (++directories + 2 === failing) throw new Error('killed');
        return made.directory(name);
      };
      const shown: string[] = [];
      const interrupted = ca.create('internal', config, { ...made, custody, directory });
      await rootsOf(interrupted).then(
        (roots) => shown.push(...roots),
        (error: unknown) => assert.match(String(error), /killed/),
      );
      shown.push(...(await rootsOf(await open(home))), ...(await rootsOf(await open(home))));
      assert.equal(new Set(shown).size, 1, `after failure ${String(failing)}`);
    }
  });
});

describe('the intermediate is certified anew, with its key and name', () => {
  const spkiOf = (pem = ''): string =>
    new X509Certificate(pem).publicKey.export({ format: 'pem', type: 'spki' }).toString();

  test('when the declaration permits other names; what was issued before still verifies', async () => {
    const home = newHome();
    const before = await open(home);
    const old = await issueAll(before, request(workshop, 'a.example.com', 'old'), null);
    const wider = await open(home, undefined, { permittedDnsNames: ['example.com', 'example.org'] });
    const asked = request(workshop, 'a.example.org', 'new');
    const fresh = await issueAll(wider, asked, null);
    const [root = ''] = await rootsOf(wider);
    assert.deepEqual(await rootsOf(before), [root]);
    const anchors = pemToDer(root);
    for (const [{ chain }, name] of [
      [old, 'a.example.com'],
      [fresh, 'a.example.org'],
    ] as const) {
      const [leaf = new Uint8Array(), ...intermediates] = chain;
      assert.equal(
        judgeChain({ leaf, intermediates, anchors, serverName: name, now: Date.now(), profile: 'private' })
          .reason,
        null,
      );
    }
    const [was, is] = [old, fresh].map(({ chain }) => derToPem(chain[1] ?? new Uint8Array()));
    assert.notEqual(was, is);
    assert.equal(spkiOf(was), spkiOf(is));
    // The CRL is signed by the one key: both certificates of it verify it.
    const crl = (await wider.publications(signal)).get('issuers/internal/crl.pem') ?? '';
    for (const pem of [was ?? '', is ?? '']) {
      const path = join(home, 'ca.pem');
      writeFileSync(path, pem);
      workshop.run(['crl', '-CAfile', path, '-noout'], crl);
    }
    const narrower = await open(home);
    await assert.rejects(issueAll(narrower, request(workshop, 'b.example.org', 'x'), null), {
      code: 'ca-constraint',
    });
  });

  test('when it could soon not sign for a whole lifetime, while it runs; and no sooner', async () => {
    let at = Date.now();
    const issuer = await open(newHome(), () => at, { intermediateLifetime: '200d' });
    const intermediate = async (): Promise<string> =>
      (await issuer.publications(signal)).get('issuers/internal/intermediate.pem') ?? '';
    const first = await intermediate();
    at += 152 * day;
    assert.equal(await intermediate(), first, '48 days are left, a lifetime is 47');
    at += 2 * day;
    const second = await intermediate();
    assert.notEqual(second, first);
    assert.equal(spkiOf(second), spkiOf(first));
    const { chain } = await issueAll(issuer, request(workshop, 'a.example.com', 'x'), null);
    const { notAfter } = certificateFacts(chain[0] ?? new Uint8Array());
    assert.ok(notAfter - at > 46 * day, 'a whole lifetime');
  });

  test('but never beyond its root: then leaves end with it, and at its end it says what to do', async () => {
    let at = Date.now();
    const issuer = await open(newHome(), () => at, { rootLifetime: '100d', intermediateLifetime: '100d' });
    const [root = ''] = await rootsOf(issuer);
    const end = certificateFacts(pemToDer(root)[0] ?? new Uint8Array()).notAfter;
    at += 90 * day;
    const { chain } = await issueAll(issuer, request(workshop, 'a.example.com', 'x'), null);
    assert.equal(certificateFacts(chain[0] ?? new Uint8Array()).notAfter, end);
    at += 11 * day;
    await assert.rejects(
      issueAll(issuer, request(workshop, 'b.example.com', 'y'), null),
      /expired.*Declare a new issuer/,
    );
  });

  test('an intermediate that lives shorter than its leaves is not made at every use', async () => {
    const home = newHome();
    const short = { intermediateLifetime: '30d' };
    const first = (await (await open(home, undefined, short)).publications(signal)).get(
      'issuers/internal/intermediate.pem',
    );
    const again = (await (await open(home, undefined, short)).publications(signal)).get(
      'issuers/internal/intermediate.pem',
    );
    assert.equal(again, first);
  });
});

test('a certificate of ten minutes is not born half dead', async () => {
  const now = Date.now();
  const issuer = await open(newHome(), () => now);
  const { chain } = await issueAll(
    issuer,
    request(workshop, 'a.example.com', 'x', { lifetimeMs: 600_000 }),
    null,
  );
  const facts = certificateFacts(chain[0] ?? new Uint8Array());
  assert.equal(facts.notAfter - facts.notBefore, 600_000);
  assert.ok(facts.notAfter - now >= 539_000);
});

test('a request without names, or with a name that is none, is refused', async () => {
  const issuer = await open(newHome());
  for (const dnsNames of [
    [],
    ['a b.example.com'],
    ['a\u0000.example.com'],
    ['*.*.example.com'],
    ['.example.com'],
    ['A.example.com'],
  ]) {
    await assert.rejects(issueAll(issuer, request(workshop, 'a.example.com', 'x', { dnsNames }), null), {
      code: 'ca-constraint',
    });
  }
});

test('stock openssl refuses a leaf outside the constraints that only a broken CA would sign', async () => {
  const home = newHome();
  const issuer = await open(home);
  const published = await issuer.publications(signal);
  const custody = await openCustody({ directory: join(home, 'custody'), identity: null, log: silent });
  const keyPem = (await custody.read('ca/internal/intermediate')) ?? '';
  const intermediate = published.get('issuers/internal/intermediate.pem') ?? '';
  const made = { key: keyPem, pem: intermediate, der: pemToDer(intermediate)[0] ?? new Uint8Array() };
  const rootPath = join(home, 'root.pem');
  const middlePath = join(home, 'middle.pem');
  writeFileSync(rootPath, published.get('issuers/internal/root.pem') ?? '');
  writeFileSync(middlePath, intermediate);
  const verify = (san: string): void => {
    const leaf = workshop.signCsr(made, workshop.csr('a.example.com').der, [
      `subjectAltName=${san}`,
      'extendedKeyUsage=serverAuth',
    ]);
    const path = join(home, 'leaf.pem');
    writeFileSync(path, derToPem(leaf));
    workshop.run(['verify', '-CAfile', rootPath, '-untrusted', middlePath, path]);
    const question = {
      leaf,
      intermediates: [made.der],
      anchors: pemToDer(readFileSync(rootPath, 'utf8')),
      now: Date.now() + 60_000,
    };
    assert.equal(judgeChain(question).verdict, 'trusted', san);
  };
  verify('DNS:a.example.com,IP:10.9.8.7');
  for (const san of ['DNS:example.org', 'DNS:evilexample.com', 'IP:11.0.0.1', 'IP:2001:db8::1']) {
    assert.throws(
      () => {
        verify(san);
      },
      /permitted subtree violation|excluded subtree violation/,
      san,
    );
  }
});

test('a damaged CRL file is signed anew, and its number grows even when the clock steps back', async () => {
  let at = Date.now();
  const home = newHome();
  const issuer = await open(home, () => at);
  const crl = async (): Promise<string> =>
    (await issuer.publications(signal)).get('issuers/internal/crl.pem') ?? '';
  const numberOf = (pem: string): bigint =>
    BigInt(workshop.run(['crl', '-noout', '-crlnumber'], pem).toString().trim().replace('crlNumber=', ''));
  const first = await crl();
  at -= 60_000;
  assert.equal(await crl(), first, 'a small step back changes nothing');
  at -= 10 * day;
  const second = await crl();
  assert.ok(numberOf(second) > numberOf(first));
  writeFileSync(join(home, 'issuers/internal/crl.json'), '{"signedAt":');
  at += 11 * day;
  assert.ok(numberOf(await crl()) > numberOf(second));
});

test('of a kept CRL nothing is believed but what the CA signed; whatever stands there, a CRL comes out that openssl accepts', async () => {
  let at = Date.now();
  const home = newHome();
  const issuer = await open(home, () => at);
  const { chain } = await issueAll(issuer, request(workshop, 'shop.example.com', 'kept'), null);
  const publish = async (): Promise<string> =>
    (await issuer.publications(signal)).get('issuers/internal/crl.pem') ?? '';
  const path = join(home, 'issuers/internal/crl.json');
  const early = await publish();
  at += 20 * day;
  const first = await publish();
  const kept = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  assert.equal(await publish(), first);
  const stale = { signedAt: 0 };
  for (const changed of [
    { pem: '-----BEGIN X509 CRL-----\nFORGED\n-----END X509 CRL-----\n' },
    { pem: `a note\n${first}` },
    { pem: first + first },
    { pem: early },
    { pem: 'x' },
    { number: Number(kept['number']) + 1 },
    { signedAt: Number(kept['signedAt']) + 5 * day },
    { signedAt: null },
    ...['abc', 1.5e20 + 0.5, 1e300, 9_999_999_999.5, -1, null, 2 ** 53 - 1].map((number) => ({
      ...stale,
      number,
    })),
  ]) {
    writeFileSync(path, JSON.stringify({ ...kept, ...changed }));
    at += 1000;
    const pem = await publish();
    const number = BigInt(
      `0x${workshop.run(['crl', '-noout', '-crlnumber'], pem).toString().split('0x')[1]?.trim() ?? ''}`,
    );
    assert.notEqual(pem, first, JSON.stringify(changed));
    assert.equal(number, BigInt(Math.floor(at / 1000)), JSON.stringify(changed));
    assert.equal(await publish(), pem);
  }
  for (const text of ['null', '[]', '1', '{}', '']) {
    writeFileSync(path, text);
    assert.match(await publish(), /BEGIN X509 CRL/);
  }
  at = Date.now();
  await publish();
  await verifiesWithCrl(issuer, chain);
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

/** Does stock openssl accept this chain with the CRL that is published now? */
async function verifiesWithCrl(issuer: Issuer & Publisher, chain: readonly Uint8Array[]): Promise<void> {
  const published = await issuer.publications(signal);
  const file = (name: string, text: string): string => {
    const path = join(root, `crl-check-${name}.pem`);
    writeFileSync(path, text);
    return path;
  };
  workshop.run([
    'verify',
    '-crl_check',
    '-CRLfile',
    file('crl', published.get('issuers/internal/crl.pem') ?? ''),
    '-CAfile',
    file('root', published.get('issuers/internal/root.pem') ?? ''),
    '-untrusted',
    file(
      'untrusted',
      chain
        .slice(1)
        .map((der) => derToPem(der))
        .join(''),
    ),
    file('leaf', derToPem(chain[0] ?? new Uint8Array())),
  ]);
}

test('a changed organization with changed constraints keeps the name of the intermediate: every chain verifies with the CRL, before and after', async () => {
  const home = newHome();
  const first = await open(home);
  const before = await issueAll(first, request(workshop, 'shop.example.com', 'org-1'), null);
  await verifiesWithCrl(first, before.chain);
  const changed = { organization: 'Another Company', permittedDnsNames: ['example.com', 'example.net'] };
  const second = await open(home, undefined, changed);
  const later = await issueAll(second, request(workshop, 'shop.example.net', 'org-2'), null);
  await verifiesWithCrl(second, later.chain);
  await verifiesWithCrl(second, [before.chain[0] ?? new Uint8Array(), ...later.chain.slice(1)]);
  await verifiesWithCrl(second, before.chain);
  const subject = (der: Uint8Array | undefined): string => certificateFacts(der ?? new Uint8Array()).subject;
  assert.equal(subject(later.chain[1]), subject(before.chain[1]));
});

test('a CRL of another authority on disk is signed anew', async () => {
  const home = newHome();
  const other = newHome();
  await (await open(other)).publications(signal);
  const issuer = await open(home);
  await issuer.publications(signal);
  cpSync(join(other, 'issuers/internal/crl.json'), join(home, 'issuers/internal/crl.json'));
  const { chain } = await issueAll(issuer, request(workshop, 'shop.example.com', 'crl'), null);
  await verifiesWithCrl(issuer, chain);
});

describe('an answer of before is used only while it fits', () => {
  const serialOf = (chain: readonly Uint8Array[]): string =>
    certificateFacts(chain[0] ?? new Uint8Array()).serial;
  const cases: readonly [string, Record<string, unknown>, Parameters<typeof request>[3]][] = [
    ['a shorter life is asked for', {}, { lifetimeMs: 6 * day }],
    ['the issuer gives less now', { lifetime: '10d' }, {}],
    ['other usages are asked for', {}, { usages: ['clientAuth'] }],
    ['fewer usages are asked for', {}, { usages: ['serverAuth'] }],
    [
      'the intermediate permits its name no more',
      { permittedDnsNames: ['b.example.com'] },
      { dnsNames: ['x.b.example.com'] },
    ],
  ];
  for (const [name, changes, subject] of cases) {
    test(name, async () => {
      const home = newHome();
      const asked = request(workshop, 'x.b.example.com', 'same', { usages: ['serverAuth', 'clientAuth'] });
      const first = await issueAll(await open(home), asked, null);
      const again = await issueAll(await open(home), asked, null);
      assert.equal(serialOf(again.chain), serialOf(first.chain));
      const other = { ...asked, subject: { ...asked.subject, ...subject } };
      const changed = await open(home, undefined, changes);
      const second = await issueAll(changed, other, null);
      if (name.startsWith('the intermediate')) assert.equal(serialOf(second.chain), serialOf(first.chain));
      else assert.notEqual(serialOf(second.chain), serialOf(first.chain));
      const [leaf = new Uint8Array(), ...intermediates] = second.chain;
      const anchors = (await rootsOf(changed)).flatMap((pem) => pemToDer(pem));
      const usage = other.subject.usages[0] ?? 'serverAuth';
      assert.equal(judgeChain({ leaf, intermediates, anchors, now: Date.now(), usage }).verdict, 'trusted');
      assert.equal(serialOf((await issueAll(changed, other, null)).chain), serialOf(second.chain));
    });
  }
});

test('calls with one id at once, through one value or several over one directory, give one certificate', async () => {
  const home = newHome();
  const asked = request(workshop, 'shop.example.com', 'parallel');
  const issuers = [await open(home), await open(home)] as const;
  await rootsOf(issuers[0]);
  const answers = await Promise.all(
    [0, 1, 0, 1, 0, 1].map((index) => issueAll(issuers[index] ?? issuers[0], asked, null)),
  );
  const leaves = new Set(
    answers.map(({ chain }) => certificateFacts(chain[0] ?? new Uint8Array()).fingerprint),
  );
  assert.equal(leaves.size, 1);
  assert.equal(
    readFileSync(join(home, 'issuers/internal/issued.jsonl'), 'utf8').trim().split('\n').length,
    1,
  );
});

test('processes with one id at once give one certificate; a lock that was left behind holds nobody up', async () => {
  const home = newHome();
  await rootsOf(await open(home));
  // A process that ended long ago: no process has a number this high.
  writeFileSync(join(home, 'issuers/internal/issued.jsonl.lock'), `4194999 ${'0'.repeat(16)}`);
  const csr = join(root, 'parallel.csr');
  writeFileSync(csr, workshop.csr('a.example.com').der);
  const outputs = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const child = spawn(process.execPath, ['test/issuers/ca-victim.ts', home, csr, '1', 'one-id']);
      return Buffer.concat(await child.stdout.toArray()).toString('utf8');
    }),
  );
  const leaves = outputs.map((text) => /^leaf (\w+)$/m.exec(text)?.[1]);
  assert.deepEqual(new Set(leaves), new Set([leaves[0]]), outputs.join());
  assert.ok(leaves[0] !== undefined);
});
