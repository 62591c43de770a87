/** Whose key signs records is said by the list that is in force, not by what somebody pushed and was refused. Real git, OpenSSH, `renewd once` and `renewd audit`. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { allowedSigners, makePerson, workTree, type Person, type WorkTree } from './signed-repository.ts';

const program = resolve('bin/renewd');
const head = 'apiVersion: renewd/v1\n';
interface Audited {
  readonly verified: boolean;
  readonly claims: readonly { readonly what?: string; readonly claim: string; readonly verdict: string }[];
}

describe('the signers of records', () => {
  let root: string, bare: string;
  let tree: WorkTree;
  let pia: Person, mallory: Person;
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', bare, ...words], { encoding: 'utf8' }).trim();
  const once = (): void => {
    spawnSync(program, ['once', '--repo', bare, '--data', join(root, 'data')], {
      cwd: root,
      encoding: 'utf8',
    });
  };
  const audit = (): Audited => {
    const { stdout, stderr } = spawnSync(program, ['audit', '--repo', bare, '--json'], {
      cwd: root,
      encoding: 'utf8',
    });
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout) as Audited;
  };
  const verdictOf = ({ claims }: Audited, words: RegExp): string | undefined =>
    claims.find((each) => words.test(each.claim))?.verdict;
  /** Every commit of records signed anew by somebody else, with other words in it. */
  const forge = (): void => {
    let parent = '';
    for (const commit of git('rev-list', '--reverse', 'renewd/state').split('\n')) {
      const raw = execFileSync('git', ['-C', bare, 'cat-file', 'commit', commit], { encoding: 'utf8' })
        .replace(/gpgsig [\s\S]*?-----END SSH SIGNATURE-----\n/, '')
        .replace(/^parent .*\n/m, parent === '' ? '' : `parent ${parent}\n`)
        .replace(/(committer .*\n\n)/, '$1Forged: ');
      const file = join(root, 'payload');
      rmSync(`${file}.sig`, { force: true });
      writeFileSync(file, raw);
      execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'git', '-f', mallory.keyFile, file], {
        stdio: 'ignore',
      });
      const signature = readFileSync(`${file}.sig`, 'utf8').trimEnd().replaceAll('\n', '\n ');
      const blank = raw.indexOf('\n\n');
      parent = execFileSync('git', ['-C', bare, 'hash-object', '-t', 'commit', '-w', '--stdin'], {
        input: `${raw.slice(0, blank)}\ngpgsig ${signature}${raw.slice(blank)}`,
        encoding: 'utf8',
      }).trim();
    }
    git('update-ref', 'refs/heads/renewd/state', parent);
  };

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'renewd-signers-'));
    bare = join(root, 'estate.git');
    execFileSync('git', ['init', '-q', '-b', 'main', join(root, 'work')]);
    tree = workTree(join(root, 'work'));
    [pia, mallory] = ['pia', 'mallory'].map((name) => makePerson(join(root, 'people'), name)) as [
      Person,
      Person,
    ];
    tree.commit(
      {
        'policies/allowed_signers': allowedSigners([pia]),
        'policies/main.yaml': `${head}kind: ChangeControl\nmetadata: { name: main }\nspec:\n  signatures: required\n  paths:\n    - { paths: ['**'], signers: ['team:pki'] }\n`,
        'inventory/teams/pki.yaml': `${head}kind: Team\nmetadata: { name: pki }\nspec:\n  owners: [somebody]\n  contacts: [{ email: pki@example.com }]\n  signers: [pia@example.com]\n`,
      },
      'Begin',
      { by: pia },
    );
    execFileSync('git', ['clone', '-q', '--bare', join(root, 'work'), bare]);
    tree.git('remote', 'add', 'origin', bare);
    once();
  });
  after(() => {
    rmSync(root, { recursive: true, force: true });
  });

  test('a list that was pushed and refused says nothing: the honest audit holds, and forged records are proved by nobody’s list', () => {
    tree.commit(
      {
        'policies/allowed_signers': `${allowedSigners([pia])}renewd namespaces="git" ${mallory.publicKey}\n`,
      },
      'List me',
      { by: null },
    );
    tree.git('push', '-q', 'origin', 'main');
    once();
    const honest = audit();
    assert.ok(honest.verified, JSON.stringify(honest.claims));
    const kept = git('rev-parse', 'renewd/state');
    forge();
    assert.equal(verdictOf(audit(), /the key that signs records is the daemon/), 'assumed');
    git('update-ref', 'refs/heads/renewd/state', kept);
  });

  test('a list that is in force proves the daemon’s own records and fails forged ones', () => {
    const signed = git('cat-file', 'commit', 'renewd/state');
    const blob = Buffer.from(
      /SIGNATURE-----\n([\s\S]*?)-----END/.exec(signed)?.[1]?.replaceAll(/\s/g, '') ?? '',
      'base64',
    );
    // SSHSIG: magic, version, then the public key as a string of its own.
    const key = blob.subarray(14, 14 + blob.readUInt32BE(10));
    tree.commit(
      {
        'policies/allowed_signers': `${allowedSigners([pia])}renewd namespaces="git" ssh-ed25519 ${key.toString('base64')}\n`,
      },
      'List the daemon',
      { by: pia },
    );
    tree.git('push', '-q', 'origin', 'main');
    once();
    const honest = audit();
    assert.equal(verdictOf(honest, /are signed by the daemon/), 'proved', JSON.stringify(honest.claims));
    assert.equal(verdictOf(honest, /the key that signs records/), undefined);
    forge();
    const forged = audit();
    assert.equal(verdictOf(forged, /are signed by the daemon/), 'failed');
    assert.ok(!forged.verified);
  });
});
