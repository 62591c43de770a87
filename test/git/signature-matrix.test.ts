/** Every case is judged twice: by ssh-keygen as git calls it, and by us. We accept what it accepts, for the same principals; where we are stricter the case says why. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createSignatureJudge, type CommitVerdict } from '../../daemon/git/commit-signature.ts';
import { withSignature } from '../../daemon/git/commit.ts';
import { listedKeys, type ListedKey } from '../../daemon/git/listed-keys.ts';
import { verifyCommitSignature } from '../../daemon/git/signature.ts';
import { armor, createSshReader, signatureBlob, signedData, sshString } from '../../daemon/git/sshsig.ts';

const root = mkdtempSync(join(tmpdir(), 'renewd-matrix-'));
const at = (name: string): string => join(root, name);
const when = Date.UTC(2026, 10, 20, 12);
const candidates = ['ada@example.com', 'bob@example.com', 'ada', 'a b@example.com', '\u00e9'];
const payload = Buffer.from(
  `tree ${'0'.repeat(40)}\nauthor A <a@b> 1700000000 +0000\ncommitter A <a@b> 1700000000 +0000\n\nSubject\n`,
);

const keygen = (...words: string[]): void => {
  execFileSync('ssh-keygen', ['-q', ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
};
const makeKey = (name: string, ...words: string[]): void => {
  keygen(...(words.length > 0 ? words : ['-t', 'ed25519']), '-N', '', '-C', name, '-f', at(name));
};
const key = (name: string): string =>
  readFileSync(at(`${name}.pub`), 'utf8')
    .trim()
    .split(' ')
    .slice(0, 2)
    .join(' ');
const blobOf = (name: string): Buffer => Buffer.from(key(name).split(' ')[1] ?? '', 'base64');

/** Armored, by ssh-keygen. */
function signed(name: string, namespace = 'git', hash = 'sha512'): string {
  const run = spawnSync(
    'ssh-keygen',
    ['-q', '-Y', 'sign', '-n', namespace, '-O', `hashalg=${hash}`, '-f', at(name)],
    { input: payload, encoding: 'utf8' },
  );
  assert.equal(run.status, 0, run.stderr);
  return run.stdout;
}

/** A signature of our own making, for what ssh-keygen does not make. */
function made(
  name: string,
  change: {
    readonly key?: Buffer;
    readonly behind?: Buffer;
    readonly inner?: Buffer;
    readonly hash?: 'sha256' | 'sha512' | 'sha1';
    readonly reserved?: string;
    readonly version?: number;
    readonly algorithm?: string;
  } = {},
): string {
  const hash = change.hash ?? 'sha512';
  const message = signedData('git', hash, createHash(hash).update(payload).digest());
  const type = key(name).split(' ')[0] ?? '';
  const algorithm = change.algorithm ?? type;
  const digest = { 'ssh-rsa': 'sha1', 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }[algorithm];
  const secret = createPrivateKey(readFileSync(at(`${name}.pem`)));
  const raw = sign(digest ?? null, message, secret);
  const signature = Buffer.concat([
    sshString(algorithm),
    sshString(raw),
    ...(change.inner === undefined ? [] : [change.inner]),
  ]);
  const reserved = sshString(change.reserved ?? '');
  const blob = Buffer.concat([
    Buffer.from('SSHSIG'),
    Buffer.from([0, 0, 0, change.version ?? 1]),
    sshString(change.key ?? blobOf(name)),
    sshString('git'),
    reserved,
    sshString(hash),
    sshString(signature),
    ...(change.behind === undefined ? [] : [change.behind]),
  ]);
  return armor(blob);
}

interface Case {
  readonly name: string;
  /** allowed_signers; `KEY` stands for ada's. */
  readonly list: string | (() => string);
  /** Default: ada's, over the payload. */
  readonly signature?: () => string;
  readonly revoked?: () => string | Buffer;
  /** Why we refuse what ssh-keygen accepts. */
  readonly stricter?: string;
  /** Default: `when`. */
  readonly at?: number;
  readonly zone?: string;
}

