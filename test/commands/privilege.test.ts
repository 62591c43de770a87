/** `renewd helper`: what root runs on a machine, run by a real root in a private copy of /etc, and what it lets a user do afterwards. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathFault } from '../../daemon/commands/privilege-setup.ts';

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
  git('init', '-q', '-b', 'main');
  commit();
});
after(() => {
  rmSync(root, { recursive: true, force: true });
});

function git(...words: string[]): string {
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgSign=false'];
  return execFileSync('git', ['-C', root, ...who, ...words], { encoding: 'utf8' }).trim();
}

function commit(): void {
  git('add', '-A', 'inventory', 'policies');
  git('commit', '-q', '--allow-empty', '-m', 'Change');
}

/** One file as it is told, committed; afterwards all is as before. */
function declared<T>(changes: readonly { readonly path: string; readonly text: string }[], work: () => T): T {
  const before = git('rev-parse', 'HEAD');
  for (const { path, text } of changes) writeFileSync(join(root, path), text);
  commit();
  try {
    return work();
  } finally {
    git('reset', '-q', '--hard', before);
  }
}

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
  assert.match(unknown.err, /no endpoint "web-1" is in force at [0-9a-f]{10}\. Did you mean "web-0[12]"\?/);
  const key = renewd('helper', 'web-01', '--public-key', file);
  assert.equal(key.status, 64);
  assert.match(key.err, /ends in \.pub/);
  const path = 'inventory/endpoints/web-01.yaml';
  const text = readFileSync(file, 'utf8');
  declared([{ path, text: text.replace('user: renewd', 'user: root') }], () => {
    assert.match(renewd('helper', 'web-01').err, /logs in as root, who needs no helper/);
  });
  declared([{ path, text: text.replace('user: renewd', 'user: renewd\n  colour: red') }], () => {
    assert.match(renewd('helper', 'web-01').err, /inventory\/endpoints\/web-01\.yaml:\d+:\d+: /);
  });
  for (const [place, why] of [
    ['/etc/cron.d/renewd', /privilege\.path of web-01, \/etc\/cron\.d\/renewd, stands in none of/],
    ['/usr/local/sbin/ls', /does not say renewd/],
  ] as const) {
    const elsewhere = text.replace(
      'user: renewd',
      `user: renewd\n  privilege: { mode: helper, path: ${place} }`,
    );
    declared(
      [
        {
          path,
          text: elsewhere.replace(/\n  privilege:\n(?: {4}.*\n)+|\n  privilege: \{ mode: helper \}/, ''),
        },
      ],
      () => {
        const refused = renewd('helper', 'web-01');
        assert.equal(refused.out, '');
        assert.match(refused.err, why);
        assert.equal(refused.status, 1);
      },
    );
  }
});

test('the script is installed where programs stand, and nowhere that something else reads', () => {
  for (const path of [
    '/usr/local/sbin/renewd-endpoint',
    '/usr/local/libexec/renewd/endpoint',
    '/opt/renewd/endpoint',
    '/srv/renewd/endpoint',
  ])
    assert.equal(pathFault(path), null, path);
  for (const path of [
    '/usr/local/lib/systemd/system/renewd.service',
    '/usr/local/lib/systemd/system-generators/renewd',
    '/usr/local/lib/udev/rules.d/99-renewd.rules',
    '/usr/local/lib/python3.11/dist-packages/renewd.pth',
    '/usr/local/lib/renewd.so',
    '/usr/local/etc/cron.d/renewd',
    '/usr/local/share/dbus-1/system-services/org.renewd.service',
    '/run/systemd/system/renewd',
    '/run/systemd/generator/renewd',
    '/etc/systemd/system-generators/renewd',
    '/usr/lib/systemd/system-shutdown/renewd',
    '/srv/www/renewd.php',
    '/opt/renewd/lib/systemd/system/renewd',
    '/usr/local/sbin/renewd-endpoint.allow',
    '/usr/local/sbin/../lib/renewd',
    '/usr/local/sbin/ls',
  ])
    assert.notEqual(pathFault(path), null, path);
});

