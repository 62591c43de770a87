/** What stock git, gpg, ssh-keygen and forges write is accepted; what is mutated at random is refused wherever `git fsck --strict` refuses it. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { separateSignature, soundParts } from '../../daemon/git/commit.ts';
import { commitFault, treeFault } from '../../daemon/git/grammar.ts';
import { workshop, type Workshop } from './git-server.ts';

/** The same mutations in every run: what a new seed finds is found on purpose, not by somebody's CI. */
const seed = 20_261_128;
const empty = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** Writes a loose object past every check of git, and returns its id. */
function write(directory: string, type: string, bytes: Uint8Array): string {
  const whole = Buffer.concat([Buffer.from(`${type} ${String(bytes.length)}\0`), bytes]);
  const oid = createHash('sha1').update(whole).digest('hex');
  mkdirSync(join(directory, '.git/objects', oid.slice(0, 2)), { recursive: true });
  writeFileSync(join(directory, '.git/objects', oid.slice(0, 2), oid.slice(2)), deflateSync(whole));
  return oid;
}

/** Ids of objects that one `git fsck --strict` over the whole repository names in an error or warning. */
function faulty(directory: string): ReadonlySet<string> {
  const { stdout, stderr } = spawnSync(
    'git',
    ['-C', directory, 'fsck', '--strict', '--no-dangling', '--no-progress'],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => /^(?:error|warning|fatal)/.test(line));
  return new Set(lines.flatMap((line) => line.match(/\b[0-9a-f]{40}\b/g) ?? []));
}

