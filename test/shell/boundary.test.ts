/** The boundary of the process: every field that somebody outside can write, with the extremes of its kind, through real turns. None ends the process or the turn. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { CertificateFacts, Handshake } from '../../daemon/core/model.ts';
import { commitFault } from '../../daemon/git/grammar.ts';
import { limits } from '../../daemon/limits.ts';
import { OperationError } from '../../daemon/ports/failure.ts';
import { commitText, openArena, type Arena } from './foreign-commits.ts';

const hour = 3_600_000;
const key = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----';

/** Texts that were ever a problem to somebody. */
const texts: Readonly<Record<string, string>> = {
  nothing: '',
  'a private key': key,
  'the beginning of a private key': '-----BEGIN PRIVATE KEY-----',
  'control characters': '\u0001\u001b[31m\u0007\u007f\u009b',
  'a text that runs the other way': '\u202egpj.exe\u2066\u2069',
  'separators and a byte order mark': 'a\u2028b\u2029c\ufeff',
  'half a letter': '\ud83d',
  'line feeds': '\n'.repeat(200_000),
  blanks: `a${' '.repeat(200_000)}b`,
  'a trailer of ours': 'x\n\nRenewd-Source: none\nRenewd-Approve: yes',
  'a percent sign': '%',
  'a long word': 'w'.repeat(500_000),
  markup: '<script>alert(1)</script>',
  __proto__: '__proto__',
};

const numbers = [
  '0',
  '-1',
  '8640000000001',
  '8640000000000',
  '253402300800',
  '99999999999999999999',
  '999999999999999',
  '-8640000000001',
  'NaN',
  '1e5',
  '18446744073709551616',
];

const hostile = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|BEGIN PRIVATE KEY/u;

/** Nothing of what was committed holds what may not be written, in any of its texts. */
function assertClean(value: unknown): void {
  if (typeof value === 'string') assert.doesNotMatch(value, hostile);
  else if (typeof value === 'object' && value !== null)
    for (const each of Object.values(value)) assertClean(each);
}

