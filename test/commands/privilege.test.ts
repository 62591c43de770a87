/** `renewd helper`: what root runs on a machine, run by a real root in a private copy of /etc, and what it lets a user do afterwards. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const project = join(import.meta.dirname, '../..');
const root = mkdtempSync(join(tmpdir(), 'renewd-helper-'));
const file = join(root, 'inventory/endpoints/web-01.yaml');
const publicKey = join(root, 'key.pub');

before(() => {
  for (const folder of ['inventory', 'policies'])
    cpSync(join(project, folder), join(root, folder), { recursive: true });
  const text = readFileSync(file, 'utf8');
  assert.match(text, /\n  user: renewd\n/);
  writeFileSync(publicKey, `ssh-ed25519 ${'A'.repeat(68)} renewd\n`);
});
after(() => {
  rmSync(root, { recursive: true, force: true });
});

function renewd(...words: string[]): {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
} {
  const { status, stdout, stderr } = spawnSync(join(project, 'bin/renewd'), words, {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

test('the list has each line that the declarations need, once', () => {
  const { status, out } = renewd('helper', 'web-01', '--list');
  assert.equal(status, 0);
  assert.deepEqual(out.trim().split('\n'), [
    'directory /var/lib/renewd',
    'link /etc/nginx/tls/blog.crt',
    'link /etc/nginx/tls/blog.key',
    'link /etc/nginx/tls/shop.crt',
    'link /etc/nginx/tls/shop.key',
    'command nginx -s reload',
    'command nginx -t',
  ]);
});

test('what cannot be done is said, with what to do', () => {
  assert.match(renewd('helper').err, /name the endpoint/);
  assert.equal(renewd('helper').status, 64);
  const unknown = renewd('helper', 'web-1');
  assert.equal(unknown.status, 1);
  assert.match(unknown.err, /no endpoint "web-1" is declared here\. Did you mean "web-0[12]"\?/);
  const key = renewd('helper', 'web-01', '--public-key', file);
  assert.equal(key.status, 64);
  assert.match(key.err, /ends in \.pub/);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('user: renewd', 'user: root'));
  assert.match(renewd('helper', 'web-01').err, /logs in as root, who needs no helper/);
  writeFileSync(file, text.replace('user: renewd', 'user: renewd\n  colour: red'));
  assert.match(renewd('helper', 'web-01').err, /inventory\/endpoints\/web-01\.yaml:\d+:\d+: /);
  writeFileSync(file, text);
  const policy = join(root, 'policies/store.yaml');
  writeFileSync(
    policy,
    'apiVersion: renewd/v1\nkind: Profile\nmetadata: { name: store }\nspec:\n  description: odd\n  files: [{ name: a.pem, content: fullchain }]\n  reload: [[sh, "a\\ndirectory /etc"]]\n',
  );
  const certificate = join(root, 'inventory/certificates/web/shop.yaml');
  const before = readFileSync(certificate, 'utf8');
  writeFileSync(
    certificate,
    before.replace(/profile: nginx\n(?: +parameters:\n(?: {8}.*\n)+)?/, 'profile: store\n'),
  );
  for (const words of [[], ['--list']]) {
    const refused = renewd('helper', 'web-01', ...words);
    assert.equal(refused.out, '');
    assert.match(refused.err, /a command for web-01 holds a control character/);
  }
  writeFileSync(certificate, before);
  rmSync(policy);
});

const mayPretend =
  process.getuid?.() === 0 &&
  ['/usr/bin/sudo', '/usr/sbin/visudo', '/usr/sbin/useradd'].every((each) => existsSync(each)) &&
  spawnSync('unshare', ['-m', 'true']).status === 0;

test(
  'root runs it twice; the user may run the script and nothing else, and the script does what the list says',
  { skip: mayPretend ? false : 'needs root, sudo, useradd and a mount namespace' },
  () => {
    const setup = renewd('helper', 'web-01', '--public-key', publicKey);
    assert.equal(setup.status, 0, setup.err);
    writeFileSync(join(root, 'setup.sh'), setup.out);
    const inside = `set -eu
d=$(mktemp -d)
mount -t tmpfs none "$d"
mkdir "$d/home" "$d/sbin"
cp -a /etc "$d/etc"
mount --bind "$d/etc" /etc; mount --bind "$d/home" /home; mount --bind "$d/sbin" /usr/local/sbin
chmod 0755 "$d" "$d/home" "$d/sbin"
umask 077
sh ${join(root, 'setup.sh')}
sh ${join(root, 'setup.sh')}
as() { runuser -u renewd -- "$@" 2>&1 || echo "ended with $?"; }
echo == key; cat /home/renewd/.ssh/authorized_keys; stat -c '%U %a' /home/renewd/.ssh/authorized_keys
echo == files; stat -c '%U:%G %a %n' /usr/local/sbin/renewd-endpoint /usr/local/sbin/renewd-endpoint.allow /etc/sudoers.d/renewd-renewd
ls -A /usr/local/sbin
echo == version; as sudo -n /usr/local/sbin/renewd-endpoint version
echo == missing; as sudo -n /usr/local/sbin/renewd-endpoint missing link /etc/nginx/tls/shop.crt link /etc/shadow command 'nginx -t'
echo == other; as sudo -n /usr/bin/id
echo == links
printf 'root only' > /etc/keep; chmod 0600 /etc/keep
rm -r /home/renewd/.ssh/authorized_keys; ln -s /etc/keep /home/renewd/.ssh/authorized_keys
sh ${join(root, 'setup.sh')} 2>&1 || echo "ended with $?"
cat /etc/keep; echo; stat -c '%U %a' /etc/keep
rm -r /home/renewd/.ssh; mkdir /etc/dir; ln -s /etc/dir /home/renewd/.ssh
sh ${join(root, 'setup.sh')} 2>&1 || echo "ended with $?"
ls -A /etc/dir; stat -c '%U %a' /etc/dir
rm /home/renewd/.ssh
echo == writable; chmod 0775 /usr/local/sbin
sh ${join(root, 'setup.sh')} 2>&1 || echo "ended with $?"
umount "$d" -l
`;
    const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', inside], { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
    const part = (name: string): string => stdout.split(`== ${name}\n`)[1]?.split('\n== ')[0]?.trim() ?? '';
    assert.equal(part('key'), `restrict ssh-ed25519 ${'A'.repeat(68)} renewd\nrenewd 600`);
    assert.equal(
      part('files'),
      'root:root 755 /usr/local/sbin/renewd-endpoint\nroot:root 644 /usr/local/sbin/renewd-endpoint.allow\nroot:root 440 /etc/sudoers.d/renewd-renewd\nrenewd-endpoint\nrenewd-endpoint.allow',
    );
    assert.match(part('version'), /^renewd-endpoint \d+$/);
    assert.equal(part('missing'), 'missing link /etc/shadow');
    // Whoever logs in as that user owns what is in its home; root follows no link there.
    const links = part('links');
    assert.equal(
      (links.match(/the key cannot be written as renewd[^\n]*\nended with 1/g) ?? []).length,
      2,
      links,
    );
    assert.match(links, /\nroot only\nroot 600\n/);
    assert.match(links, /ended with 1\nroot 700$/);
    assert.match(
      part('writable'),
      /\/usr\/local\/sbin must belong to root and be writable for nobody else.*\nended with 1/,
    );
    assert.match(part('other'), /password is required[\s\S]*ended with 1/);
  },
);