test('nothing is printed where lines would be missing, and each certificate is named with its reason', () => {
  const shop = 'inventory/certificates/web/shop.yaml';
  const text = readFileSync(join(root, shop), 'utf8').replace(
    /profile: nginx\n(?: +parameters:\n(?: {8}.*\n)+)?/,
    'profile: store\n',
  );
  const profile = (reload: string): string =>
    `apiVersion: renewd/v1\nkind: Profile\nmetadata: { name: store }\nspec:\n  description: odd\n  files: [{ name: a.pem, content: fullchain }]\n  reload: ${reload}\n`;
  for (const [reload, why] of [
    ['[[sh, "a\\ndirectory /etc"]]', /web\/shop: .*holds a blank or a control character/],
    ['[[sh, -c, "reboot now"]]', /web\/shop: .*"reboot now"\. Put it into a script/],
    ['[["{{nope}}"]]', /web\/shop: .*asks for what is no value/],
  ] as const) {
    declared(
      [
        { path: 'policies/store.yaml', text: profile(reload) },
        { path: shop, text },
      ],
      () => {
        for (const words of [[], ['--list']]) {
          const refused = renewd('helper', 'web-01', ...words);
          assert.equal(refused.out, '', reload);
          assert.match(refused.err, why);
          assert.match(refused.err, /a list without them would take them away/);
          assert.equal(refused.status, 1);
        }
        const partial = renewd('helper', 'web-01', '--list', '--partial');
        assert.equal(partial.status, 0);
        assert.match(partial.err, why);
        assert.match(partial.out, /^link \/etc\/nginx\/tls\/blog\.key$/m);
        assert.doesNotMatch(partial.out, /shop/);
      },
    );
  }
});

test('where a profile breaks, what was in force before is in the list; what is new is named', () => {
  const shop = 'inventory/certificates/web/shop.yaml';
  const text = readFileSync(join(root, shop), 'utf8').replace(
    /profile: nginx\n(?: +parameters:\n(?: {8}.*\n)+)?/,
    'profile: store\n',
  );
  const broken = {
    path: 'policies/store.yaml',
    text: 'apiVersion: renewd/v1\nkind: Profile\nmetadata: { name: store }\nspec: { colour: red }\n',
  };
  declared([broken, { path: shop, text }], () => {
    const { out, status } = renewd('helper', 'web-01', '--list');
    assert.equal(status, 0);
    assert.match(out, /^link \/etc\/nginx\/tls\/shop\.key$/m);
  });
  const other = 'inventory/certificates/web/other.yaml';
  declared([broken, { path: other, text: text.replace('name: shop', 'name: other') }], () => {
    const refused = renewd('helper', 'web-01');
    assert.equal(refused.out, '');
    assert.match(refused.err, /web\/other: is declared and cannot be used/);
    assert.equal(refused.status, 1);
  });
});

test('only what is committed and in force counts, and what it was made from is said', () => {
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('user: renewd', 'user: mallory'));
  const made = renewd('helper', 'web-01');
  const head = git('rev-parse', 'HEAD');
  assert.match(made.out, /^user='renewd'$/m);
  assert.match(made.out, new RegExp(`^# ${head}\\.$`, 'm'));
  assert.match(made.err, new RegExp(`in force at ${head.slice(0, 10)}`));
  commit();
  assert.match(renewd('helper', 'web-01').out, /^user='mallory'$/m);
  assert.match(renewd('helper', 'web-01', '--at', head).out, /^user='renewd'$/m);
  assert.match(renewd('helper', 'web-01', '--at', 'nowhere').err, /"nowhere" is no commit/);
  git('reset', '-q', '--hard', head);
  const outside = mkdtempSync(join(tmpdir(), 'renewd-outside-'));
  cpSync(join(root, 'inventory'), join(outside, 'inventory'), { recursive: true });
  const refused = renewd('helper', 'web-01', outside);
  assert.match(refused.err, /is no Git repository/);
  assert.equal(refused.status, 2);
  rmSync(outside, { recursive: true });
});

