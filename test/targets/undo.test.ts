/** What an undo puts back, who must be able to see the store, and what new files take over from those in whose place they stand: the real script as root. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { derToPem } from '../../daemon/x509/pem.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const source = join(import.meta.dirname, '../../daemon/targets/renewd-endpoint.sh');
const request = '[req]\nprompt = no\ndistinguished_name = dn\n[dn]\nCN = a.example.com\n';
const rootNeeded = process.getuid?.() === 0 ? false : 'needs root: the script is what root runs';
/** Any user and group but root's. */
const [user, group] = [65534, 12];

describe('the script and what stood there before', { skip: rootNeeded }, () => {
  const workshop = openWorkshop();
  const ca = workshop.ca('Undo CA');
  const base = mkdtempSync('/var/lib/renewd-undo-');
  const helper = join(base, 'sbin/renewd-endpoint');
  const old = workshop.leaf(ca, 'old.example.com');
  let count = 0;

  const run = (words: readonly string[], input = '') =>
    spawnSync(helper, words, { input, encoding: 'utf8', timeout: 120_000 });
  const fine = (words: readonly string[], input = ''): string => {
    const ran = run(words, input);
    assert.equal(ran.status, 0, `${words.slice(0, 3).join(' ')}: ${ran.stderr}`);
    return ran.stdout;
  };
  const refused = (words: readonly string[], code: number, why: RegExp): void => {
    const ran = run(words);
    assert.equal(ran.status, code, ran.stderr);
    assert.match(ran.stderr, why);
  };
  const files = ['fullchain.pem', 'fullchain', 'keep:0644', '', 'privkey.pem', 'key', 'keep:0600', ''];
  const stage = (store: string, generation: string, shape = files): string => {
    const csr = Buffer.from(fine(['generate-key', store, generation, 'ecdsa-p256'], request), 'base64');
    const chain = derToPem(workshop.signCsr(ca, csr, ['subjectAltName=DNS:a.example.com'])) + ca.pem;
    fine(['stage', store, generation, ...shape], chain);
    return chain;
  };
  /** Owner, group, mode and content of what stands at a path, or where it leads. */
  const seen = (path: string): readonly unknown[] => {
    const is = lstatSync(path, { throwIfNoEntry: false });
    if (is === undefined) return ['nothing'];
    if (is.isSymbolicLink()) return ['link', readlinkSync(path)];
    return [is.uid, is.gid, (is.mode & 0o7777).toString(8), readFileSync(path, 'utf8')];
  };
  /** A store, two paths, and the words that link them. */
  const place = (how: '' | 'copy:' = ''): { store: string; cert: string; key: string; links: string[] } => {
    const name = `s${String(count++)}`;
    mkdirSync(join(base, 'etc', name));
    const [cert, key] = [join(base, 'etc', name, 'a.crt'), join(base, 'etc', name, 'a.key')];
    const links = [cert, `${how}fullchain.pem`, key, `${how}privkey.pem`];
    return { store: join(base, 'stores/web', name), cert, key, links };
  };
  const put = (path: string, text: string, mode: number, owner = 0, ownerGroup = 0): void => {
    writeFileSync(path, text);
    chownSync(path, owner, ownerGroup);
    chmodSync(path, mode);
  };

  before(() => {
    chmodSync(base, 0o755);
    for (const name of ['sbin', 'stores', 'etc']) mkdirSync(join(base, name));
    copyFileSync(source, helper);
    chmodSync(helper, 0o755);
    const list = [`directory ${base}/stores`, `directory ${base}/closed`, `link ${base}/etc`];
    writeFileSync(`${helper}.allow`, `${list.join('\n')}\n`);
  });
  after(() => {
    workshop.close();
    rmSync(base, { recursive: true, force: true });
  });

  for (const how of ['', 'copy:'] as const) {
    const words = how === '' ? 'links' : 'copies';
    test(`${words} of a first installation are undone to the files that stood there`, () => {
      const { store, cert, key, links } = place(how);
      put(cert, old.pem, 0o664, user, group);
      put(key, old.key, 0o640, 0, group);
      const before = [seen(cert), seen(key)];
      const chain = stage(store, 'g1');
      fine(['activate', store, 'g1', ...links]);
      assert.equal(readFileSync(cert, 'utf8'), chain);
      assert.equal(lstatSync(cert).isSymbolicLink(), how === '');
      assert.match(fine(['undo', store, 'g1']), /^undone $/m);
      assert.deepEqual([seen(cert), seen(key)], before);
      assert.doesNotMatch(fine(['inspect', store, 'fullchain.pem', 'privkey.pem']), /^current ./m);
      assert.match(fine(['undo', store, 'g1']), /^nothing$/m);
      // The next try does not trip over the one before, and takes a file that somebody changed meanwhile as it is now.
      const other = workshop.leaf(ca, 'other.example.com');
      put(cert, other.pem, 0o640, 0, group);
      put(key, other.key, 0o600);
      fine(['activate', store, 'g1', ...links]);
      assert.equal(readFileSync(cert, 'utf8'), chain);
      fine(['undo', store, 'g1']);
      assert.deepEqual(seen(cert), [0, group, '640', other.pem]);
      assert.equal(readFileSync(join(store, 'replaced/fullchain.pem'), 'utf8'), old.pem);
    });

    test(`${words} of a later generation are undone to the one before, with files that came meanwhile`, () => {
      const { store, cert, key, links } = place(how);
      const first = stage(store, 'g1');
      fine(['activate', store, 'g1', ...links.slice(0, 2)]);
      fine(['sweep', store, 'g1']);
      assert.equal(existsSync(join(store, 'undo')), false);
      const before = seen(cert);
      put(key, old.key, 0o440, user, group);
      const byHand = seen(key);
      stage(store, 'g2');
      fine(['activate', store, 'g2', ...links]);
      assert.notDeepEqual(seen(key), byHand);
      assert.match(fine(['undo', store, 'g2']), /^undone g1$/m);
      assert.deepEqual([seen(cert), seen(key)], [before, byHand]);
      assert.equal(readFileSync(cert, 'utf8'), first);
    });
  }

  test('a link that stood there is that link again, and a path where nothing was is empty again', () => {
    const { store, cert, key, links } = place();
    put(`${cert}.real`, old.pem, 0o644);
    symlinkSync('a.crt.real', cert);
    stage(store, 'g1');
    fine(['activate', store, 'g1', ...links]);
    assert.ok(existsSync(key));
    fine(['undo', store, 'g1']);
    assert.deepEqual([seen(cert), seen(key)], [['link', 'a.crt.real'], ['nothing']]);
  });

  test('what somebody put in the place of a link since is theirs and stays', () => {
    const { store, cert, key, links } = place();
    put(cert, old.pem, 0o644);
    put(key, old.key, 0o600);
    stage(store, 'g1');
    fine(['activate', store, 'g1', ...links]);
    rmSync(key);
    const theirs = workshop.leaf(ca, 'theirs.example.com').key;
    put(key, theirs, 0o600);
    fine(['undo', store, 'g1']);
    assert.deepEqual(seen(key), [0, 0, '600', theirs]);
    assert.equal(readFileSync(cert, 'utf8'), old.pem);
  });

  test('where nothing stood before, the new files stay', () => {
    const { store, cert, links } = place();
    const chain = stage(store, 'g1');
    fine(['activate', store, 'g1', ...links]);
    assert.match(fine(['undo', store, 'g1']), /^nothing$/m);
    assert.equal(readFileSync(cert, 'utf8'), chain);
  });

  test('a copy that a killed call left beside its path is in nobody’s way; what somebody else put there is', () => {
    const { store, cert, links } = place('copy:');
    put(cert, old.pem, 0o644);
    stage(store, 'g1');
    writeFileSync(`${cert}.renewd-new`, 'half a');
    refused(['activate', store, 'g1', ...links], 73, /in the way/);
    writeFileSync(join(store, '.aside'), `${cert}\n`);
    fine(['activate', store, 'g1', ...links]);
    assert.equal(existsSync(`${cert}.renewd-new`), false);
    assert.doesNotMatch(fine(['inspect', store, 'fullchain.pem', 'privkey.pem', ...links]), /broken/);
    writeFileSync(cert, old.pem);
    assert.match(fine(['inspect', store, 'fullchain.pem', 'privkey.pem', ...links]), /^broken .*a\.crt$/m);
  });

  test('new files are as those were in whose place they stand, now and at every renewal', () => {
    const { store, cert, key, links } = place();
    put(cert, old.pem, 0o444, user, group);
    put(key, old.key, 0o640, 0, group);
    const shapes = (): unknown[] =>
      [cert, key].map((path) => {
        const { uid, gid, mode } = statSync(path);
        return [uid, gid, (mode & 0o7777).toString(8)];
      });
    const before = shapes();
    for (const generation of ['g1', 'g2']) {
      const chain = stage(store, generation);
      fine(['activate', store, generation, ...links]);
      assert.deepEqual(shapes(), before, generation);
      // What puts a changed file right gives it the same shape.
      chmodSync(key, 0o600);
      fine(['stage', store, generation, ...files], chain);
      assert.deepEqual(shapes(), before, `${generation}, staged again`);
      fine(['sweep', store, generation]);
    }
  });

  test('a profile that says mode or owner has its way, and a script that runs is never made', () => {
    const said = ['fullchain.pem', 'fullchain', '0640', '', 'privkey.pem', 'key', '0400', ''];
    const { store, cert, key, links } = place();
    put(cert, old.pem, 0o755, user, group);
    put(key, old.key, 0o640, 0, group);
    stage(store, 'g1', said);
    fine(['activate', store, 'g1', ...links]);
    assert.deepEqual([statSync(cert).mode & 0o7777, statSync(key).mode & 0o7777], [0o640, 0o400]);
    assert.equal(statSync(key).gid, 0);
    const shaped = place();
    put(shaped.cert, old.pem, 0o4777, user, group);
    stage(shaped.store, 'g1');
    fine(['activate', shaped.store, 'g1', ...shaped.links]);
    assert.equal(statSync(shaped.cert).mode & 0o7777, 0o644);
  });

  test('a key that everybody may read is not replaced by another such, and says so before anything is switched', () => {
    const { store, key, cert, links } = place();
    put(cert, old.pem, 0o644);
    put(key, old.key, 0o644);
    stage(store, 'g1');
    refused(['activate', store, 'g1', ...links], 78, /everybody may read the key/);
    assert.equal(lstatSync(key).isSymbolicLink(), false);
    assert.equal(existsSync(join(store, 'current')), false);
    chmodSync(key, 0o600);
    fine(['activate', store, 'g1', ...links]);
  });

  test('a reader who cannot walk to the store is found before the switch; a copy needs no way to it', () => {
    mkdirSync(join(base, 'closed'), { mode: 0o700, recursive: true });
    chmodSync(join(base, 'closed'), 0o700);
    for (const [owner, mode] of [
      [user, 0o600],
      [0, 0o640],
    ] as const) {
      const { cert, key, links } = place();
      const store = join(base, 'closed/web', `c${String(count++)}`);
      put(cert, old.pem, 0o644);
      put(key, old.key, mode, owner, group);
      stage(store, 'g1');
      refused(
        ['activate', store, 'g1', ...links],
        78,
        /cannot walk through .*closed to the store.*placement: copy/,
      );
      assert.equal(lstatSync(key).isSymbolicLink(), false);
      const copies = links.map((each, index) => (index % 2 === 0 ? each : `copy:${each}`));
      fine(['activate', store, 'g1', ...copies]);
      assert.equal(statSync(key).gid, group);
    }
    chmodSync(join(base, 'closed'), 0o711);
    const { cert, key, links } = place();
    const store = join(base, 'closed/web/open');
    put(cert, old.pem, 0o644);
    put(key, old.key, 0o640, 0, group);
    stage(store, 'g1');
    fine(['activate', store, 'g1', ...links]);
  });

  for (const [what, command] of [
    [
      'a container that has only the directory of the paths',
      'mount --bind $ETC /mnt && mount -t tmpfs none $STORES',
    ],
    ['a service to whom the store is hidden', 'mount -t tmpfs none $STORES'],
  ] as const) {
    test(`${what} is found before the switch`, async (context) => {
      const shell = `${command.replaceAll('$ETC', `${base}/etc`).replaceAll('$STORES', `${base}/stores`)} && echo up && exec sleep 60`;
      const child = spawn('unshare', ['-m', 'sh', '-c', shell], { stdio: ['ignore', 'pipe', 'ignore'] });
      context.after(() => child.kill('SIGKILL'));
      const up = await new Promise<boolean>((resolve) => {
        child.stdout.once('data', () => {
          resolve(true);
        });
        child.once('exit', () => {
          resolve(false);
        });
      });
      if (!up) {
        context.skip('this machine lets nobody mount');
        return;
      }
      const { store, cert, key, links } = place();
      put(cert, old.pem, 0o644);
      put(key, old.key, 0o600);
      stage(store, 'g1');
      refused(
        ['activate', store, 'g1', ...links],
        78,
        /process \d+ \(sleep\) sees .* and not .*placement: copy/,
      );
      assert.equal(readFileSync(cert, 'utf8'), old.pem);
      assert.equal(lstatSync(cert).isSymbolicLink(), false);
      fine([
        'activate',
        store,
        'g1',
        ...links.map((each, index) => (index % 2 === 0 ? each : `copy:${each}`)),
      ]);
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('close', resolve));
      fine(['activate', store, 'g1', ...links]);
    });
  }

  test('a look changes nothing, not even where nothing is yet', () => {
    const state = (): string => execFileSync('find', [base, '-printf', '%p %m %T@\n'], { encoding: 'utf8' });
    const before = state();
    assert.match(fine(['check', `${base}/stores`]), /root may write in/);
    assert.equal(state(), before);
    writeFileSync(`${helper}.allow`, `directory ${base}/not/yet\n`, { flag: 'a' });
    assert.match(fine(['check', `${base}/not/yet`]), /root may make .*not\/yet/);
    assert.deepEqual(readdirSync(base).includes('not'), false);
  });
});
