/** Every case is judged twice: by gpg as git calls it, and by us. We accept what it accepts; where we are stricter the case says why, and nowhere are we laxer. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createSignatureJudge, type CommitVerdict } from '../../daemon/git/commit-signature.ts';
import { withSignature } from '../../daemon/git/commit.ts';
import { listedKeys } from '../../daemon/git/listed-keys.ts';

const day = 86_400_000;
const begin = Date.UTC(2026, 0, 10, 12);
const payload = Buffer.from(
  `tree ${'0'.repeat(40)}\nauthor A <a@b> 1768000000 +0000\ncommitter A <a@b> 1768000000 +0000\n\nSubject\n`,
);
const faked = (at: number): string => `${new Date(at).toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}!`;

interface Case {
  readonly name: string;
  /** Days after the begin. */
  readonly signedOn?: number;
  readonly seenOn?: number;
  readonly by?: readonly string[];
  readonly options?: readonly string[];
  /** Whose keys are listed, as they were exported on a day or later. */
  readonly listed?: readonly string[];
  readonly change?: (armored: string) => string;
  readonly text?: Buffer;
  readonly expected: CommitVerdict['verdict'];
  /** Why we refuse what gpg accepts. */
  readonly stricter?: string;
}

describe(
  'OpenPGP, as gpg judges it',
  { skip: spawnSync('gpg', ['--version']).status === 0 ? false : 'gpg is not installed (Debian: gnupg)' },
  () => {
    const root = mkdtempSync(join(tmpdir(), 'rg-'));
    const home = join(root, 'h');
    const exported = new Map<string, string>();
    const fingerprints = new Map<string, string>();
    const homes: string[] = [home];
    /** Signatures of keys that were taken back afterwards. */
    const premade = new Map<string, string>();
    const gpg = (at: number, words: readonly string[], input?: string | Buffer): string =>
      execFileSync(
        'gpg',
        [
          '--homedir',
          home,
          '--batch',
          '--yes',
          '--quiet',
          '--pinentry-mode',
          'loopback',
          '--passphrase',
          '',
          '--faked-system-time',
          faked(at),
          ...words,
        ],
        { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'], ...(input === undefined ? {} : { input }) },
      );
    const fingerprintsOf = (name: string): string[] =>
      [
        ...gpg(begin, ['--with-colons', '--list-keys', `<${name}@example.com>`]).matchAll(
          /^fpr:+([0-9A-F]{40}):/gm,
        ),
      ].map(([, each = '']) => each);
    const make = (
      name: string,
      algorithm: string,
      usage = 'sign',
      expires = '0',
      more: readonly string[] = [],
    ): string => {
      gpg(begin, [...more, '--quick-gen-key', `${name} <${name}@example.com>`, algorithm, usage, expires]);
      const [fingerprint = ''] = fingerprintsOf(name);
      fingerprints.set(name, fingerprint);
      return fingerprint;
    };
    const keep = (name: string, as = name): void => {
      exported.set(as, gpg(begin, ['--armor', '--export', fingerprints.get(name) ?? '']));
    };
    const edit = (at: number, name: string, lines: readonly string[]): void => {
      gpg(
        at,
        ['--command-fd', '0', '--status-fd', '1', '--edit-key', fingerprints.get(name) ?? ''],
        `${lines.join('\n')}\n`,
      );
    };

    before(() => {
      mkdirSync(home, { mode: 0o700 });
      for (const name of ['ada', 'bob', 'eve']) keep((make(name, 'ed25519'), name));
      for (const [name, algorithm] of [
        ['rsa', 'rsa2048'],
        ['p256', 'nistp256'],
        ['p384', 'nistp384'],
        ['p521', 'nistp521'],
        ['bp256', 'brainpoolP256r1'],
        ['dsa', 'dsa2048'],
        ['rsa1024', 'rsa1024'],
      ] as const)
        keep((make(name, algorithm), name));
      make('short', 'ed25519', 'sign', '5d');
      keep('short');
      gpg(begin + day, ['--quick-set-expire', fingerprints.get('short') ?? '', '30d']);
      keep('short', 'short, extended');
      const sub = make('sub', 'ed25519', 'cert');
      gpg(begin, ['--quick-add-key', sub, 'ed25519', 'sign', '5d']);
      keep('sub');
      const twice = make('twice', 'ed25519', 'cert', '5d');
      gpg(begin, ['--quick-add-key', twice, 'ed25519', 'sign', '0']);
      keep('twice');
      const subrev = make('subrev', 'ed25519', 'cert');
      gpg(begin, ['--quick-add-key', subrev, 'ed25519', 'sign', '0']);
      keep('subrev', 'subrev, before');
      make('gone', 'ed25519');
      keep('gone', 'gone, before');
      make('sha1', 'ed25519', 'sign', '0', ['--cert-digest-algo', 'SHA1']);
      keep('sha1');
      for (const name of ['gone', 'subrev']) premade.set(name, sign([name], begin + day - 60_000, []));
      const reason = ['y', '1', '', 'y', 'save'];
      edit(begin + 2 * day, 'gone', ['revkey', ...reason]);
      keep('gone');
      edit(begin + 2 * day, 'subrev', ['key 1', 'revkey', ...reason]);
      keep('subrev');
    });
    after(() => {
      for (const each of homes) spawnSync('gpgconf', ['--homedir', each, '--kill', 'all']);
      rmSync(root, { recursive: true, force: true });
    });

    const sign = (by: readonly string[], at: number, options: readonly string[]): string =>
      gpg(
        at,
        [
          ...options,
          '--armor',
          '--detach-sign',
          ...by.flatMap((name) => ['-u', `${fingerprintsOf(name).at(-1) ?? ''}!`]),
          '-o',
          '-',
        ],
        payload,
      );

    /** As git: good, and nothing against it (gpg-interface.c). */
    const theirs = (
      armored: string,
      text: Buffer,
      listed: readonly string[],
      at: number,
    ): { readonly good: boolean; readonly said: string } => {
      const ring = mkdtempSync(join(root, 'r'));
      homes.push(ring);
      writeFileSync(join(ring, 'sig'), armored);
      for (const name of listed)
        spawnSync(
          'gpg',
          ['--homedir', ring, '--batch', '--quiet', '--faked-system-time', faked(at), '--import'],
          { input: exported.get(name) ?? '' },
        );
      const { status, stdout } = spawnSync(
        'gpg',
        [
          '--homedir',
          ring,
          '--batch',
          '--no-auto-key-retrieve',
          '--faked-system-time',
          faked(at),
          '--status-fd',
          '1',
          '--verify',
          join(ring, 'sig'),
          '-',
        ],
        { input: text, encoding: 'utf8' },
      );
      const said = [
        ...stdout.matchAll(/^\[GNUPG:\] ((?:GOOD|BAD|ERR|EXP|EXPKEY|REVKEY)SIG|NODATA|UNEXPECTED)\b/gm),
      ].map(([, each = '']) => each);
      return {
        good: status === 0 && said.length === 1 && said[0] === 'GOODSIG',
        said: `${String(status)} ${said.join(' ')}`,
      };
    };

    const hashByte =
      (value: number) =>
      (armored: string): string => {
        const body = Buffer.from(armored.replaceAll(/-----.*-----|^=.*$/gm, ''), 'base64');
        // A new-format or old-format header of two bytes, then version, type, algorithm of the key, hash.
        body[(body[0] ?? 0) & 1 ? 6 : 5] = value;
        return `-----BEGIN PGP SIGNATURE-----\n\n${body.toString('base64').replaceAll(/(.{64})/g, '$1\n')}\n-----END PGP SIGNATURE-----\n`;
      };

    const cases: readonly Case[] = [
      { name: 'ed25519', expected: 'good' },
      ...['rsa', 'p256', 'p384', 'p521'].map((name): Case => ({
        name,
        by: [name],
        listed: [name],
        expected: 'good',
      })),
      {
        name: 'brainpool',
        by: ['bp256'],
        listed: ['bp256'],
        expected: 'bad',
        stricter: 'only the curves of NIST and Edwards count',
      },
      {
        name: 'dsa 2048',
        by: ['dsa'],
        listed: ['dsa'],
        expected: 'bad',
        stricter: 'DSA is not among the keys that count',
      },
      {
        name: 'rsa 1024',
        by: ['rsa1024'],
        listed: ['rsa1024'],
        expected: 'bad',
        stricter: 'RSA under 2048 bits is too short',
      },
      ...['SHA256', 'SHA384', 'SHA512'].map((hash): Case => ({
        name: hash,
        by: ['rsa'],
        listed: ['rsa'],
        options: ['--digest-algo', hash],
        expected: 'good',
      })),
      {
        name: 'SHA224',
        by: ['rsa'],
        listed: ['rsa'],
        options: ['--digest-algo', 'SHA224'],
        expected: 'good',
      },
      {
        name: 'SHA1',
        by: ['rsa'],
        listed: ['rsa'],
        options: ['--digest-algo', 'SHA1'],
        expected: 'bad',
        stricter: 'collisions of SHA-1 are made',
      },
      {
        name: 'RIPEMD160',
        by: ['rsa'],
        listed: ['rsa'],
        options: ['--digest-algo', 'RIPEMD160'],
        expected: 'bad',
        stricter: 'as old as SHA-1, and no better',
      },
      {
        name: 'MD5',
        by: ['rsa'],
        listed: ['rsa'],
        options: ['--digest-algo', 'MD5', '--allow-weak-digest-algos'],
        expected: 'bad',
      },
      { name: 'a hash that nobody knows', change: hashByte(99), expected: 'bad' },
      { name: 'another hash than was signed with', change: hashByte(10), expected: 'bad' },
      {
        name: 'a changed commit',
        text: Buffer.from(payload.toString().replace('Subject', 'Sabject')),
        expected: 'bad',
      },
      { name: 'a key nobody listed', by: ['eve'], listed: ['ada', 'bob'], expected: 'unknown-key' },
      { name: 'no key listed', listed: [], expected: 'unknown-key' },
      { name: 'the second of two listed keys', by: ['bob'], listed: ['ada', 'bob'], expected: 'good' },
      { name: 'two signatures, both known', by: ['ada', 'bob'], listed: ['ada', 'bob'], expected: 'bad' },
      { name: 'two signatures, one known', by: ['ada', 'eve'], listed: ['ada'], expected: 'bad' },
      { name: 'two armors', change: (text) => text + text, expected: 'bad' },
      { name: 'a key within its time', by: ['short'], listed: ['short'], seenOn: 4, expected: 'good' },
      {
        name: 'a key that expired before it was seen',
        by: ['short'],
        listed: ['short'],
        signedOn: 1,
        seenOn: 6,
        expected: 'expired',
      },
      {
        name: 'the same, extended',
        by: ['short'],
        listed: ['short, extended'],
        signedOn: 2,
        seenOn: 6,
        expected: 'good',
      },
      {
        name: 'the same, in two files',
        by: ['short'],
        listed: ['short', 'short, extended'],
        signedOn: 2,
        seenOn: 6,
        expected: 'good',
      },
      {
        name: 'a signature within its time',
        options: ['--default-sig-expire', '5d'],
        seenOn: 4,
        expected: 'good',
      },
      {
        name: 'an expired signature',
        options: ['--default-sig-expire', '5d'],
        signedOn: 1,
        seenOn: 7,
        expected: 'expired',
      },
      { name: 'a part that signs', by: ['sub'], listed: ['sub'], expected: 'good' },
      {
        name: 'a part that expired',
        by: ['sub'],
        listed: ['sub'],
        signedOn: 1,
        seenOn: 6,
        expected: 'expired',
      },
      {
        name: 'a part whose whole key expired',
        by: ['twice'],
        listed: ['twice'],
        signedOn: 1,
        seenOn: 6,
        expected: 'expired',
      },
      { name: 'a key before it was taken back', by: ['gone'], listed: ['gone, before'], expected: 'good' },
      { name: 'a key that was taken back', by: ['gone'], listed: ['gone'], seenOn: 3, expected: 'revoked' },
      {
        name: 'a part before it was taken back',
        by: ['subrev'],
        listed: ['subrev, before'],
        expected: 'good',
      },
      {
        name: 'a part that was taken back',
        by: ['subrev'],
        listed: ['subrev'],
        seenOn: 3,
        expected: 'revoked',
      },
      {
        name: 'a key that certifies itself with SHA1',
        by: ['sha1'],
        listed: ['sha1'],
        expected: 'bad',
        stricter: 'whose key it is rests on SHA-1',
      },
      {
        name: 'made an hour after it is seen',
        signedOn: 1,
        seenOn: 1 - 1 / 24,
        expected: 'expired',
        stricter: 'a date in the future is none',
      },
      {
        name: 'text in front of the armor',
        change: (text) => `x\n${text}`,
        expected: 'bad',
        stricter: 'git does not take it for one either',
      },
      {
        name: 'made before its key was',
        options: ['--ignore-time-conflict', '--ignore-valid-from'],
        signedOn: -1,
        seenOn: 1,
        expected: 'bad',
      },
      { name: 'over text', options: ['--textmode'], expected: 'good' },
      {
        name: 'a critical notation that nobody knows',
        options: ['--sig-notation', '!x@example.com=y'],
        expected: 'bad',
      },
      { name: 'a notation', options: ['--sig-notation', 'x@example.com=y'], expected: 'good' },
      { name: 'a comment in the armor', options: ['--comment', 'hello'], expected: 'good' },
      {
        name: 'no end of the armor',
        change: (text) => text.replace(/-----END.*\n/, ''),
        expected: 'bad',
        stricter: 'what was cut might have said more',
      },
      {
        name: 'text behind the armor',
        change: (text) => `${text}more\n`,
        expected: 'bad',
        stricter: 'what stands behind the armor is signed by nobody',
      },
      {
        name: 'another kind of armor',
        change: (text) => text.replaceAll('PGP SIGNATURE', 'PGP MESSAGE'),
        expected: 'bad',
        stricter: 'gpg has not called it so since 1999',
      },
    ];

    for (const each of cases)
      test(each.name, async () => {
        const at = begin + (each.seenOn ?? 1) * day;
        const listed = each.listed ?? ['ada'];
        const by = each.by ?? ['ada'];
        const made =
          premade.get(by[0] ?? '') ??
          sign(
            by,
            begin + (each.signedOn ?? each.seenOn ?? 1) * day - (each.signedOn === undefined ? 60_000 : 0),
            each.options ?? [],
          );
        const armored = each.change?.(made) ?? made;
        const text = each.text ?? payload;
        const git = theirs(armored, text, listed, at);
        const openPgpKeys = new Map(
          listed.map((name) => [
            `${name.replace(/, .*/, '')}@example.com, ${String(listed.indexOf(name))}`,
            exported.get(name) ?? '',
          ]),
        );
        const judge = createSignatureJudge({ allowedSigners: '', revokedKeys: null, openPgpKeys });
        const ours = await judge.judge(withSignature(text, armored), at);
        const said = `we say ${ours.verdict} (${ours.reason}), gpg ${git.said}`;
        if (each.stricter === undefined) assert.equal(ours.verdict === 'good', git.good, said);
        else assert.ok(git.good && ours.verdict !== 'good', `not stricter: ${said}`);
        assert.equal(ours.verdict, each.expected, said);
        // What the files say of a key, asked without a signature.
        const keys = await listedKeys({ allowedSigners: '', revokedKeys: null, openPgpKeys }, at, []);
        const counts = keys.some((one) => one.verdict.verdict === 'good' && one.verdict.key === ours.key);
        if (ours.verdict === 'good') assert.ok(counts, 'the file says that no key of it counts');
        if (['short', 'twice', 'gone', 'sha1'].includes(by[0] ?? ''))
          assert.equal(counts, ours.verdict === 'good', `the file says otherwise: ${said}`);
        const revokedKeys = Buffer.from(`${ours.key ?? ''}\n`);
        const taken = await listedKeys({ allowedSigners: '', revokedKeys, openPgpKeys }, at, []);
        assert.ok(!taken.some((one) => one.verdict.verdict === 'good' && one.verdict.key === ours.key));
      });
  },
);