test('a script that is cut on the way does nothing: every beginning of it is refused before its first command', () => {
  const { out } = renewd('helper', 'web-01', '--public-key', publicKey);
  const whole = Buffer.from(out);
  const first = Buffer.byteLength('#!/bin/sh\n{');
  const step = Math.floor(whole.length / 200);
  const cuts = [first, whole.length - 2, whole.length - 9];
  for (let at = first + step; at < whole.length - 9; at += step) cuts.push(at);
  for (const at of cuts) {
    const ran = spawnSync('sh', ['-c', 'id() { echo ran; }; . /dev/stdin'], { input: whole.subarray(0, at) });
    assert.notEqual(ran.status, 0, String(at));
    assert.equal(String(ran.stdout), '', String(at));
  }
  assert.equal(spawnSync('sh', ['-n'], { input: whole }).status, 0);
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
echo == files; stat -c '%U:%G %a %n' /usr/local/sbin/renewd-endpoint /usr/local/sbin/renewd-endpoint.allow /etc/sudoers.d/renewd-$(id -u renewd)
ls -A /usr/local/sbin
echo == version; as sudo -n /usr/local/sbin/renewd-endpoint version
echo == missing; as sudo -n /usr/local/sbin/renewd-endpoint missing link /etc/nginx/tls/shop.crt link /etc/shadow command 'nginx -t'
echo == other; as sudo -n /usr/bin/id
echo == names
for name in ALL a.b; do
  sed "s/^user='renewd'$/user='$name'/" ${join(root, 'setup.sh')} > "$d/named.sh"
  grep -q "^user='$name'$" "$d/named.sh"
  useradd --badname --system --create-home --shell /bin/sh "$name" 2>/dev/null
  sh "$d/named.sh" 2>&1 || echo "ended with $?"
  grep -h "^#$(id -u "$name") ALL=(root) NOPASSWD: /usr/local/sbin/renewd-endpoint$" "/etc/sudoers.d/renewd-$(id -u "$name")"
done
runuser -u nobody -- sudo -n /usr/local/sbin/renewd-endpoint version 2>&1 || echo "nobody ended with $?"
useradd --non-unique --uid 0 --no-create-home toor
sed "s/^user='renewd'$/user='toor'/" ${join(root, 'setup.sh')} > "$d/named.sh"
sh "$d/named.sh" 2>&1 || echo "ended with $?"
echo == taken
mv /usr/local/sbin/renewd-endpoint "$d/kept"; mv /usr/local/sbin/renewd-endpoint.allow "$d/kept.allow"
echo 'somebody else' > /usr/local/sbin/renewd-endpoint
sh ${join(root, 'setup.sh')} 2>&1 || echo "ended with $?"
cat /usr/local/sbin/renewd-endpoint
ln -sf "$d/kept" /usr/local/sbin/renewd-endpoint
sh ${join(root, 'setup.sh')} 2>&1 || echo "ended with $?"
rm /usr/local/sbin/renewd-endpoint
echo 'list of somebody' > /usr/local/sbin/renewd-endpoint.allow
sh ${join(root, 'setup.sh')} 2>&1 || echo "ended with $?"
cat /usr/local/sbin/renewd-endpoint.allow; rm /usr/local/sbin/renewd-endpoint.allow
echo == through
mkdir -m 0777 "$d/open"; mkdir "$d/open/real"; ln -s "$d/open/real" /usr/local/sbin/renewd
sed "s,^path='/usr/local/sbin/renewd-endpoint'$,path='/usr/local/sbin/renewd/endpoint'," ${join(root, 'setup.sh')} > "$d/named.sh"
sh "$d/named.sh" 2>&1 || echo "ended with $?"
rm /usr/local/sbin/renewd; sh "$d/named.sh" 2>&1 || echo "ended with $?"
ls -A "$d/open/real"
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
      part('files').replace(/renewd-\d+$/m, 'renewd-UID'),
      'root:root 755 /usr/local/sbin/renewd-endpoint\nroot:root 644 /usr/local/sbin/renewd-endpoint.allow\nroot:root 440 /etc/sudoers.d/renewd-UID\nrenewd-endpoint\nrenewd-endpoint.allow',
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
    const names = part('names');
    assert.match(names, /^ALL may run .*\n#\d+ ALL=\(root\).*\na\.b may run .*\n#\d+ ALL=\(root\)/m);
    assert.match(names, /password is required[\s\S]*nobody ended with 1/);
    assert.match(names, /toor is root by another name.*\nended with 1$/);
    const taken = part('taken');
    assert.equal(
      (taken.match(/is there already and is not renewd's script.*\nended with 1/g) ?? []).length,
      2,
      taken,
    );
    assert.match(taken, /\nsomebody else\n/);
    assert.match(taken, /\.allow is there already, without the script.*\nended with 1\nlist of somebody$/);
    assert.match(
      part('through'),
      /^renewd helper: \/usr\/local\/sbin\/renewd leads through a link to .*\nended with 1\nrenewd helper: there is no directory .*\nended with 1$/,
    );
  },
);
