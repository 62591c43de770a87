/** Signatures that people really make: stock git with ssh-keygen, certificates, tokens, KRLs and gpg, judged by our lists. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as fc from 'fast-check';
import { matchesGlob } from '../../daemon/core/glob.ts';
import { matchesList } from '../../daemon/git/allowed-signers.ts';
import { withSignature } from '../../daemon/git/commit.ts';
import {
  createSignatureJudge,
  type CommitVerdict,
  type SignerTrust,
} from '../../daemon/git/commit-signature.ts';
import { armor, signatureBlob, signedData, sshString } from '../../daemon/git/sshsig.ts';

const root = mkdtempSync(join(tmpdir(), 'renewd-sig-'));
const work = join(root, 'work');
const now = Date.now();
const at = (name: string): string => join(root, name);
const git = (...words: string[]): Buffer =>
  execFileSync('git', ['-C', work, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...words], {
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GNUPGHOME: at('g') },
  });
const keygen = (...words: string[]): void => {
  execFileSync('ssh-keygen', ['-q', ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
};
const publicKey = (name: string): string =>
  readFileSync(at(`${name}.pub`), 'utf8')
    .split(' ')
    .slice(0, 2)
    .join(' ')
    .trim();
const makeKey = (name: string, ...words: string[]): void => {
  keygen('-t', 'ed25519', ...words, '-N', '', '-C', name, '-f', at(name));
};

/** A raw commit that stock git signed with this key file. */
function signedBy(keyFile: string): Buffer {
  git(
    '-c',
    'gpg.format=ssh',
    '-c',
    `user.signingkey=${keyFile}`,
    'commit',
    '-q',
    '-S',
    '--allow-empty',
    '-m',
    'Signed',
  );
  return git('cat-file', 'commit', 'HEAD');
}

const trusting = (changes: Partial<SignerTrust>): SignerTrust => ({
  allowedSigners: '',
  revokedKeys: null,
  openPgpKeys: new Map(),
  ...changes,
});
const judge = (
  raw: Uint8Array,
  trust: Partial<SignerTrust>,
  when = Date.now() + 2000,
): Promise<CommitVerdict> => createSignatureJudge(trusting(trust)).judge(raw, when);
const line = (name: string, options = ''): string => `${name}@example.com ${options}${publicKey(name)}\n`;

before(() => {
  execFileSync('git', ['init', '-q', '-b', 'main', work]);
  makeKey('ada');
  makeKey('ca');
});
after(() => {
  if (existsSync(at('g'))) spawnSync('gpgconf', ['--homedir', at('g'), '--kill', 'all']);
  rmSync(root, { recursive: true, force: true });
});

describe('plain keys', () => {
  test('every type that ssh-keygen makes and git signs with', async () => {
    for (const [name, ...words] of [
      ['k-ed', '-t', 'ed25519'],
      ['k-256', '-t', 'ecdsa', '-b', '256'],
      ['k-384', '-t', 'ecdsa', '-b', '384'],
      ['k-521', '-t', 'ecdsa', '-b', '521'],
      ['k-rsa', '-t', 'rsa', '-b', '2048'],
    ] as const) {
      keygen(...words, '-N', '', '-C', name, '-f', at(name));
      const raw = signedBy(at(name));
      const seen = await judge(raw, { allowedSigners: line(name) });
      assert.deepEqual(
        [seen.verdict, seen.principals, seen.method],
        ['good', [`${name}@example.com`], 'ssh'],
        name,
      );
      assert.equal(
        seen.key,
        execFileSync('ssh-keygen', ['-lf', at(`${name}.pub`)], { encoding: 'utf8' }).split(' ')[1],
      );
      const tampered = Buffer.from(raw.toString('latin1').replace('\n\nSigned', '\n\nForged'), 'latin1');
      assert.equal((await judge(tampered, { allowedSigners: line(name) })).verdict, 'bad', name);
    }
  });
  test('times and namespaces of the line count, at the time it was first seen', async () => {
    const raw = signedBy(at('ada'));
    assert.equal(
      (await judge(raw, { allowedSigners: line('ada', 'valid-before="20200101Z" ') })).verdict,
      'expired',
    );
    assert.equal(
      (await judge(raw, { allowedSigners: line('ada', 'valid-before="20200101Z" ') }, Date.UTC(2019, 1)))
        .verdict,
      'good',
    );
    assert.equal(
      (await judge(raw, { allowedSigners: line('ada', 'valid-after="20990101Z" ') })).verdict,
      'expired',
    );
    assert.equal(
      (await judge(raw, { allowedSigners: line('ada', 'namespaces="file" ') })).verdict,
      'unknown-key',
    );
    assert.equal((await judge(raw, {})).verdict, 'unknown-key');
  });
  test('a signature made for something else than git is none', async () => {
    writeFileSync(at('payload'), git('cat-file', 'commit', 'HEAD'));
    git('commit', '-q', '--allow-empty', '-m', 'Plain');
    const plain = git('cat-file', 'commit', 'HEAD');
    writeFileSync(at('plain'), plain);
    keygen('-Y', 'sign', '-n', 'file', '-f', at('ada'), at('plain'));
    const raw = withSignature(plain, readFileSync(at('plain.sig'), 'utf8'));
    assert.equal((await judge(raw, { allowedSigners: line('ada') })).verdict, 'bad');
    assert.equal((await judge(plain, { allowedSigners: line('ada') })).verdict, 'unsigned');
  });
});