/** Whom ssh-keygen names: every candidate for whom `-Y verify` says yes. */
function theirs({ list, signature, revoked, zone, at: time }: Prepared): string[] {
  writeFileSync(at('allowed'), list);
  writeFileSync(at('sig'), signature);
  if (revoked !== null) writeFileSync(at('revoked'), revoked);
  const stamp = new Date(time).toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const more = revoked === null ? [] : ['-r', at('revoked')];
  return candidates.filter((principal) => {
    const words = ['-Y', 'verify', '-n', 'git', '-f', at('allowed'), '-I', principal, '-s', at('sig')];
    const run = spawnSync('ssh-keygen', [...words, `-Overify-time=${stamp}Z`, ...more], {
      input: payload,
      encoding: 'utf8',
      env: { ...process.env, TZ: zone },
    });
    return run.status === 0;
  });
}

/** Whom git names: the principals of the first line with the key, each of whom ssh-keygen must then accept. */
function gitAccepts({ revoked, zone, at: time }: Prepared): boolean {
  const stamp = `-Overify-time=${new Date(time).toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`;
  const env = { ...process.env, TZ: zone };
  const found = spawnSync(
    'ssh-keygen',
    ['-Y', 'find-principals', '-f', at('allowed'), '-s', at('sig'), stamp],
    { encoding: 'utf8', env },
  );
  if (found.status !== 0) return false;
  const more = revoked === null ? [] : ['-r', at('revoked')];
  return found.stdout
    .split('\n')
    .filter((each) => each !== '')
    .some((principal) => {
      const words = ['-Y', 'verify', '-n', 'git', '-f', at('allowed'), '-I', principal, '-s', at('sig')];
      return spawnSync('ssh-keygen', [...words, stamp, ...more], { input: payload, env }).status === 0;
    });
}

interface Prepared {
  readonly list: string;
  readonly signature: string;
  readonly revoked: Buffer | null;
  readonly zone: string;
  readonly at: number;
}

function prepare(each: Case): Prepared {
  const list = typeof each.list === 'string' ? each.list.replaceAll('KEY', key('ada')) : each.list();
  const revoked = each.revoked === undefined ? null : Buffer.from(each.revoked());
  const signature = each.signature?.() ?? signed('ada');
  return { list, signature, revoked, zone: each.zone ?? 'UTC', at: each.at ?? when };
}

/** Ours, in the time zone of the case. */
async function ours(
  each: Prepared,
): Promise<{ readonly verdict: CommitVerdict; readonly own: string; readonly listed: readonly ListedKey[] }> {
  const zone = process.env['TZ'];
  process.env['TZ'] = each.zone;
  try {
    const raw = withSignature(payload, each.signature);
    const trust = {
      allowedSigners: each.list,
      revokedKeys: each.revoked,
      openPgpKeys: new Map<string, string>(),
    };
    const verdict = await createSignatureJudge(trust).judge(raw, each.at);
    const listed = await listedKeys(trust, each.at, candidates);
    return { verdict, own: verifyCommitSignature(raw, each.list, each.at).verdict, listed };
  } finally {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  }
}