/** A repository that has been lived in: every object in it was written by stock git. */
function livedIn(context: TestContext): { readonly shop: Workshop; readonly directory: string } {
  const shop = workshop(context);
  const directory = join(shop.directory, 'r');
  shop.git('init', '-q', '-b', 'main', 'r');
  const git = (...args: string[]): string => shop.git('-C', 'r', ...args).trim();
  const dated = (date: string, ...args: string[]): string =>
    execFileSync('git', ['-C', directory, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: '/nonexistent',
        GIT_AUTHOR_NAME: 'Ærø "Ö" Ñandú, Jr.',
        GIT_AUTHOR_EMAIL: 'a+b@example.com',
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_NAME: '山田 太郎',
        GIT_COMMITTER_EMAIL: '',
        GIT_COMMITTER_DATE: date,
      },
    }).trim();
  writeFileSync(join(directory, 'a'), 'a\n');
  writeFileSync(join(directory, 'tool'), '#!/bin/sh\n');
  chmodSync(join(directory, 'tool'), 0o755);
  symlinkSync('a', join(directory, 'link'));
  for (const folder of ['a-', 'a.b', 'b', 'a0']) {
    mkdirSync(join(directory, folder));
    writeFileSync(join(directory, folder, 'ä ö.yaml'), 'x\n');
  }
  writeFileSync(join(directory, '.gitattributes'), '* text\n');
  writeFileSync(
    join(directory, '.gitmodules'),
    '[submodule "m"]\n\tpath = m\n\turl = https://example.com/m\n',
  );
  git('add', '-A');
  git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},m`);
  git('commit', '-q', '-m', 'Modes, links, a submodule');
  const zones = ['+0545', '-0000', '+1400', '-1200', '+0000', '-0930', '+9959'];
  for (const zone of zones) dated(`1700000000 ${zone}`, 'commit', '-q', '--allow-empty', '-m', zone);
  // Some nine thousand years after the first moment git can write.
  for (const seconds of ['0', '1', '253402300799'])
    git(
      'update-ref',
      `refs/heads/at-${seconds}`,
      dated(`@${seconds} +0000`, 'commit-tree', '-m', 'x', empty),
    );
  dated('1700000000 +0100', 'commit', '-q', '--allow-empty', '--allow-empty-message', '-m', '');
  git('-c', 'i18n.commitEncoding=ISO-8859-1', 'commit', '-q', '--allow-empty', '-m', 'Latin');
  shop.gitWith(
    Buffer.from('caf\xe9\n', 'latin1'),
    ...['-C', 'r', '-c', 'i18n.commitEncoding=ISO-8859-1', 'commit', '-q', '--allow-empty', '-F', '-'],
  );
  const plain = (message: string | Uint8Array, ref: string, ...more: string[]): void => {
    git(
      'update-ref',
      `refs/heads/${ref}`,
      shop.gitWith(message, '-C', 'r', 'commit-tree', ...more, empty).trim(),
    );
  };
  plain('Subject\r\n\r\nBody\r\n', 'crlf');
  plain('', 'no-message');
  plain('no end of line', 'no-end');
  plain('\n\n\nlate subject\n', 'late');
  plain('tree of life\nparent x\nauthor y\n\ngpgsig z\n', 'header-like');
  plain('\u202e\u0007\ttext\u001b[0m\n', 'controls');
  // Merges: of two, of three, of histories with nothing in common, and of a signed tag (mergetag).
  for (const name of ['one', 'two', 'three']) {
    git('checkout', '-q', '-b', name, 'main');
    git('commit', '-q', '--allow-empty', '-m', name);
  }
  git('checkout', '-q', 'main');
  git('merge', '-q', '--no-ff', '-m', 'Merge', 'one');
  git('merge', '-q', '-m', 'Octopus', 'two', 'three');
  git('merge', '-q', '-s', 'ours', '--allow-unrelated-histories', '-m', 'Unrelated', 'crlf');
  writeFileSync(join(directory, 'a'), 'b\n');
  git('commit', '-q', '-a', '-m', 'Change');
  git('revert', '--no-edit', 'HEAD');
  git('notes', 'add', '-m', 'note', 'HEAD');
  writeFileSync(join(directory, 'a'), 'changed\n');
  git('stash', '-q');
  return { shop, directory };
}

/** Signs a commit, a merge of a signed tag and an amended commit, as `git commit -S` does with either program. */
function signedBy(shop: Workshop, config: readonly string[], name: string, env: NodeJS.ProcessEnv): void {
  const run = (...args: string[]): string =>
    execFileSync('git', ['-C', join(shop.directory, 'r'), ...config, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...env,
        GIT_CONFIG_GLOBAL: '/dev/null',
        EMAIL: 'a@example.com',
        GIT_AUTHOR_NAME: 'A',
        GIT_COMMITTER_NAME: 'A',
      },
    });
  run('checkout', '-q', '-b', `${name}-side`, 'main');
  run('commit', '-q', '-S', '--allow-empty', '-m', 'Side');
  run('tag', '-s', '-m', 'A tag\n\nwith two paragraphs', `${name}-tag`);
  run('checkout', '-q', '-b', name, 'main');
  run('commit', '-q', '-S', '--allow-empty', '-m', `Signed\n\nTrailer: yes`);
  run('merge', '-q', '-S', '--no-ff', '-m', 'Merge of a tag', `${name}-tag`);
  run('commit', '-q', '-S', '--amend', '--no-edit', '--allow-empty');
  assert.match(run('cat-file', 'commit', 'HEAD'), /^mergetag object [\s\S]*^gpgsig /m);
}

/** Every commit and tree of a repository, each with its bytes. */
function objectsOf(
  directory: string,
): { readonly oid: string; readonly type: string; readonly bytes: Buffer }[] {
  const all = execFileSync('git', ['-C', directory, 'cat-file', '--batch-all-objects', '--batch']);
  const objects = [];
  for (let at = 0; at < all.length;) {
    const end = all.indexOf('\n', at);
    const [oid = '', type = '', size = ''] = all.toString('latin1', at, end).split(' ');
    const bytes = all.subarray(end + 1, end + 1 + Number(size));
    if (type === 'commit' || type === 'tree') objects.push({ oid, type, bytes });
    at = end + 2 + Number(size);
  }
  return objects;
}

function allSound(directory: string): number {
  const complained = faulty(directory);
  const objects = objectsOf(directory);
  for (const { oid, type, bytes } of objects) {
    const fault = type === 'commit' ? commitFault(bytes) : treeFault(bytes);
    assert.equal(fault, null, `${type} ${oid}: ${fault ?? ''}\n${bytes.toString('latin1')}`);
    assert.ok(!complained.has(oid), `${type} ${oid}: git complains itself`);
    if (type === 'commit') assert.notEqual(typeof soundParts(bytes), 'string');
  }
  return objects.length;
}

test('what stock git writes is accepted: zones, encodings, messages, merges, modes, links, submodules', (context) => {
  const { directory } = livedIn(context);
  assert.ok(allSound(directory) > 30);
});

test(
  'what git writes with ssh-keygen is accepted, a merge of a signed tag too',
  { skip: spawnSync('ssh-keygen', ['-?']).error === undefined ? false : 'ssh-keygen is not installed' },
  (context) => {
    const { shop, directory } = livedIn(context);
    const key = join(shop.directory, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'a', '-f', key]);
    signedBy(shop, ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${key}`], 'ssh', {});
    assert.ok(allSound(directory) > 35);
  },
);