describe('certificates', () => {
  const certify = (name: string, ...words: string[]): Buffer => {
    makeKey(name);
    keygen('-s', at('ca'), ...words, at(`${name}.pub`));
    return signedBy(at(`${name}-cert.pub`));
  };
  const authority = (patterns = '*@example.com', options = ''): Partial<SignerTrust> => ({
    allowedSigners: `${patterns} cert-authority${options} ${publicKey('ca')}\n`,
  });

  test('a person certified by the CA of the line is whom the certificate names', async () => {
    const raw = certify('c-good', '-I', 'id', '-n', 'ada@example.com,root', '-z', '7', '-V', '-1h:+1h');
    const seen = await judge(raw, authority());
    assert.deepEqual(
      [seen.verdict, seen.principals, seen.method],
      ['good', ['ada@example.com'], 'ssh-certificate'],
    );
    assert.equal((await judge(raw, authority('*@example.com,!ada@*'))).verdict, 'unknown-key');
    assert.equal((await judge(raw, { allowedSigners: line('ada') })).verdict, 'unknown-key');
    assert.equal((await judge(raw, authority(), now + 7_200_000)).verdict, 'expired');
    assert.equal((await judge(raw, authority(), now - 7_200_000)).verdict, 'expired');
    assert.equal(
      (await judge(raw, { allowedSigners: `* cert-authority ${publicKey('ada')}\n` })).verdict,
      'unknown-key',
      'another CA',
    );
  });
  test('a host, a restricted certificate and one that names nobody sign nothing', async () => {
    assert.notEqual(
      (await judge(certify('c-host', '-h', '-I', 'id', '-n', 'ada@example.com'), authority())).verdict,
      'good',
    );
    assert.match(
      (
        await judge(
          certify('c-cmd', '-I', 'id', '-n', 'ada@example.com', '-O', 'force-command=/bin/true'),
          authority(),
        )
      ).reason,
      /restricted \(force-command\)/,
    );
    assert.equal((await judge(certify('c-any', '-I', 'id'), authority())).verdict, 'unknown-key');
  });
  test('a certificate whose CA signature was changed is none', async () => {
    const raw = certify('c-forged', '-I', 'id', '-n', 'ada@example.com');
    const rearmored = (change: (bytes: Buffer) => void): Buffer => {
      const text = raw.toString('latin1');
      const body = /SSH SIGNATURE-----\n([^-]+)-----END/.exec(text)?.[1] ?? '';
      const bytes = Buffer.from(body.replaceAll(/\s/g, ''), 'base64');
      change(bytes);
      const lines = bytes.toString('base64').match(/.{1,70}/g) ?? [];
      return Buffer.from(text.replace(body, ` ${lines.join('\n ')}\n `), 'latin1');
    };
    assert.equal(
      (
        await judge(
          rearmored(() => undefined),
          authority(),
        )
      ).verdict,
      'good',
      'armored again it is the same',
    );
    const forged = rearmored((bytes) => {
      bytes.write('eva@example.com', bytes.indexOf('ada@example.com'), 'latin1');
    });
    assert.equal((await judge(forged, authority())).verdict, 'bad');
  });
});