describe(
  'at the boundary',
  { skip: existsSync('/usr/bin/ssh-keygen') ? false : 'ssh-keygen is not installed' },
  () => {
    let arena: Arena;
    before(async () => {
      arena = await openArena();
    });
    after(async () => {
      await arena.close();
    });

    /** The turn went on: the certificate was judged, looked at and recorded. A commit that breaks the grammar of Git is named, and that is all. */
    const turnGoesOn = async (tip?: string, malformed = false): Promise<void> => {
      arena.later(24 * hour);
      const report = await (tip === undefined ? arena.turn() : arena.push(tip));
      assert.deepEqual(
        report.troubles.map(({ code }) => code),
        malformed ? ['git-malformed'] : [],
        JSON.stringify(report.troubles),
      );
      if (malformed) assert.ok(report.troubles[0]?.message.includes(tip ?? ''));
      assert.equal(report.judged, 1);
      assert.ok(report.observed > 0);
      const { memory } = arena.house();
      assertClean([
        ...memory.certificateRecords.values(),
        ...memory.endpointRecords.values(),
        memory.repositoryRecord,
      ]);
      // What was published reads back: the shape is that of a record.
      const state = execFileSync(
        'git',
        ['-C', arena.bare, 'show', 'renewd/state:certificates/web/shop.json'],
        {
          encoding: 'utf8',
          maxBuffer: limits.records.recordMaxBytes,
        },
      );
      assertClean(JSON.parse(state));
    };

    const tipOf = (): string => arena.tree.git('--git-dir', arena.bare, 'rev-parse', 'main');
    const push = async (
      parts: Parameters<typeof commitText>[0] extends infer P ? Partial<P> : never,
    ): Promise<void> => {
      const tree = arena.tree.git('--git-dir', arena.bare, 'rev-parse', 'main^{tree}');
      const text = commitText({ tree, parents: [tipOf()], ...parts });
      const malformed = commitFault(Buffer.from(text)) !== null;
      await turnGoesOn(arena.write('commit', text), malformed);
      // Else the next would be unread because of this one. A sound commit with the files of before ends it.
      if (malformed) await turnGoesOn(arena.write('commit', commitText({ tree, parents: [tipOf()] })));
    };

    for (const [name, text] of Object.entries(texts)) {
      test(`a commit whose message is ${name}`, () => push({ message: text }));
      test(`a commit whose author is ${name}`, () =>
        push({ who: `${text.replaceAll('\n', ' ').slice(0, 100_000)} <a@example.com> 1764000000 +0000` }));
    }
    for (const number of numbers)
      test(`a commit dated ${number}`, () => push({ who: `mallory <m@example.com> ${number} +0000` }));

    test('a refused commit that declares something, with a key in its subject: the record of the change and a finding say it was withheld', async () => {
      const tree = arena.tree.git('rev-parse', 'HEAD^{tree}');
      assert.ok(tree !== '');
      const bad = arena.tree.commit(
        { 'inventory/certificates/web/more.yaml': 'apiVersion: renewd/v1\n' },
        key,
        { by: null },
      );
      arena.tree.git('push', '-q', '-f', 'origin', 'HEAD:refs/heads/side');
      const files = arena.tree.git('rev-parse', `${bad}^{tree}`);
      const commit = arena.write(
        'commit',
        commitText({
          tree: files,
          parents: [tipOf()],
          message: key,
          who: 'mallory <m@example.com> 253402300799 +0000',
        }),
      );
      await turnGoesOn(commit);
      const withheld = arena.findings().filter((each) => each.code === 'text-withheld');
      assert.ok(
        withheld.some((each) => each.message.includes(commit.slice(0, 10))),
        JSON.stringify(arena.findings()),
      );
      await arena.restart();
      await turnGoesOn();
      assert.ok(arena.findings().some((each) => each.code === 'text-withheld'));
    });

    const leaf = (parts: Partial<CertificateFacts>): CertificateFacts => ({
      fingerprint: 'a'.repeat(64),
      spki: 'b'.repeat(64),
      serial: '01',
      subject: 'CN=x',
      issuer: 'CN=y',
      dnsNames: ['shop.example.com'],
      ipAddresses: [],
      notBefore: 0,
      notAfter: 4e12,
      keyAlgorithm: 'ecdsa-p256',
      keyBits: 256,
      signatureAlgorithm: 'ecdsa-with-SHA256',
      usages: [],
      isCa: false,
      selfSigned: false,
      ...parts,
    });
    const served = (parts: Partial<Handshake>): void => {
      Object.assign(arena.house().world, {
        handshake: (address: Handshake['address']): Promise<Handshake> =>
          Promise.resolve({
            address,
            leaf: null,
            chain: [],
            failure: null,
            trust: 'untrusted',
            protocol: 'TLSv1.3',
            ...parts,
          }),
      });
    };
    for (const [name, text] of Object.entries(texts)) {
      test(`a certificate is served whose texts are ${name}`, async () => {
        served({
          leaf: leaf({ subject: text, issuer: text, dnsNames: [text], serial: text, keyAlgorithm: text }),
          distrust: text,
          protocol: text,
        });
        await turnGoesOn();
      });
      test(`a server answers with ${name}`, async () => {
        served({ failure: { result: 'handshake-failed', detail: text } });
        await turnGoesOn();
      });
    }
    for (const number of [
      Number.NaN,
      Infinity,
      -Infinity,
      8.64e15 + 1,
      -8.64e15 - 1,
      1e300,
      -0,
      253402300800000,
    ])
      test(`a certificate is served whose times are ${number}`, async () => {
        served({ leaf: leaf({ notBefore: number, notAfter: number, keyBits: number }) });
        await turnGoesOn();
      });

    for (const [name, text] of Object.entries(texts))
      test(`an endpoint says ${name}`, async () => {
        Object.assign(arena.house().world, {
          target: () => ({
            inspect: () =>
              Promise.reject(new OperationError('ssh-command-failed', text, { disposition: 'retry' })),
            close: () => Promise.resolve(),
          }),
        });
        await turnGoesOn();
      });
  },
);