async function compare(each: Case): Promise<void> {
  const prepared = prepare(each);
  const accepted = theirs(prepared);
  const byGit = gitAccepts(prepared);
  const { verdict, own, listed } = await ours(prepared);
  const said = `${verdict.verdict} (${verdict.reason}); ssh-keygen accepts for [${accepted.join(', ')}]`;
  const good = verdict.verdict === 'good';
  if (each.stricter !== undefined) {
    assert.ok(accepted.length > 0 || byGit, `ssh-keygen refuses too, so nothing is stricter: ${said}`);
    assert.ok(!good, `we accept: ${said}`);
    assert.notEqual(own, 'good', 'the records');
    return;
  }
  if (byGit) assert.ok(good, `git accepts, we do not: ${said}`);
  if (accepted.length > 0) assert.ok(good, `ssh-keygen accepts, we do not: ${said}`);
  if (good && accepted.length === 0 && !byGit) assert.fail(`we accept, ssh-keygen does not: ${said}`);
  // What the lists say of a key, asked without a signature, is what a sound signature by it is.
  const counting = listed.filter((one) => one.verdict.verdict === 'good');
  if (verdict.method === 'ssh' && verdict.verdict !== 'bad')
    assert.equal(
      counting.some((one) => one.verdict.key === verdict.key),
      good,
      `the list says otherwise: ${said}`,
    );
  for (const name of good && verdict.method === 'ssh-certificate' ? verdict.principals : [])
    if (candidates.includes(name))
      assert.ok(
        counting.some((one) => one.names.includes(name)),
        `the CA could not name ${name}: ${said}`,
      );
  // A pattern in our answer names nobody of its own.
  const named = verdict.principals.filter((one) => candidates.includes(one));
  for (const one of named) assert.ok(accepted.includes(one), `we name ${one}: ${said}`);
  if (prepared.revoked === null && verdict.method === 'ssh')
    assert.equal(own === 'good', good, `the judge of records says ${own}: ${said}`);
}

before(() => {
  for (const name of ['ada', 'bob', 'ca', 'ca2', 'worker', 'host']) makeKey(name);
  makeKey('p256', '-t', 'ecdsa', '-b', '256');
  makeKey('p384', '-t', 'ecdsa', '-b', '384');
  makeKey('p521', '-t', 'ecdsa', '-b', '521');
  makeKey('rsa2048', '-t', 'rsa', '-b', '2048', '-m', 'PEM');
  makeKey('rsa4096', '-t', 'rsa', '-b', '4096');
  makeKey('rsa1024', '-t', 'rsa', '-b', '1024');
  makeKey('dsa', '-t', 'dsa');
  writeFileSync(at('rsa2048.pem'), readFileSync(at('rsa2048')));
  writeFileSync(at('ada.pem'), pkcs8Of('ada'));
});
after(() => rmSync(root, { recursive: true, force: true }));

/** The seed of an Ed25519 key in OpenSSH's format, as PKCS#8. */
function pkcs8Of(name: string): string {
  const body = readFileSync(at(name), 'utf8').replaceAll(/-----[^-]+-----|\s/g, '');
  const bytes = Buffer.from(body, 'base64');
  const reader = createSshReader(bytes.subarray('openssh-key-v1\0'.length));
  for (let each = 0; each < 3; each++) reader.string();
  reader.uint32();
  reader.string();
  const inner = createSshReader(reader.string());
  inner.uint32();
  inner.uint32();
  inner.string();
  inner.string();
  const seed = inner.string().subarray(0, 32);
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
}

const who = 'ada@example.com';
const opt = (options: string, more: Partial<Case> = {}): Case => ({
  name: `options ${options}`,
  list: `${who} ${options} KEY\n`,
  ...more,
});
const principal = (text: string, more: Partial<Case> = {}): Case => ({
  name: `principals ${text}`,
  list: `${text} KEY\n`,
  ...more,
});
const impossible = 'ssh-keygen takes the day after the last one; a date that no calendar has is a slip';