describe('revocation', () => {
  const verdictWith = async (
    raw: Buffer,
    revokedKeys: string | Buffer,
    more: Partial<SignerTrust> = {},
  ): Promise<string> =>
    (
      await judge(raw, {
        allowedSigners: `${line('ada')}* cert-authority ${publicKey('ca')}\n`,
        revokedKeys: Buffer.from(revokedKeys),
        ...more,
      })
    ).verdict;
  const krl = (...words: string[]): Buffer => {
    rmSync(at('krl'), { force: true });
    keygen('-k', '-f', at('krl'), ...words);
    return readFileSync(at('krl'));
  };
  test('by key, by fingerprint, by list of ssh-keygen; others go on signing', async () => {
    const raw = signedBy(at('ada'));
    makeKey('other');
    const fingerprint =
      execFileSync('ssh-keygen', ['-lf', at('ada.pub')], { encoding: 'utf8' }).split(' ')[1] ?? '';
    writeFileSync(at('by-hash'), `sha256: ${publicKey('ada')}\n`);
    writeFileSync(at('by-sha1'), `sha1: ${publicKey('ada')}\n`);
    for (const list of [
      `${publicKey('ada')} left the team\n`,
      `# gone\n${fingerprint}\n`,
      krl(at('ada.pub')),
      krl(at('by-hash')),
      krl(at('by-sha1')),
    ]) {
      assert.equal(await verdictWith(raw, list), 'revoked');
    }
    for (const list of ['', '# nobody\n', `${publicKey('other')}\n`, krl(at('other.pub'))])
      assert.equal(await verdictWith(raw, list), 'good');
  });
  test('a certificate by its CA, its serial, a range, its name', async () => {
    makeKey('c-rev');
    keygen('-s', at('ca'), '-I', 'laptop', '-n', 'ada@example.com', '-z', '42', at('c-rev.pub'));
    const raw = signedBy(at('c-rev-cert.pub'));
    const spec = (name: string, text: string): string => {
      writeFileSync(at(name), text);
      return at(name);
    };
    assert.equal(await verdictWith(raw, `${publicKey('ca')}\n`), 'revoked');
    for (const text of [
      'serial: 42\n',
      'serial: 40-50\n',
      'id: laptop\n',
      `serial: ${Array.from({ length: 40 }, (_, index) => String(index * 2 + 2)).join('\nserial: ')}\n`,
    ]) {
      assert.equal(await verdictWith(raw, krl('-s', at('ca.pub'), spec('spec', text))), 'revoked', text);
    }
    for (const text of ['serial: 43\n', 'id: desktop\n'])
      assert.equal(await verdictWith(raw, krl('-s', at('ca.pub'), spec('spec', text))), 'good', text);
  });
  test('a line that names no whole key, and a certificate, mean what they say or make the list unreadable', async () => {
    const raw = signedBy(at('ada'));
    const [type = '', key = ''] = publicKey('ada').split(' ');
    assert.equal(
      await verdictWith(raw, `${type} ${key.slice(0, 40)}\n`),
      'revoked',
      'a key that is cut short would revoke nobody',
    );
    assert.equal(
      await verdictWith(raw, `ssh-rsa ${publicKey('other').split(' ')[1] ?? ''}\n`),
      'revoked',
      'a key of another type than it says',
    );
    makeKey('c-line');
    keygen('-s', at('ca'), '-I', 'id', '-n', 'ada@example.com', at('c-line.pub'));
    const certificate = readFileSync(at('c-line-cert.pub'), 'utf8');
    assert.equal(await verdictWith(signedBy(at('c-line-cert.pub')), certificate), 'revoked');
    assert.equal(await verdictWith(raw, certificate), 'good');
  });
  test('a list of a million serials is read in little time and memory', async () => {
    const raw = signedBy(at('ada'));
    const u32 = (value: number): Buffer => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    };
    const bitmap = Buffer.concat([Buffer.alloc(8), sshString(Buffer.alloc(1_000_000, 0xff))]);
    const section = Buffer.concat([sshString(''), sshString(''), Buffer.from([0x22]), sshString(bitmap)]);
    const list = Buffer.concat([
      Buffer.from('SSHKRL\n\0'),
      u32(1),
      Buffer.alloc(24),
      sshString(''),
      sshString(''),
      Buffer.from([1]),
      sshString(section),
    ]);
    const before = process.memoryUsage().rss;
    assert.equal(await verdictWith(raw, list), 'good');
    assert.ok(process.memoryUsage().rss - before < 200 * 1024 * 1024);
    makeKey('c-million');
    keygen('-s', at('ca'), '-I', 'id', '-n', 'ada@example.com', '-z', '7999999', at('c-million.pub'));
    const certified = signedBy(at('c-million-cert.pub'));
    assert.equal(await verdictWith(certified, list), 'revoked');
    assert.equal(
      await verdictWith(
        certified,
        Buffer.concat([
          list.subarray(0, 8),
          u32(1),
          Buffer.alloc(24),
          sshString(''),
          sshString(''),
          Buffer.from([4]),
          sshString('key'),
          sshString('signature'),
        ]),
      ),
      'good',
      'a signed list',
    );
  });
  test('a list that cannot be read revokes everything and says why', async () => {
    const raw = signedBy(at('ada'));
    for (const broken of [
      'what is this\n',
      krl(at('ada.pub')).subarray(0, 60),
      Buffer.from('SSHKRL\n\0garbage'),
    ]) {
      const seen = await judge(raw, { allowedSigners: line('ada'), revokedKeys: Buffer.from(broken) });
      assert.equal(seen.verdict, 'revoked');
      assert.match(seen.reason, /cannot be read/);
    }
  });
});

