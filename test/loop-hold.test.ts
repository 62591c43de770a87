/**
 * Parsers of foreign input on the largest input that each takes, of the forms that cost it most: how long the event loop is held is printed for each, and what comes out
 * is a refusal with its reason. TLS, patterns and records print theirs in suites of their own.
 */
import assert from 'node:assert/strict';
import { setImmediate as nextTick } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { json } from '../daemon/acme/client.ts';
import { problemText, readProblem } from '../daemon/acme/problem.ts';
import { parseAllowedSigners, principalsOf } from '../daemon/git/allowed-signers.ts';
import { parseCommit } from '../daemon/git/commit.ts';
import { commitFault, treeFault } from '../daemon/git/grammar.ts';
import { readRevokedKeys } from '../daemon/git/revoked-keys.ts';
import { verifyCommitSignature } from '../daemon/git/signature.ts';
import { parseTree } from '../daemon/git/tree.ts';
import { limits } from '../daemon/limits.ts';
import { OperationError } from '../daemon/ports/failure.ts';
import { documentReader } from '../daemon/reader.ts';
import { knownKeys } from '../daemon/ssh/known-hosts.ts';
import { readCertificateFields } from '../daemon/x509/certificate.ts';
import { readCrl } from '../daemon/x509/crl.ts';
import { readCsr } from '../daemon/x509/csr.ts';
import { MalformedInput } from '../daemon/x509/malformed.ts';
import { parseCertificate } from '../daemon/x509/parse.ts';
import { pemToDer } from '../daemon/x509/pem.ts';
import { certificate, extension, ia5, integer, oid, sequence, set, tlv, utf8 } from './fixtures/loop-der.ts';
import { printLoopDelay } from './fixtures/loop-delay.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';

/** `text` again and again, `length` characters in all. */
function fill(text: string, length: number): string {
  return text.repeat(Math.ceil(length / text.length)).slice(0, length);
}

/** Does each piece of work, prints the delay of each, and takes only refusals that say what they are. */
async function measure(
  context: TestContext,
  what: string,
  work: Readonly<Record<string, () => unknown>>,
): Promise<void> {
  for (const [name, run] of Object.entries(work))
    await printLoopDelay(context, `${what}, ${name}`, async () => {
      await nextTick();
      try {
        run();
      } catch (error) {
        if (!(error instanceof OperationError) && !(error instanceof MalformedInput)) throw error;
      }
    });
}

test('YAML documents of 64 KiB: what has too many pieces is refused before it is parsed', async (context) => {
  const reader = documentReader('enforce');
  const size = limits.documents.fileMaxBytes - 100;
  const head = 'apiVersion: renewd/v1\nkind: Team\nmetadata: { name: web }\nspec:\n  owners: [ada]\n';
  const numbered = (line: (index: number) => string): string =>
    Array.from({ length: 20_000 }, (_, index) => line(index))
      .join('')
      .slice(0, size);
  const many: Readonly<Record<string, string>> = {
    'keys of a map': (head + numbered((index) => `  k${String(index)}: 1\n`)).slice(0, size),
    'maps in brackets': fill('{a: {b: {c: 1}}}, ', size),
    commas: `[${','.repeat(size - 10)}]`,
    'empty lines of a block': `a: |\n${'\n'.repeat(size - 10)}`,
    'escapes that are none': `"${fill('\\q', size - 10)}"`,
    'documents with mistakes': fill('---\na: b: c\n', size),
    quotes: fill('"', size),
    anchors: fill('&a ', size),
    items: fill('- a\n', size),
  };
  const few: Readonly<Record<string, string>> = {
    'brackets inside one another': fill(
      `${'['.repeat(31)}${']'.repeat(31)}, `,
      limits.documents.piecesMax / 2,
    ),
    'as many keys as may be':
      head +
      Array.from(
        { length: Math.floor(limits.documents.piecesMax / 9) },
        (_, index) => `  k${String(index)}: 1\n`,
      ).join(''),
    'one long value': `a: ${fill('x ', size - 10)}`,
  };
  const read = (text: string): readonly string[] =>
    reader
      .parseFile({ path: 'inventory/teams/web.yaml', bytes: Buffer.from(text), oid: '0'.repeat(40) })
      .problems.map(({ code }) => code);
  for (const [name, text] of Object.entries(many))
    await measure(context, 'YAML', {
      [name]: () => {
        assert.deepEqual(read(text), ['document-too-large'], name);
      },
    });
  for (const [name, text] of Object.entries(few))
    await measure(context, 'YAML', {
      [name]: () => {
        assert.ok(!read(text).includes('document-too-large'), name);
      },
    });
});