const options: readonly Case[] = [
  ...['git', 'file', 'file,git', 'g*', '*', '!git,*', 'git,!git', '', 'GIT', 'file, git', 'gi?', ' git'].map(
    (each) => opt(`namespaces="${each}"`),
  ),
  ...[
    '20301301',
    '20300001',
    '20300100',
    '20301231',
    '20301231Z',
    '20301231z',
    '20301231UTC',
    '203012312359',
    '203012312359Z',
    '20301231235959',
    '20301231235959Z',
    '203012312460Z',
    '203012312400Z',
    '203001010060Z',
    '20300132',
    '2030',
    '203012',
    '2030123123',
    '20301231T00',
    '2030-12-31',
    ' 20301231',
    '20301231 ',
    '+2030123',
    '',
    'never',
    '99991231',
    '00000101',
    '19700101Z',
    '19691231Z',
    '20261120120000Z',
    '20261120115959Z',
    '20261120120001Z',
    '20261120',
    '20261121',
  ].flatMap((each) => [opt(`valid-before="${each}"`), opt(`valid-after="${each}"`)]),
  opt('valid-before="20300230Z"', { stricter: impossible }),
  opt('valid-before="20300431"', { stricter: impossible }),
  opt('valid-before="20290229Z"', { stricter: impossible }),
  opt('valid-before="20280229Z"'),
  opt('valid-before="20301231235960Z"', { stricter: 'leap seconds have not happened yet' }),
  opt('valid-before="20261120130000"', { zone: 'Europe/Berlin' }),
  opt('valid-before="20261120125959"', { zone: 'Europe/Berlin' }),
  opt('valid-before="20260720130000"', { zone: 'Europe/Berlin', at: Date.UTC(2026, 6, 20, 12) }),
  opt('valid-before="20260720125959"', { zone: 'Europe/Berlin', at: Date.UTC(2026, 6, 20, 12) }),
  opt('valid-after="20260720070001"', { zone: 'America/New_York', at: Date.UTC(2026, 6, 20, 12) }),
  opt('valid-after="20260720070000"', { zone: 'America/New_York', at: Date.UTC(2026, 6, 20, 12) }),
  opt('valid-after="20250101",valid-before="20300101"'),
  opt('valid-after="20300101",valid-before="20250101"'),
  opt('valid-after="20250101",valid-before="20250101"'),
  opt('valid-before=20301231'),
  opt('valid-before="20301231'),
  opt("valid-before='20301231'"),
  opt('valid-before'),
  opt('namespaces=git'),
  opt('namespaces'),
  opt('namespaces="git",namespaces="git"'),
  opt('namespaces="git",namespaces="file"'),
  opt('valid-before="20301231",valid-before="20301231"'),
  opt('namespaces="git" namespaces="git"'),
  opt('NAMESPACES="git"'),
  opt('Valid-Before="20200101"'),
  opt('namespaces="git",'),
  opt(',namespaces="git"', { stricter: 'an option without a name is a slip' }),
  opt('namespaces="git",,valid-before="20301231"', { stricter: 'an option without a name is a slip' }),
  opt('namespaces="git"valid-before="20301231"'),
  opt('namespaces="git", valid-before="20301231"'),
  opt('namespaces="g\\"it,git"'),
  opt('namespaces = "git"'),
  opt('cert-authority'),
  opt('cert-authority="yes"'),
  opt('no-touch-required'),
  opt('verify-required'),
  opt('restrict'),
  opt('some-new-option="x"'),
  opt('"namespaces=git"'),
];