test('tokens: P-256 and Ed25519, only where somebody touched them', async () => {
  const plain = Buffer.from(
    'tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nToken\n',
  );
  const message = signedData('git', 'sha512', createHash('sha512').update(plain).digest());
  const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest();
  const mpint = (bytes: Buffer): Buffer =>
    sshString((bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
  for (const touched of [true, false]) {
    const rest = Buffer.from([touched ? 1 : 0, 0, 0, 0, 9]);
    const framed = Buffer.concat([sha256('ssh:'), rest, sha256(message)]);
    const ed = generateKeyPairSync('ed25519');
    const edKey = Buffer.concat([
      sshString('sk-ssh-ed25519@openssh.com'),
      sshString(Buffer.from(ed.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')),
      sshString('ssh:'),
    ]);
    const edSignature = Buffer.concat([
      sshString('sk-ssh-ed25519@openssh.com'),
      sshString(sign(null, framed, ed.privateKey)),
      rest,
    ]);
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x = '', y = '' } = ec.publicKey.export({ format: 'jwk' });
    const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
    const ecKey = Buffer.concat([
      sshString('sk-ecdsa-sha2-nistp256@openssh.com'),
      sshString('nistp256'),
      sshString(point),
      sshString('ssh:'),
    ]);
    const raw = sign('sha256', framed, {
      key: createPrivateKey(ec.privateKey.export({ format: 'pem', type: 'pkcs8' })),
      dsaEncoding: 'ieee-p1363',
    });
    const ecSignature = Buffer.concat([
      sshString('sk-ecdsa-sha2-nistp256@openssh.com'),
      sshString(Buffer.concat([mpint(raw.subarray(0, 32)), mpint(raw.subarray(32))])),
      rest,
    ]);
    for (const [key, signature, type] of [
      [edKey, edSignature, 'sk-ssh-ed25519@openssh.com'],
      [ecKey, ecSignature, 'sk-ecdsa-sha2-nistp256@openssh.com'],
    ] as const) {
      const commit = withSignature(plain, armor(signatureBlob(key, 'git', 'sha512', signature)));
      const seen = await judge(commit, {
        allowedSigners: `ada@example.com ${type} ${key.toString('base64')}\n`,
      });
      assert.equal(seen.verdict, touched ? 'good' : 'bad', type);
    }
  }
});

describe(
  'OpenPGP',
  { skip: spawnSync('gpg', ['--version']).status === 0 ? false : 'gpg is not installed (Debian: gnupg)' },
  () => {
    const gpg = (...words: string[]): string =>
      execFileSync(
        'gpg',
        ['--homedir', at('g'), '--batch', '--pinentry-mode', 'loopback', '--passphrase', '', ...words],
        { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] },
      );
    const armored = (id: string): string => gpg('--armor', '--export', id);
    let fingerprint = '';
    let raw: Buffer;

    before(() => {
      mkdirSync(at('g'), { mode: 0o700 });
      gpg('--quick-gen-key', 'Ada <ada@example.com>', 'ed25519', 'sign', '0');
      fingerprint =
        /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--list-keys', 'ada@example.com'))?.[1] ?? '';
      git('-c', `user.signingkey=${fingerprint}`, 'commit', '-q', '-S', '--allow-empty', '-m', 'By gpg');
      raw = git('cat-file', 'commit', 'HEAD');
    });

    test('git commit -S by gpg is whom the file is named after', async () => {
      const keys = new Map([
        ['bea', armored(fingerprint).replace('Ada', 'Ada')],
        ['ada@example.com', armored(fingerprint)],
      ]);
      const seen = await judge(raw, {
        openPgpKeys: new Map([['ada@example.com', keys.get('ada@example.com') ?? '']]),
      });
      assert.deepEqual(
        [seen.verdict, seen.principals, seen.method, seen.key?.toUpperCase()],
        ['good', ['ada@example.com'], 'openpgp', fingerprint],
      );
    });
    test('a changed commit, an unknown key, a revoked key and a list that revokes it', async () => {
      const openPgpKeys = new Map([['ada@example.com', armored(fingerprint)]]);
      const tampered = Buffer.from(raw.toString('latin1').replace('By gpg', 'By eve'), 'latin1');
      assert.equal((await judge(tampered, { openPgpKeys })).verdict, 'bad');
      assert.equal((await judge(raw, {})).verdict, 'unknown-key');
      assert.equal(
        (await judge(raw, { openPgpKeys: new Map([['x', 'no key at all']]) })).verdict,
        'unknown-key',
      );
      const grouped = fingerprint.replaceAll(/(.{4})/g, '$1 ').trim();
      for (const list of [`${fingerprint} lost\n`, `${grouped}\n`, 'what is this\n', 'SSHKRL\n\0garbage']) {
        const seen = await judge(raw, { openPgpKeys, revokedKeys: Buffer.from(list) });
        assert.equal(seen.verdict, 'revoked', list);
      }
      const certificate = readFileSync(
        join(at('g'), 'openpgp-revocs.d', `${fingerprint}.rev`),
        'utf8',
      ).replace(/^:---/m, '---');
      execFileSync('gpg', ['--homedir', at('g'), '--batch', '--import'], {
        input: certificate,
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      assert.equal(
        (await judge(raw, { openPgpKeys: new Map([['ada@example.com', armored(fingerprint)]]) })).verdict,
        'revoked',
      );
    });
    test('a key that had expired when the commit was first seen', async () => {
      gpg('--quick-gen-key', 'Short <short@example.com>', 'ed25519', 'sign', '1d');
      const short =
        /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--list-keys', 'short@example.com'))?.[1] ?? '';
      git('-c', `user.signingkey=${short}`, 'commit', '-q', '-S', '--allow-empty', '-m', 'Short');
      const commit = git('cat-file', 'commit', 'HEAD');
      const openPgpKeys = new Map([['short@example.com', armored(short)]]);
      assert.equal((await judge(commit, { openPgpKeys }, Date.now() + 60_000)).verdict, 'good');
      assert.equal((await judge(commit, { openPgpKeys }, Date.now() + 2 * 86_400_000)).verdict, 'expired');
    });
  },
);

describe('patterns', () => {
  test('as ssh-keygen reads them', () => {
    assert.ok(
      matchesGlob('*@example.com', 'ada@example.com') &&
        matchesGlob('a?a@*', 'ada@x') &&
        matchesGlob('*', ''),
    );
    assert.equal(matchesGlob('*@example.com', 'ada@example.org'), false);
    assert.equal(matchesList('*,!eve@*', 'eve@x'), false);
    assert.equal(matchesList('!eve@*,*', 'ada@x'), true);
  });
  test('no pattern takes long', () => {
    assert.equal(matchesGlob(`${'*a'.repeat(500)}b`, 'a'.repeat(5000)), false);
  });
});

test('no bytes make the judge throw, and none that nobody signed are good', async () => {
  const raw = signedBy(at('ada'));
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: raw.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (index, change) => {
        const changed = Buffer.from(raw);
        changed[index] = (changed[index] ?? 0) ^ change;
        const seen = await judge(changed, { allowedSigners: line('ada') });
        // White space in the armor, and what stands around it, is no part of what was signed.
        if (seen.verdict === 'good') assert.deepEqual(separatedPayload(changed), separatedPayload(raw));
      },
    ),
    { numRuns: 400 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      assert.notEqual(
        (await judge(bytes, { allowedSigners: line('ada'), revokedKeys: bytes })).verdict,
        'good',
      );
    }),
  );
});

function separatedPayload(raw: Buffer): string {
  return raw.toString('latin1').replace(/\ngpgsig [^]*?-----END SSH SIGNATURE-----/, '');
}