test(
  'what git writes with gpg is accepted, a merge of a signed tag too',
  { skip: spawnSync('gpg', ['--version']).status === 0 ? false : 'gpg is not installed (Debian: gnupg)' },
  (context) => {
    const { shop, directory } = livedIn(context);
    const home = join(shop.directory, 'h');
    mkdirSync(home, { mode: 0o700 });
    const env = { GNUPGHOME: home };
    context.after(() => {
      spawnSync('gpgconf', ['--kill', 'all'], { env: { ...process.env, ...env } });
    });
    const make = ['--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', '', '--quick-gen-key'];
    execFileSync('gpg', [...make, 'A <a@example.com>', 'ed25519', 'sign', '0'], {
      env: { ...process.env, ...env },
      stdio: 'ignore',
    });
    signedBy(shop, ['-c', 'user.signingkey=a@example.com'], 'gpg', env);
    assert.ok(allSound(directory) > 35);
  },
);

const hubPerson = 'GitHub <noreply@github.com> 1700000000 +0000';
const armor = [
  'gpgsig -----BEGIN PGP SIGNATURE-----',
  ' ',
  ' wsBcBAABCAAQBQJlVKcACRBK7hj4Ov3rIwAAdHIIAH',
  ' =oT3C',
  ' -----END PGP SIGNATURE-----',
  ' ',
];
const ssh = ['-----BEGIN SSH SIGNATURE-----', ' U1NIU0lHAAAAAQ==', ' -----END SSH SIGNATURE-----'];
const heads = [`tree ${empty}`, `author Ada <ada@users.noreply.github.com> 1700000000 +0545`];
/** Commits as forges and other programs write them, byte for byte in form; the signatures themselves are cut short. */
const forged: Readonly<Record<string, readonly string[]>> = {
  'the web of GitHub: a blank line inside and one behind the armor': [
    ...heads,
    `committer ${hubPerson}`,
    ...armor,
  ],
  'GitLab, signed with SSH': [
    ...heads,
    'committer GitLab <noreply@gitlab.com> 1700000000 +0000',
    `gpgsig ${ssh.join('\n')}`,
  ],
  'Gitea, an encoding behind the signature': [
    ...heads,
    `committer ${hubPerson}`,
    ...armor,
    'encoding ISO-8859-1',
  ],
  'git, an encoding before the signature': [
    ...heads,
    `committer ${hubPerson}`,
    'encoding ISO-8859-1',
    ...armor,
  ],
  'a repository that is moving to SHA-256': [
    ...heads,
    `committer ${hubPerson}`,
    ...armor,
    ...armor.map((line) => line.replace('gpgsig ', 'gpgsig-sha256 ')),
  ],
  'SHA-256 first': [
    ...heads,
    `committer ${hubPerson}`,
    ...armor.map((line) => line.replace('gpgsig ', 'gpgsig-sha256 ')),
    ...armor,
  ],
  'Gerrit and jj: an id of the change': [
    ...heads,
    `committer ${hubPerson}`,
    'change-id kkmpptxzrspxrzommnulwmwkkqwworpl',
  ],
  'git-svn and hg-git': [...heads, `committer ${hubPerson}`, 'HG:rename a:b', 'HG:extra branch:default'],
};