const lines: readonly Case[] = [
  ...[
    who,
    'bob@example.com',
    '*@example.com',
    '*@*',
    '*',
    'a??@example.com',
    'A?a@example.com',
    'ADA@EXAMPLE.COM',
    '!ada@example.com',
    '*@example.com,!ada@example.com',
    '!ada@example.com,*@example.com',
    'ada@example.com,!ada@example.com',
    'bob@example.com,ada@example.com',
    'bob@example.com,,ada@example.com',
    ',ada@example.com',
    '"ada@example.com"',
    '"a b@example.com"',
    'a"da@example.com"',
    '"ada@example.com',
    'ada@example.com"',
    '"ada@example.com"bob@example.com',
    '\uFEFFada@example.com',
    '\u000bada@example.com',
    '\u00a0ada@example.com',
    '""',
    '[a]da@example.com',
    'ada@example.com#comment',
  ].map((each) => principal(each)),
  ...[1021, 1022, 1023, 1024, 5000].flatMap((size) => [
    { name: `another pattern of ${String(size)}`, list: `${'x'.repeat(size)},${who} KEY\n` },
    { name: `another pattern of ${String(size)} behind`, list: `${who},${'x'.repeat(size)} KEY\n` },
    { name: `an exclusion of ${String(size)}`, list: `!${'x'.repeat(size)},${who} KEY\n` },
    { name: `stars, ${String(size)} of them`, list: `${'*'.repeat(size)} KEY\n` },
    {
      name: `two bytes each, ${String(size / 2)} of them`,
      list: `${'\u00e9'.repeat(Math.floor(size / 2))},${who} KEY\n`,
    },
    { name: `a namespace of ${String(size)}`, list: `${who} namespaces="git,${'x'.repeat(size)}" KEY\n` },
  ]),
  { name: 'CRLF', list: `${who} KEY\r\n` },
  { name: 'CR alone between lines', list: `bob@example.com nonsense\r${who} KEY\n` },
  { name: 'CRLF after options and comment', list: `# x\r\n\r\n${who} namespaces="git" KEY comment\r\n` },
  { name: 'tabs', list: () => `${who}\tnamespaces="git"\t${key('ada').replace(' ', '\t')}\n` },
  {
    name: 'blanks in front and between',
    list: () => `  \t ${who}   namespaces="git"  ${key('ada').replace(' ', '   ')}  c\n`,
  },
  { name: 'no newline at the end', list: `${who} KEY` },
  { name: 'blank lines, comments', list: `\n   \n# ${who} KEY\n\t# c\n${who} KEY # c\n` },
  { name: 'only a comment', list: `#${who} KEY\n` },
  { name: 'a comment in front of the key', list: `${who} # KEY\n` },
  { name: 'a very long line', list: `${'x'.repeat(50_000)},${who} KEY\n` },
  { name: 'a very long comment', list: `${who} KEY ${'c'.repeat(200_000)}\n` },
  { name: 'a key in two words', list: () => `${who} ${key('ada').slice(0, 40)} ${key('ada').slice(40)}\n` },
  { name: 'something glued to the key', list: `${who} KEY#c\n` },
  { name: 'padding too much', list: `${who} KEY==\n` },
  { name: 'a key cut short', list: () => `${who} ${key('ada').slice(0, -4)}\n` },
  {
    name: 'a type that is not that of the key',
    list: () => `${who} ssh-rsa ${key('ada').split(' ')[1] ?? ''}\n`,
  },
  { name: 'a type in capitals', list: () => `${who} ${key('ada').replace('ssh', 'SSH')}\n` },
  { name: 'the key alone', list: 'KEY\n' },
  { name: 'the principal behind the key', list: `KEY ${who}\n` },
  {
    name: 'NUL behind the key',
    list: `${who} KEY\0x\n`,
    stricter: 'C stops at NUL and others do not: such a line allows nobody',
  },
  { name: 'NUL in front', list: `\0${who} KEY\n` },
  { name: 'a broken line in front', list: `${who} nonsense\n${who} KEY\n` },
  { name: 'broken options in front', list: `${who} valid-before="x" KEY\n${who} KEY\n` },
  { name: 'an expired line in front', list: `${who} valid-before="20200101" KEY\n${who} KEY\n` },
  { name: 'another namespace in front', list: `${who} namespaces="file" KEY\n${who} KEY\n` },
  {
    name: 'another person expired in front',
    list: `bob@example.com valid-before="20200101" KEY\n${who} KEY\n`,
  },
  { name: 'another person for files in front', list: `bob@example.com namespaces="file" KEY\n${who} KEY\n` },
  { name: 'two people with one key', list: `bob@example.com KEY\n${who} KEY\n` },
  { name: 'a CA line in front', list: `${who} cert-authority KEY\n${who} KEY\n` },
  {
    name: 'every line expired',
    list: `${who} valid-before="20200101" KEY\n${who} valid-before="20210101" KEY\n`,
  },
  { name: 'an empty list', list: '' },
];