test('a declaration of 500 installations has few enough pieces', () => {
  const head =
    'apiVersion: renewd/v1\nkind: Certificate\nmetadata: { name: shop, team: web }\nspec:\n  dnsNames: [shop.example.com]\n  issuer: internal-ca\n  installations:\n';
  const installations = Array.from(
    { length: 500 },
    (_, index) =>
      `    - endpoint: web-${String(index)}\n      profile: nginx\n      serves: [{ address: '192.0.2.1:443', serverName: shop.example.com }]\n`,
  );
  const text = head + installations.join('');
  const { documents, problems } = documentReader('enforce').parseFile({
    path: 'inventory/certificates/web/shop.yaml',
    bytes: Buffer.from(text),
    oid: '0'.repeat(40),
  });
  assert.deepEqual([documents.length, problems], [1, []]);
});

test('commits of a mebibyte: headers are bounded by lines', async (context) => {
  const size = limits.git.commitMaxBytes - 400;
  const people = 'author a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n';
  const tree = `tree ${'0'.repeat(40)}\n`;
  const heads: Readonly<Record<string, string>> = {
    parents: `${tree}${fill(`parent ${'1'.repeat(40)}\n`, 48 * 20_000)}${people}\nx`,
    headers: `${tree}${people}${fill('x y\n', size)}\n\nx`,
    'lines of one header': `${tree}${people}x y\n${fill(' z\n', size)}\n\nx`,
    'lines of a signature': `${tree}${people}gpgsig -----BEGIN SSH SIGNATURE-----\n${fill(' AAAA\n', size - 100)}`,
  };
  const bodies: Readonly<Record<string, string>> = {
    trailers: `${tree}${people}\nx\n\n${fill('A: b\n', size)}`,
    'line feeds': `${tree}${people}\n${'\n'.repeat(size)}`,
    'one line': `${tree}${people}\n${fill('a:', size)}`,
  };
  for (const [name, text] of Object.entries({ ...heads, ...bodies })) {
    const raw = Buffer.from(text);
    if (name in heads) assert.equal(commitFault(raw), 'tooManyHeaders', name);
    await measure(context, 'commit', {
      [`${name}: grammar`]: () => commitFault(raw),
      [`${name}: read`]: () => parseCommit('0'.repeat(40), raw),
      [`${name}: signature`]: () => verifyCommitSignature(raw, '', 0),
    });
  }
});

test('a tree of a mebibyte', async (context) => {
  const entries = Array.from({ length: 31_000 }, (_, index) =>
    Buffer.concat([Buffer.from(`100644 ${index.toString(36).padStart(5, '0')}\0`), Buffer.alloc(20, 1)]),
  );
  const bytes = Buffer.concat(entries);
  assert.equal(treeFault(bytes), null);
  await measure(context, 'tree', { grammar: () => treeFault(bytes), read: () => parseTree(bytes) });
});

test('lists of signers and of revoked keys', async (context) => {
  const size = limits.git.allowedSignersMaxChars - 200;
  const lists: Readonly<Record<string, string>> = {
    lines: fill(`a ${key}\n`, size),
    'lines that say nothing': fill('a\n', size),
    'one line of patterns': `${fill('*a,', size)} ${key}\n`,
    'patterns and exclusions': `${fill(`${'*a'.repeat(500)},`, 500_000)}${fill(`!${'*b'.repeat(500)},`, 500_000)}x ${key}\n`,
    options: fill(`a valid-after="20200101",namespaces="git" ${key}\n`, size),
  };
  for (const [name, text] of Object.entries(lists))
    await measure(context, 'signers', {
      [name]: () => {
        const named = parseAllowedSigners(text).map(principalsOf);
        if (name.includes('patterns')) assert.deepEqual(named, [[]], 'over the bounds nobody signs');
      },
    });
  const revoked = limits.git.revokedKeysMaxBytes - 100;
  for (const [name, text] of Object.entries({
    keys: fill(`${key}\n`, revoked),
    'line feeds': '\n'.repeat(revoked),
    'one line of words': fill('A ', revoked),
    'binary zeros': `SSHKRL\n\0${'\0'.repeat(revoked - 8)}`,
  }))
    await measure(context, 'revoked keys', { [name]: () => readRevokedKeys(Buffer.from(text, 'latin1')) });
});