test('what forges and other programs write is accepted by git and by us', (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', 'r');
  const directory = join(shop.directory, 'r');
  write(directory, 'tree', Buffer.alloc(0));
  const written = new Map<string, string>();
  for (const [name, lines] of Object.entries(forged)) {
    const bytes = Buffer.from(`${lines.join('\n')}\n\nUpdate a.yaml (#1)\n`);
    assert.equal(commitFault(bytes), null, name);
    const { payload } = separateSignature(bytes);
    assert.equal(commitFault(payload), null, `${name}, without its signature`);
    written.set(write(directory, 'commit', bytes), name);
  }
  const complained = faulty(directory);
  for (const [oid, name] of written) assert.ok(!complained.has(oid), name);
});

/** Faults that git lets pass, and why we do not. */
const ourOwn: Readonly<Record<string, string>> = {
  misplacedHeader: 'a parent or author further down is none to git; another reader might count it',
  multipleHeaders: 'which of two signatures or encodings counts would be a guess',
  badHeader: 'a line that no header begins cannot be told from one',
  badTreeSha1: 'an id in capitals is the same to git and another text to who compares',
  badParentSha1: 'an id in capitals is the same to git and another text to who compares',
  badDate: 'older git skips white space and a sign before the seconds; nobody writes them',
  badDateOverflow: 'no record can say a moment beyond the year 9999',
};

test('commits mutated at random: whatever git fsck --strict refuses we refuse, and where we alone do it the reason is listed', (context) => {
  const { directory } = livedIn(context);
  const real = objectsOf(directory)
    .filter(({ type }) => type === 'commit')
    .map(({ bytes }) => bytes.toString('latin1'));
  const sources = [...real, ...Object.values(forged).map((lines) => `${lines.join('\n')}\n\nUpdate\n`)];
  const pieces = [
    'tree ',
    'parent ',
    'author ',
    'committer ',
    'gpgsig ',
    'encoding ',
    ' ',
    '\n',
    '\n\n',
    '<',
    '>',
    '\0',
    '-',
    '+',
    '0',
    '9'.repeat(20),
    'A',
    '\r',
    '\t',
    `parent ${empty}\n`,
    `tree ${empty}\n`,
  ];
  /** Where to cut, how much to take out and what to put in; or whole lines that change places. */
  const change = fc.oneof(
    fc.record({
      kind: fc.constant('cut' as const),
      at: fc.nat(400),
      length: fc.nat(3),
      put: fc.constantFrom('', ...pieces),
    }),
    fc.record({ kind: fc.constant('swap' as const), at: fc.nat(9), other: fc.nat(9) }),
    fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(9) }),
    fc.record({ kind: fc.constant('drop' as const), at: fc.nat(9) }),
  );
  const mutated = fc
    .tuple(fc.nat(sources.length - 1), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([which, changes]) => {
      let text = sources[which] ?? '';
      for (const each of changes) {
        if (each.kind === 'cut') {
          // Mostly in the headers: that is where the grammar is.
          const at = each.at % (text.length + 1);
          text = text.slice(0, at) + each.put + text.slice(at + each.length);
          continue;
        }
        const lines = text.split('\n');
        const at = each.at % lines.length;
        const line = lines[at] ?? '';
        if (each.kind === 'drop') lines.splice(at, 1);
        else if (each.kind === 'repeat') lines.splice(at, 0, line);
        else {
          const other = each.other % lines.length;
          [lines[at], lines[other]] = [lines[other] ?? '', line];
        }
        text = lines.join('\n');
      }
      return text;
    });
  const texts = [...new Set(fc.sample(mutated, { numRuns: 3000, seed }))];
  const oids = texts.map((text) => write(directory, 'commit', Buffer.from(text, 'latin1')));
  const complained = faulty(directory);
  let refused = 0;
  for (const [at, text] of texts.entries()) {
    const fault = commitFault(Buffer.from(text, 'latin1'));
    const theirs = complained.has(oids[at] ?? '');
    if (theirs) refused++;
    const shown = JSON.stringify(text);
    if (theirs) assert.notEqual(fault, null, `git refuses and we do not: ${shown}`);
    else if (fault !== null) assert.ok(Object.hasOwn(ourOwn, fault), `we alone refuse (${fault}): ${shown}`);
  }
  // Neither all nor nothing: the comparison means something.
  assert.ok(refused > 500 && refused < texts.length - 200, `${String(refused)} of ${String(texts.length)}`);
});