const keysAndBytes: readonly Case[] = [
  ...['p256', 'p384', 'p521', 'rsa2048', 'rsa4096'].flatMap((name) =>
    ['sha256', 'sha512'].map((hash) => ({
      name: `${name} ${hash}`,
      list: () => `${who} ${key(name)}\n`,
      signature: () => signed(name, 'git', hash),
    })),
  ),
  {
    name: 'dsa',
    list: () => `${who} ${key('dsa')}\n`,
    signature: () => signed('dsa'),
    stricter: 'DSA is SHA-1 and 1024 bits',
  },
  {
    name: 'rsa 1024',
    list: () => `${who} ${key('rsa1024')}\n`,
    signature: () => signed('rsa1024'),
    stricter: 'RSA under 2048 bits is too short',
  },
  ...['ssh-rsa', 'rsa-sha2-256', 'rsa-sha2-512'].map((algorithm) => ({
    name: `made: ${algorithm}`,
    list: () => `${who} ${key('rsa2048')}\n`,
    signature: () => made('rsa2048', { algorithm }),
  })),
  { name: 'made: as it should be', list: `${who} KEY\n`, signature: () => made('ada') },
  { name: 'made: sha256', list: `${who} KEY\n`, signature: () => made('ada', { hash: 'sha256' }) },
  { name: 'made: sha1', list: `${who} KEY\n`, signature: () => made('ada', { hash: 'sha1' }) },
  { name: 'made: version 2', list: `${who} KEY\n`, signature: () => made('ada', { version: 2 }) },
  {
    name: 'made: version 0',
    list: `${who} KEY\n`,
    signature: () => made('ada', { version: 0 }),
    stricter: 'there was never a version 0: PROTOCOL.sshsig knows 1',
  },
  { name: 'made: reserved bytes', list: `${who} KEY\n`, signature: () => made('ada', { reserved: 'x' }) },
  {
    name: 'made: bytes behind',
    list: `${who} KEY\n`,
    signature: () => made('ada', { behind: Buffer.from('x') }),
  },
  {
    name: 'made: a string behind',
    list: `${who} KEY\n`,
    signature: () => made('ada', { behind: sshString('') }),
  },
  {
    name: 'made: bytes behind the signature',
    list: `${who} KEY\n`,
    signature: () => made('ada', { inner: Buffer.from('x') }),
  },
  {
    name: 'made: another algorithm',
    list: `${who} KEY\n`,
    signature: () => made('ada', { algorithm: 'ssh-ed448' }),
  },
  {
    name: 'made: bytes behind the key, listed as such',
    list: () =>
      `${who} ssh-ed25519 ${Buffer.concat([blobOf('ada'), Buffer.from('xyz')]).toString('base64')}\n`,
    signature: () => made('ada', { key: Buffer.concat([blobOf('ada'), Buffer.from('xyz')]) }),
  },
  ...['file', 'GIT', 'git ', 'gi'].map((namespace) => ({
    name: `namespace ${namespace}`,
    list: `${who} KEY\n`,
    signature: () => signed('ada', namespace),
  })),
  { name: 'by somebody else', list: `${who} KEY\n`, signature: () => signed('bob') },
  ...(
    [
      [
        'text behind the armor',
        (text: string) => `${text}more\n`,
        'what stands behind the armor is signed by nobody',
      ],
      ['two signatures', (text: string) => text + text, 'which of two counts would be a guess'],
      ['text in front of the armor', (text: string) => `x\n${text}`],
      ['CRLF armor', (text: string) => text.replaceAll('\n', '\r\n')],
      [
        'blanks in the armor',
        (text: string) => text.replaceAll(/\n(?=[A-Za-z0-9])/g, '\n '),
        'git writes no blanks there',
      ],
      ['one long line', (text: string) => text.replaceAll(/(?<=[A-Za-z0-9+/])\n(?=[A-Za-z0-9+/=])/g, '')],
      ['armor of a message', (text: string) => text.replaceAll('SSH SIGNATURE', 'SSH MESSAGE')],
      ['no end', (text: string) => text.replace(/-----END.*\n/, '')],
      ['four dashes', (text: string) => text.replaceAll('-----', '----')],
      ['padding in the middle', (text: string) => text.replace('\nU1NI', '\nU1N=\nU1NI')],
      ['base64url', (text: string) => text.replace('\nU1NI', '\nU1N_')],
      [
        'one letter changed',
        (text: string) =>
          text.replace(
            /([A-Za-z])([A-Za-z0-9+/]{9}\n-----END)/,
            (_, one: string, rest: string) => (one === 'A' ? 'B' : 'A') + rest,
          ),
      ],
    ] as const
  ).map(([name, change, stricter]) => ({
    name,
    list: `${who} KEY\n`,
    signature: () => change(signed('ada')),
    ...(stricter === undefined ? {} : { stricter }),
  })),
];