test('a known_hosts of the largest size', async (context) => {
  const size = limits.ssh.knownHostsMaxBytes - 200;
  const host = `${'a'.repeat(200)}.example`;
  for (const [name, text] of Object.entries({
    plain: fill(`host.example ${key}\n`, size),
    hashed: fill(`|1|${'A'.repeat(27)}=|${'A'.repeat(27)}= a b\n`, size),
    'hashes that are none': fill('|1|A|A a b\n', size),
    patterns: `${fill('*a*b*c*d,', size)} a b\n`,
    'short lines': fill('*,a b c\n', size),
    'line feeds': '\n'.repeat(size),
  }))
    await measure(context, 'known_hosts', { [name]: () => knownKeys(text, host, 22) });
});

test('certificates, requests and PEM of the largest size', async (context) => {
  const size = 60 * 1024;
  const fit = (part: Uint8Array): Uint8Array =>
    Buffer.concat(Array.from({ length: Math.floor(size / part.length) }, () => part));
  const common = sequence(oid('550403'), utf8('a'));
  const forms: Readonly<Record<string, Uint8Array>> = {
    'parts of a name': certificate({ subject: sequence(fit(set(common))) }),
    'values in one part': certificate({ subject: sequence(set(fit(common))) }),
    names: certificate({ extensions: extension('551d11', sequence(fit(ia5(0x82, 'a.b')))) }),
    'extensions of one kind': certificate({
      extensions: fit(extension('551d0f', Buffer.from([3, 2, 5, 160]))),
    }),
    constraints: certificate({
      extensions: extension('551d1e', sequence(tlv(0xa0, fit(sequence(ia5(0x82, 'a')))))),
    }),
    'a long identifier': certificate({
      extensions: sequence(oid(`2a${'81'.repeat(30_000)}01`), tlv(4, Buffer.alloc(2))),
    }),
  };
  for (const [name, der] of Object.entries(forms))
    await measure(context, 'certificate', {
      [name]: () => {
        readCertificateFields(der);
        parseCertificate(der);
      },
      [`${name}, as a request`]: () => readCsr(der),
    });
  const pem = limits.x509.pemMaxChars - 100;
  const begin = '-----BEGIN CERTIFICATE-----\n';
  for (const [name, text] of Object.entries({
    begins: fill(begin, pem),
    'empty blocks': fill(`${begin}-----END CERTIFICATE-----\n`, pem),
    'short lines': `${begin}${fill('A\n', pem - 100)}-----END CERTIFICATE-----\n`,
    'line feeds': '\n'.repeat(pem),
  }))
    await measure(context, 'PEM', { [name]: () => pemToDer(text) });
});

test('CRLs of the largest size', async (context) => {
  const size = limits.x509.crlMaxBytes - 1000;
  const time = tlv(0x17, Buffer.from('260101000000Z'));
  const algorithm = sequence(oid('2a8648ce3d040302'));
  const fit = (part: Uint8Array): Uint8Array =>
    Buffer.concat(Array.from({ length: Math.floor(size / part.length) }, () => part));
  for (const [name, list] of Object.entries({
    entries: fit(sequence(integer('01'), time)),
    'empty entries': fit(Buffer.from([0x30, 0])),
    'long serials': fit(sequence(tlv(2, Buffer.alloc(20, 1)), time)),
  })) {
    const signed = sequence(integer('01'), algorithm, sequence(), time, time, sequence(list));
    await measure(context, 'CRL', {
      [name]: () => readCrl(sequence(signed, algorithm, tlv(3, Buffer.alloc(9)))),
    });
  }
});

test('answers of an ACME server of the largest size', async (context) => {
  const size = limits.acme.responseMaxBytes - 200;
  for (const [name, body] of Object.entries({
    subproblems:
      `{"type":"a","detail":"b","subproblems":[${fill('{"type":"x","detail":"y"},', size - 200)}`.replace(
        /,[^,]*$/,
        ']}',
      ),
    'a long detail': JSON.stringify({ detail: fill('a\n', size / 2) }),
    'characters that hide': JSON.stringify({ detail: '\u202e'.repeat(size / 4) }),
    'brackets inside one another': '['.repeat(size),
    numbers: `[${fill('1,', size - 10)}1]`,
  }))
    await measure(context, 'ACME', {
      [`${name}, as a problem`]: () => problemText(readProblem(400, body, null)),
      [`${name}, as an answer`]: () => json(body, 'issuer', 'the answer'),
    });
});
