/** Signatures of commits: stock git believes ours, we believe ssh-keygen's, and neither believes what was tampered with. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withSignature } from '../../daemon/git/commit.ts';
import { openRepository } from '../../daemon/git/repository.ts';
import { createSshSigner, generateSigningKey, verifyCommitSignature } from '../../daemon/git/signature.ts';
import { publishing, workshop } from './git-server.ts';

const signal = new AbortController().signal;
const at = Date.UTC(2026, 10, 20);
const state = 'refs/heads/renewd/state';

test('stock git shows our signature as good, and so do we', async (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', '--bare', 'r.git');
  const key = generateSigningKey();
  const allowed = `renewd@example.com namespaces="git" ${key.publicKey}\n`;
  writeFileSync(join(shop.directory, 'allowed'), allowed);
  const repository = await openRepository({
    url: join(shop.directory, 'r.git'),
    directory: '',
    now: Date.now,
  });
  const signer = createSshSigner(key.privateKeyPem);
  assert.equal(signer.publicKey, key.publicKey);
  const message = (): string => 'certificate web/shop: renewed\n\nA body with ünïcödé.';
  const outcome = await repository.publish(publishing({ 'a.json': '{}\n' }, { signer, message }), signal);
  const file = `gpg.ssh.allowedSignersFile=${join(shop.directory, 'allowed')}`;
  const shown = shop.git('-C', 'r.git', '-c', file, 'log', '-1', '--format=%G? %GS', state).trim();
  assert.equal(shown, 'G renewd@example.com');
  assert.ok(outcome.state === 'published');
  const raw = await repository.rawCommit(outcome.commit);
  assert.deepEqual(verifyCommitSignature(raw, allowed, at), {
    verdict: 'good',
    principal: 'renewd@example.com',
  });
  const tampered = Buffer.from(Buffer.from(raw).toString().replace('renewed', 'revoked'));
  assert.equal(verifyCommitSignature(tampered, allowed, at).verdict, 'bad');
  const commit = await repository.commit(outcome.commit);
  assert.match(commit.signature ?? '', /^-----BEGIN SSH SIGNATURE-----\n/);
  assert.match(commit.message, /ünïcödé/);
  await repository.close();
});

for (const [type, ...size] of [
  ['ed25519'],
  ['ecdsa', '-b', '256'],
  ['ecdsa', '-b', '384'],
  ['ecdsa', '-b', '521'],
  ['rsa', '-b', '3072'],
] as const) {
  test(`a commit signed by ssh-keygen with ${type} ${size.join(' ')} verifies, with other bytes it does not`, async (context) => {
    const shop = workshop(context);
    const keyFile = join(shop.directory, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', type, ...size, '-N', '', '-f', keyFile]);
    shop.git('init', '-q', '-b', 'main', 'w');
    const sign = ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${keyFile}`];
    shop.git('-C', 'w', ...sign, 'commit', '-q', '-S', '--allow-empty', '-m', 'signed');
    const repository = await openRepository({ url: join(shop.directory, 'w'), directory: '', now: Date.now });
    const [commit] = await repository.log('refs/heads/main', { maxCount: 1 });
    const raw = await repository.rawCommit(commit?.oid ?? '');
    const allowed = `a@example.com ${readFileSync(`${keyFile}.pub`, 'utf8')}`;
    assert.equal(verifyCommitSignature(raw, allowed, at).verdict, 'good');
    const tampered = Buffer.from(
      Buffer.from(raw).toString('latin1').replace('\n\nsigned', '\n\nsigneD'),
      'latin1',
    );
    assert.equal(verifyCommitSignature(tampered, allowed, at).verdict, 'bad');
    assert.equal(verifyCommitSignature(raw, '', at).verdict, 'unknown-key');
    await repository.close();
  });
}

test('a key counts only for its namespace and its time', async () => {
  const key = generateSigningKey();
  const payload = Buffer.from(
    `tree ${'0'.repeat(40)}\nauthor A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\n\nx\n`,
  );
  const armored = await createSshSigner(key.privateKeyPem).sign(payload);
  const blank = payload.indexOf('\n\n') + 1;
  const raw = Buffer.concat([
    payload.subarray(0, blank),
    Buffer.from(`gpgsig ${armored.replaceAll('\n', '\n ')}\n`),
    payload.subarray(blank),
  ]);
  const verdict = (options: string): string =>
    verifyCommitSignature(raw, `a@b ${options} ${key.publicKey}`, at).verdict;
  assert.equal(verdict('namespaces="file,git"'), 'good');
  assert.equal(verdict('namespaces="file"'), 'unknown-key');
  assert.equal(verdict('valid-before="20261120Z"'), 'good', 'the second itself is within');
  assert.equal(
    verdict('valid-before="20261119235959Z"'),
    'unknown-key',
    'the first second after is too late',
  );
  assert.equal(verdict('valid-before="20261120000001Z"'), 'good');
  assert.equal(verdict('valid-after="20261120Z"'), 'good');
  assert.equal(verdict('valid-after="20261120000001Z"'), 'unknown-key');
  assert.equal(verdict('cert-authority'), 'unknown-key');
  assert.equal(verdict('some-new-restriction'), 'unknown-key');
  assert.equal(verifyCommitSignature(payload, `a@b ${key.publicKey}`, at).verdict, 'unsigned');
});

test('a signature header that occurs twice is bad: which one counts would be a guess', async () => {
  const key = generateSigningKey();
  const payload = Buffer.from(
    `tree ${'0'.repeat(40)}\nauthor A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\n\nx\n`,
  );
  const armored = await createSshSigner(key.privateKeyPem).sign(payload);
  const header = `gpgsig ${armored.replaceAll('\n', '\n ')}\n`;
  const blank = payload.indexOf('\n\n') + 1;
  const raw = Buffer.concat([
    payload.subarray(0, blank),
    Buffer.from(header + header),
    payload.subarray(blank),
  ]);
  assert.equal(verifyCommitSignature(raw, `a@b ${key.publicKey}`, at).verdict, 'bad');
});

test('an OpenSSH private key signs; one with a passphrase is refused without showing it', (context) => {
  const shop = workshop(context);
  const make = (name: string, passphrase: string): string => {
    const path = join(shop.directory, name);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', path]);
    return readFileSync(path, 'utf8');
  };
  const signer = createSshSigner(make('open', ''));
  const line = readFileSync(join(shop.directory, 'open.pub'), 'utf8').split(' ').slice(0, 2).join(' ').trim();
  assert.equal(signer.publicKey, line);
  const closed = make('closed', 'a passphrase');
  assert.throws(
    () => createSshSigner(closed),
    (error: Error) => !error.message.includes(closed.slice(50, 80)) && 'code' in error,
  );
});

test('a time that no calendar has lets nobody sign: month 13, 30 February, hour 24, minute 60', async () => {
  const key = generateSigningKey();
  const signer = createSshSigner(key.privateKeyPem);
  const payload = Buffer.from(
    `tree ${'4'.repeat(40)}\nauthor A <a@example.com> 1700000000 +0000\ncommitter A <a@example.com> 1700000000 +0000\n\nmessage\n`,
  );
  const raw = withSignature(payload, await signer.sign(payload));
  const verdictOf = (options: string): string =>
    verifyCommitSignature(raw, `a@b ${options} ${key.publicKey}`, Date.UTC(2026, 5, 1)).verdict;
  assert.equal(verdictOf('valid-before="20301231Z"'), 'good');
  for (const time of [
    '20301301',
    '20301301Z',
    '20300230Z',
    '20300000Z',
    '203001012400Z',
    '203001010060Z',
    '20300101000060Z',
  ])
    assert.equal(verdictOf(`valid-before="${time}"`), 'unknown-key', time);
});
