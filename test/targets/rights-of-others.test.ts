/** What gives others a right to a key that no mode says: default access control lists, file systems without modes, and groups that may write in a directory. The real script. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, describe, test, type TestContext } from 'node:test';
import { directCall } from '../../daemon/targets/ssh/direct-call.ts';
import { derToPem } from '../../daemon/x509/pem.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const source = join(import.meta.dirname, '../../daemon/targets/renewd-endpoint.sh');
const request = '[req]\nprompt = no\ndistinguished_name = dn\n[dn]\nCN = a.example.com\n';
const rootNeeded = process.getuid?.() === 0 ? false : 'needs root: the script is what root runs';
const files = ['fullchain.pem', 'fullchain', '0644', '', 'privkey.pem', 'key', '0600', ''];

/** An entry of acl(5) as the kernel keeps it. Tags: 1 the owner, 2 a user, 4 the group, 16 the mask, 32 others. */
type Entry = readonly [tag: number, rights: number, id?: number];

/** `setfacl -d` and `setfacl -k` for machines without it. False where the disk keeps no lists. */
function setDefaultList(directory: string, entries: readonly Entry[] | null): boolean {
  const bytes = Buffer.alloc(4 + 8 * (entries?.length ?? 0));
  bytes.writeUInt32LE(2);
  for (const [index, [tag, rights, id]] of (entries ?? []).entries()) {
    bytes.writeUInt16LE(tag, 4 + 8 * index);
    bytes.writeUInt16LE(rights, 6 + 8 * index);
    bytes.writeUInt32LE(id ?? 0xffffffff, 8 + 8 * index);
  }
  const call =
    entries === null ? 'os.removexattr(p,n)' : `os.setxattr(p,n,bytes.fromhex('${bytes.toString('hex')}'))`;
  const code = `import os;p=${JSON.stringify(directory)};n='system.posix_acl_default';${call}`;
  return spawnSync('python3', ['-c', code]).status === 0;
}

const nobody = 65534;
const lists: Readonly<Record<string, readonly Entry[]>> = {
  'for everybody': [
    [1, 7],
    [4, 5],
    [32, 5],
  ],
  'for one user': [
    [1, 7],
    [2, 5, nobody],
    [4, 0],
    [16, 5],
    [32, 0],
  ],
  // Its name comes to life when a mode lets the group read.
  'for one user, behind a mask': [
    [1, 7],
    [2, 5, nobody],
    [4, 0],
    [16, 0],
    [32, 0],
  ],
};