/** A signature by a new certificate. */
const certified =
  (...words: string[]) =>
  (): string => {
    keygen('-s', at('ca'), '-I', 'id', ...words, at('worker.pub'));
    return signed('worker-cert.pub');
  };
const caLine =
  (principals: string, more = ''): (() => string) =>
  () =>
    `${principals} cert-authority${more} ${key('ca')}\n`;
const valid = ['-V', '20200101:20300101'];

const certificates: readonly Case[] = [
  { name: 'as it should be', list: caLine('*@example.com'), signature: certified('-n', who, ...valid) },
  {
    name: 'for two, one allowed',
    list: caLine('ada@*'),
    signature: certified('-n', `${who},bob@example.com`, ...valid),
  },
  { name: 'expired', list: caLine('*'), signature: certified('-n', who, '-V', '20200101:20210101') },
  { name: 'not yet valid', list: caLine('*'), signature: certified('-n', who, '-V', '20280101:20300101') },
  {
    name: 'begins this second',
    list: caLine('*'),
    signature: certified('-n', who, '-V', '20261120120000:20300101'),
  },
  {
    name: 'ends this second',
    list: caLine('*'),
    signature: certified('-n', who, '-V', '20200101:20261120120000'),
  },
  { name: 'for ever', list: caLine('*'), signature: certified('-n', who) },
  { name: 'another principal', list: caLine(who), signature: certified('-n', 'bob@example.com', ...valid) },
  { name: 'no principal', list: caLine('*'), signature: certified(...valid) },
  { name: 'a principal that is a pattern', list: caLine('*'), signature: certified('-n', '*', ...valid) },
  { name: 'one sign for two bytes', list: caLine('?'), signature: certified('-n', '\u00e9', ...valid) },
  { name: 'two signs for two bytes', list: caLine('??'), signature: certified('-n', '\u00e9', ...valid) },
  {
    name: 'an excluded principal',
    list: caLine(`*@example.com,!${who}`),
    signature: certified('-n', who, ...valid),
  },
  { name: 'of a host', list: caLine('*'), signature: certified('-h', '-n', who, ...valid) },
  {
    name: 'restricted to a command',
    list: caLine('*'),
    signature: certified('-n', who, ...valid, '-O', 'force-command=/x'),
    stricter: 'what a certificate is restricted to is not signing',
  },
  {
    name: 'restricted to addresses',
    list: caLine('*'),
    signature: certified('-n', who, ...valid, '-O', 'source-address=10.0.0.0/8'),
    stricter: 'what a certificate is restricted to is not signing',
  },
  { name: 'without extensions', list: caLine('*'), signature: certified('-n', who, ...valid, '-O', 'clear') },
  {
    name: 'another CA',
    list: () => `* cert-authority ${key('ca2')}\n`,
    signature: certified('-n', who, ...valid),
  },
  {
    name: 'CA without cert-authority',
    list: () => `${who} ${key('ca')}\n`,
    signature: certified('-n', who, ...valid),
  },
  {
    name: 'the key inside listed as a plain one',
    list: () => `${who} ${key('worker')}\n`,
    signature: certified('-n', who, ...valid),
  },
  {
    name: 'CA line expired',
    list: caLine('*', ',valid-before="20200101"'),
    signature: certified('-n', who, ...valid),
  },
  {
    name: 'CA line for files',
    list: caLine('*', ',namespaces="file"'),
    signature: certified('-n', who, ...valid),
  },
  {
    name: 'CA line for git',
    list: caLine('*', ',namespaces="git"'),
    signature: certified('-n', who, ...valid),
  },
  {
    name: 'the certificate itself listed',
    list: () => `${who} ${key('worker-cert')}\n`,
    signature: certified('-n', who, ...valid),
  },
];

const krl = (...names: string[]): Buffer => {
  keygen('-k', '-f', at('krl'), ...names.map((each) => at(each)));
  return readFileSync(at('krl'));
};
const revocations: readonly Case[] = [
  { name: 'text: the key', list: `${who} KEY\n`, revoked: () => `${key('ada')}\n` },
  {
    name: 'text: the key with a comment, CRLF',
    list: `${who} KEY\n`,
    revoked: () => `# x\r\n\r\n${key('ada')} c\r\n`,
  },
  { name: 'text: another key', list: `${who} KEY\n`, revoked: () => `${key('bob')}\n` },
  { name: 'text: nothing', list: `${who} KEY\n`, revoked: () => '' },
  { name: 'text: nonsense', list: `${who} KEY\n`, revoked: () => 'nonsense\n' },
  { name: 'text: the key behind blanks', list: `${who} KEY\n`, revoked: () => `  ${key('ada')}\n` },
  {
    name: 'text: the CA',
    list: caLine('*'),
    signature: certified('-n', who, ...valid),
    revoked: () => `${key('ca')}\n`,
  },
  {
    name: 'text: the key of a certificate',
    list: caLine('*'),
    signature: certified('-n', who, ...valid),
    revoked: () => `${key('worker')}\n`,
  },
  { name: 'KRL: the key', list: `${who} KEY\n`, revoked: () => krl('ada.pub') },
  { name: 'KRL: another key', list: `${who} KEY\n`, revoked: () => krl('bob.pub') },
  {
    name: 'KRL: the CA',
    list: caLine('*'),
    signature: certified('-n', who, ...valid),
    revoked: () => krl('ca.pub'),
  },
  { name: 'KRL: cut short', list: `${who} KEY\n`, revoked: () => krl('bob.pub').subarray(0, 50) },
  {
    name: 'KRL: by serial',
    list: caLine('*'),
    signature: certified('-n', who, '-z', '7', ...valid),
    revoked: () => {
      writeFileSync(at('spec'), 'serial: 5-9\n');
      keygen('-k', '-f', at('krl'), '-s', at('ca.pub'), at('spec'));
      return readFileSync(at('krl'));
    },
  },
  {
    name: 'KRL: another serial',
    list: caLine('*'),
    signature: certified('-n', who, '-z', '17', ...valid),
    revoked: () => {
      writeFileSync(at('spec'), 'serial: 5-9\n');
      keygen('-k', '-f', at('krl'), '-s', at('ca.pub'), at('spec'));
      return readFileSync(at('krl'));
    },
  },
  {
    name: 'KRL: by hash',
    list: `${who} KEY\n`,
    revoked: () => {
      writeFileSync(at('spec'), `sha256: ${key('ada')}\n`);
      keygen('-k', '-f', at('krl'), at('spec'));
      return readFileSync(at('krl'));
    },
  },
];

for (const [group, cases] of Object.entries({ options, lines, keysAndBytes, certificates, revocations })) {
  describe(group, () => {
    for (const each of cases) test(JSON.stringify(each.name), () => compare(each));
  });
}

test('the matrix is at least 60 cases, and every stricter one says why', () => {
  const all = [options, lines, keysAndBytes, certificates, revocations].flat();
  assert.ok(all.length >= 60);
  assert.ok(signatureBlob(blobOf('ada'), 'git', 'sha512', Buffer.alloc(0)).length > 0);
});