describe('the script and the rights of others', { skip: rootNeeded }, () => {
  const workshop = openWorkshop();
  const ca = workshop.ca('Rights CA');
  const base = mkdtempSync('/var/lib/renewd-rights-');
  const helper = join(base, 'sbin/renewd-endpoint');
  mkdirSync(join(base, 'sbin'));
  mkdirSync(join(base, 'etc'));
  for (const each of [base, join(base, 'sbin'), join(base, 'etc')]) chmodSync(each, 0o755);
  copyFileSync(source, helper);
  chmodSync(helper, 0o755);
  let count = 0;
  after(() => {
    workshop.close();
    rmSync(base, { recursive: true, force: true });
  });

  const shells = ['dash', 'busybox sh'].filter((each) =>
    ['/bin', '/usr/bin'].some((place) => existsSync(join(place, each.split(' ', 1)[0] ?? ''))),
  );
  const place = (shell: string) => {
    const directory = join(base, `stores${String(count++)}`);
    mkdirSync(directory);
    chmodSync(directory, 0o755);
    writeFileSync(`${helper}.allow`, `directory ${directory}\nlink ${join(base, 'etc')}\n`);
    const [program = '', ...more] = shell.split(' ');
    const run = (words: readonly string[], input = '') =>
      spawnSync(program, [...more, helper, ...words], { input, encoding: 'utf8', timeout: 120_000 });
    const fine = (words: readonly string[], input = ''): string => {
      const ran = run(words, input);
      assert.equal(ran.status, 0, `${words.slice(0, 3).join(' ')}: ${ran.stderr}`);
      return ran.stdout;
    };
    const refused = (words: readonly string[], input = ''): void => {
      const ran = run(words, input);
      assert.match(ran.stderr, /default access control list.*setfacl -R -k/);
      assert.equal(ran.status, 78, ran.stderr);
    };
    const chainOf = (csr: string): string =>
      derToPem(workshop.signCsr(ca, Buffer.from(csr, 'base64'), ['subjectAltName=DNS:a.example.com'])) +
      ca.pem;
    return { directory, store: join(directory, 'web/shop'), fine, refused, chainOf };
  };
  const keysBelow = (directory: string): string[] =>
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => join(each.parentPath, each.name))
      .filter((name) => readFileSync(name, 'utf8').includes('PRIVATE KEY'));
  const noLists = (context: TestContext): void => {
    context.skip('nothing here sets access control lists, or this disk has none');
  };

  for (const shell of shells) {
    for (const [what, list] of Object.entries(lists))
      test(`no key is made below a default access control list ${what}, in ${shell}`, (context) => {
        const { directory, store, fine, refused } = place(shell);
        if (!setDefaultList(directory, list)) {
          noLists(context);
          return;
        }
        refused(['generate-key', store, 'g1', 'ecdsa-p256'], request);
        assert.deepEqual(keysBelow(directory), []);
        // What was made meanwhile has the list as well.
        for (const each of [
          directory,
          ...['web', 'web/shop', 'web/shop/generations', 'web/shop/generations/g1'].map((name) =>
            join(directory, name),
          ),
        ])
          if (existsSync(each)) setDefaultList(each, null);
        fine(['generate-key', store, 'g1', 'ecdsa-p256'], request);
        assert.equal(statSync(join(store, 'generations/g1/.key.pem')).mode & 0o777, 0o600);
      });

    test(`no copy of a key is made where a list came later, and none of what stood at a path: ${shell}`, (context) => {
      const { store, fine, refused, chainOf } = place(shell);
      const chain = chainOf(fine(['generate-key', store, 'g1', 'ecdsa-p256'], request));
      const list = lists['for everybody'] ?? [];
      const generation = join(store, 'generations/g1');
      if (!setDefaultList(generation, list)) {
        noLists(context);
        return;
      }
      refused(['stage', store, 'g1', ...files], chain);
      assert.deepEqual(keysBelow(store), [join(generation, '.key.pem')]);
      setDefaultList(generation, null);
      fine(['stage', store, 'g1', ...files], chain);
      const path = join(base, 'etc', `${String(count)}.key`);
      const old = workshop.leaf(ca, 'old.example.com').key;
      writeFileSync(path, old, { mode: 0o600 });
      setDefaultList(join(store, 'generations'), list);
      refused(['activate', store, 'g1', path, 'privkey.pem']);
      assert.equal(readFileSync(path, 'utf8'), old);
      assert.equal(existsSync(join(store, 'current')), false);
      assert.deepEqual(
        keysBelow(store).filter((name) => readFileSync(name, 'utf8') === old),
        [],
      );
      setDefaultList(join(store, 'generations'), null);
      if (existsSync(join(store, 'generations/adopted')))
        setDefaultList(join(store, 'generations/adopted'), null);
      fine(['activate', store, 'g1', path, 'privkey.pem']);
      // The same for a path that holds a copy; what is no secret may be read by anybody.
      const copies = join(base, 'etc', `copies${String(count)}`);
      mkdirSync(copies);
      chmodSync(copies, 0o755);
      setDefaultList(copies, list);
      refused(['activate', store, 'g1', join(copies, 'a.key'), 'copy:privkey.pem']);
      assert.deepEqual(readdirSync(copies), []);
      fine(['activate', store, 'g1', join(copies, 'a.crt'), 'copy:fullchain.pem']);
      setDefaultList(copies, null);
      fine(['activate', store, 'g1', join(copies, 'a.key'), 'copy:privkey.pem']);
      assert.deepEqual(readdirSync(copies).sort(), ['a.crt', 'a.key']);
    });
  }

  /** A machine on which /etc/passwd and /etc/group say this, for one call of the script through "direct". */
  const calledBy = (
    { passwd, group }: { readonly passwd: string; readonly group: string },
    login: { readonly uid: number; readonly gid: number },
    words: readonly string[],
    shell: string,
  ) => {
    const etc = mkdtempSync(join(base, 'machine-'));
    writeFileSync(join(etc, 'passwd'), `root:x:0:0::/root:/bin/sh\n${passwd}`);
    writeFileSync(join(etc, 'group'), `root:x:0:\n${group}`);
    chmodSync(etc, 0o755);
    const sent = directCall(readFileSync(source, 'utf8'), words, Buffer.from(request));
    const become = `for each in passwd group; do mount --bind ${etc}/$each /etc/$each || exit 99; done; exec setpriv --reuid ${String(login.uid)} --regid ${String(login.gid)} --clear-groups "$@"`;
    const [program = '', ...more] = shell.split(' ');
    return spawnSync('unshare', ['-m', 'sh', '-c', become, 'sh', program, ...more, ...sent.words.slice(1)], {
      input: sent.input,
      encoding: 'utf8',
      timeout: 120_000,
    });
  };
  const unshared =
    spawnSync('unshare', ['-m', 'true']).status === 0 && spawnSync('setpriv', ['true']).status === 0;
  const alice = { uid: 4321, gid: 4321 };
  const alone = { passwd: 'alice:x:4321:4321::/:/bin/sh\n', group: 'alice:x:4321:\nstaff:x:4400:\n' };
  const machines: readonly {
    readonly what: string;
    readonly machine: typeof alone;
    readonly gid?: number;
    readonly isFine: boolean;
  }[] = [
    { what: 'of the name of the user and of nobody else', machine: alone, isFine: true },
    {
      what: 'of the name of the user, who is listed in it alone',
      machine: { ...alone, group: 'alice:x:4321:alice\n' },
      isFine: true,
    },
    {
      what: 'of the name of the user and of somebody else',
      machine: { ...alone, group: 'alice:x:4321:alice,bob\n' },
      isFine: false,
    },
    {
      what: 'of the name of the user that is the first group of somebody else',
      machine: { ...alone, passwd: `${alone.passwd}bob:x:4322:4321::/:/bin/sh\n` },
      isFine: false,
    },
    {
      what: 'that many users have',
      machine: { passwd: 'alice:x:4321:4400::/:/bin/sh\n', group: 'staff:x:4400:\n' },
      gid: 4400,
      isFine: false,
    },
    { what: 'that has no name', machine: { passwd: alone.passwd, group: '' }, isFine: false },
    { what: 'of a user without a name', machine: { passwd: '', group: alone.group }, isFine: false },
  ];
  for (const shell of shells)
    for (const { what, machine, gid = alice.gid, isFine } of machines)
      test(
        `through direct, a directory that a group may write, ${what}, is ${isFine ? 'the user’s' : 'not the user’s'}: ${shell}`,
        { skip: unshared ? false : 'no mount namespaces here' },
        () => {
          const home = mkdtempSync(join(base, 'home-'));
          chownSync(home, alice.uid, gid);
          chmodSync(home, 0o775);
          const words = ['generate-key', join(home, 'stores/web/shop'), 'g1', 'ecdsa-p256'];
          const ran = calledBy(machine, { uid: alice.uid, gid }, words, shell);
          if (isFine) {
            assert.equal(ran.status, 0, ran.stderr);
            return;
          }
          assert.equal(ran.status, 77, ran.stderr);
          assert.match(ran.stderr, /others than its owner may write in \S+ \(chmod go-w/);
          assert.deepEqual(readdirSync(home), []);
          // What it says is what helps.
          chmodSync(home, 0o755);
          assert.equal(calledBy(machine, { uid: alice.uid, gid }, words, shell).status, 0);
        },
      );

  test(
    'through direct, a user whom an access control list lets write is not the user’s own group',
    { skip: unshared ? false : 'no mount namespaces here' },
    (context) => {
      const home = mkdtempSync(join(base, 'home-'));
      chownSync(home, alice.uid, alice.gid);
      const list = Buffer.from(
        '0200000001000700ffffffff02000700feff000004000500ffffffff10000700ffffffff20000500ffffffff',
        'hex',
      );
      const code = `import os;os.setxattr(${JSON.stringify(home)},'system.posix_acl_access',bytes.fromhex('${list.toString('hex')}'))`;
      if (spawnSync('python3', ['-c', code]).status !== 0) {
        noLists(context);
        return;
      }
      const ran = calledBy(alone, alice, ['generate-key', join(home, 'web/shop'), 'g1', 'ecdsa-p256'], 'sh');
      assert.equal(ran.status, 77, ran.stderr);
      assert.match(ran.stderr, /setfacl -b/);
    },
  );
});
