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
    fine(['stage', store, 'g1', ...files], readFileSync(join(store, 'generations/g1/.chain.pem'), 'utf8'));
    fine(['activate', store, 'g1', ...links]);
  });

  /** Whether a user, by this group alone, reads a file. */
  const reads = (path: string, itsGroup: number): boolean =>
    spawnSync('setpriv', [
      '--reuid',
      String(user),
      '--regid',
      String(itsGroup),
      '--clear-groups',
      'cat',
      path,
    ]).status === 0;

  test('a key that its directory protects is copied to no place where others read it', () => {
    const { store, cert, key, links } = place();
    chmodSync(join(key, '..'), 0o700);
    put(cert, old.pem, 0o644);
    put(key, old.key, 0o644);
    stage(store, 'g1');
    const copy = join(store, 'generations/adopted/privkey.pem');
    refused(['activate', store, 'g1', ...links], 78, /everybody may read the key/);
    assert.deepEqual([readFileSync(copy, 'utf8'), reads(copy, user)], [old.key, false]);
    const shaped = files.map((word) => word.replace('keep:', ''));
    stage(store, 'g2', shaped);
    fine(['activate', store, 'g2', ...links]);
    assert.deepEqual([readFileSync(copy, 'utf8'), reads(copy, user)], [old.key, false]);
    // While links lead there the others see what they may; of the key, as an older script copied it, nothing.
    chmodSync(copy, 0o644);
    fine(['activate', store, 'adopted']);
    chmodSync(join(key, '..'), 0o755);
    assert.deepEqual([reads(cert, user), reads(copy, user)], [true, false]);
    fine(['activate', store, 'g2']);
    assert.equal(statSync(join(copy, '..')).mode & 0o777, 0o700);
    // What an older script left open is closed by any call.
    chmodSync(join(copy, '..'), 0o755);
    fine(['sweep', store, 'g1']);
    assert.equal(statSync(join(copy, '..')).mode & 0o777, 0o700);
  });

  test('a right to a key that a closed directory takes away is not taken over', () => {
    const { store, cert, key, links } = place();
    const copy = join(store, 'generations/adopted/privkey.pem');
    put(cert, old.pem, 0o644);
    stage(store, 'g1');
    for (const [owner, mode, directoryMode] of [
      [0, 0o640, 0o700],
      [0, 0o640, 0o710],
      [user, 0o600, 0o700],
    ] as const) {
      put(key, old.key, mode, owner, group);
      chmodSync(join(key, '..'), directoryMode);
      refused(['activate', store, 'g1', ...links], 78, /cannot all walk to it.*into the profile/);
      assert.deepEqual([existsSync(join(store, 'current')), reads(copy, group)], [false, false]);
    }
    // The group of root: the right goes, and nobody misses it.
    put(key, old.key, 0o640);
    fine(['activate', store, 'g1', ...links]);
    assert.equal(statSync(key).mode & 0o777, 0o600);
    fine(['undo', store, 'g1']);
    assert.deepEqual(seen(key), [0, 0, '640', old.key]);
    // Where the group can walk it reads the new key, and the old one as long as links lead there.
    chownSync(join(key, '..'), 0, group);
    chmodSync(join(key, '..'), 0o710);
    put(key, old.key, 0o640, 0, group);
    fine(['activate', store, 'g1', ...links]);
    assert.deepEqual([reads(key, group), reads(key, user)], [true, false]);
    fine(['activate', store, 'adopted', ...links]);
    assert.deepEqual([readFileSync(key, 'utf8'), reads(key, group)], [old.key, true]);
    fine(['activate', store, 'g1', ...links]);
    assert.equal(reads(copy, group), false);
  });

  test('a copy is made from what is ours, whatever its owner wrote into the file of the generation', () => {
    const { store, cert, key } = place();
    writeFileSync(`${helper}.allow`, 'owner nobody\n', { flag: 'a' });
    const chain = stage(store, 'g1', [
      'mine.pem',
      'fullchain',
      '0644',
      'nobody',
      'left.pem',
      'fullchain',
      '0644',
      '',
    ]);
    fine(['stage', store, 'g1', 'mine.pem', 'fullchain', '0644', 'nobody'], chain);
    fine(['activate', store, 'g1']);
    put(cert, old.pem, 0o644);
    put(join(store, 'generations/g1/mine.pem'), '#!/bin/sh\nid\n', 0o4777, user);
    fine(['activate', store, 'g1', cert, 'copy:mine.pem']);
    const { uid, mode } = statSync(cert);
    assert.deepEqual([uid, mode & 0o7777, readFileSync(cert, 'utf8')], [user, 0o644, chain]);
    // What an earlier staging left there is no file of the generation.
    const left = run(['activate', store, 'g1', key, 'copy:left.pem']);
    assert.equal(left.status, 65, left.stderr);
    assert.equal(existsSync(key), false);
    // What stood there before counts only as a certificate, a chain or a key.
    mkdirSync(join(store, 'generations/adopted'));
    put(join(store, 'generations/adopted/mine.pem'), '#!/bin/sh\nid\n', 0o4777, user);
    assert.equal(run(['activate', store, 'adopted', key, 'copy:mine.pem']).status, 65);
    assert.equal(existsSync(key), false);
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

  /** The files of a store that hold exactly this. */
  const placesOf = (store: string, text: string): readonly string[] =>
    execFileSync('find', [store, '-type', 'f'], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .filter((name) => readFileSync(name, 'utf8') === text);
  const oneKey = ['x', 'key', '0600', ''];
  const threeKeys = (): { paths: string[]; keys: string[]; store: string; put: () => void } => {
    const { store, cert } = place();
    const paths = ['one', 'two', 'three'].map((name) => join(cert, '..', name));
    const keys = paths.map(() => workshop.leaf(ca, 'stood.example.com').key);
    const putAll = (): void => {
      for (const [at, path] of paths.entries()) put(path, keys[at] ?? '', 0o600);
    };
    return { paths, keys, store, put: putAll };
  };

  test('no key is lost where one file has several paths, in several calls or in one, undone or swept', () => {
    const { store, paths, keys, put: putAll } = threeKeys();
    const contents = (): string[] => paths.map((path) => readFileSync(path, 'utf8'));
    putAll();
    stage(store, 'g1', oneKey);
    for (const path of paths) fine(['activate', store, 'g1', path, 'x']);
    assert.match(fine(['undo', store, 'g1']), /^undone $/m);
    assert.deepEqual(contents(), keys);
    // Another name for the path in a later call hides nothing.
    for (const path of paths) fine(['activate', store, 'g1', path, 'y', `${path}.other`, 'x']);
    for (const path of paths) fine(['activate', store, 'g1', path, 'x']);
    fine(['undo', store, 'g1']);
    assert.deepEqual(contents(), keys);
    const again = threeKeys();
    again.put();
    stage(again.store, 'g1', oneKey);
    fine(['activate', again.store, 'g1', ...again.paths.flatMap((path) => [path, 'x'])]);
    fine(['sweep', again.store]);
    for (const key of again.keys) assert.equal(placesOf(again.store, key).length, 1);
    assert.equal(readFileSync(join(again.store, 'generations/adopted/x'), 'utf8'), again.keys[0]);
  });

  test('what was replaced is kept once, says where it stood, and is never written over: when there is no more room nothing is replaced', () => {
    const { store, paths, keys, put: putAll } = threeKeys();
    const [path = '', second = ''] = paths;
    stage(store, 'g1', oneKey);
    fine(['activate', store, 'g1', path, 'x']);
    rmSync(path);
    putAll();
    for (const name of [path, second]) {
      rmSync(name);
      put(name, keys[0] ?? '', 0o600);
      fine(['activate', store, 'g1', name, 'x']);
    }
    rmSync(path);
    symlinkSync('three', path);
    fine(['activate', store, 'g1', path, 'x']);
    assert.deepEqual(seen(join(store, 'replaced/x.1')), ['link', 'three']);
    assert.deepEqual(readdirSync(join(store, 'replaced')).sort(), ['.list', 'x', 'x.1']);
    assert.equal(readFileSync(join(store, 'replaced/.list'), 'utf8'), `x ${path}\nx.1 ${path}\n`);
    for (let at = 2; at < 64; at++) writeFileSync(join(store, `replaced/x.${String(at)}`), String(at));
    rmSync(path);
    put(path, keys[1] ?? '', 0o600);
    stage(store, 'g2', oneKey);
    refused(['activate', store, 'g2', path, 'x'], 74, /replaced holds 64 files .* move away/);
    assert.equal(readFileSync(path, 'utf8'), keys[1]);
    assert.match(fine(['inspect', store, 'x', 'x']), /^current g1$/m);
    assert.equal(readFileSync(join(store, 'replaced/x'), 'utf8'), keys[0]);
    // What is kept already needs no more room.
    put(path, keys[0] ?? '', 0o600);
    fine(['activate', store, 'g1', path, 'x']);
  });

  test('no path of a call lies below another, by name or by where it leads', () => {
    const { store, cert } = place();
    const etc = join(cert, '..');
    stage(store, 'g1', oneKey);
    fine(['activate', store, 'g1']);
    symlinkSync('a', join(etc, 'same'));
    symlinkSync('nope/../a', join(etc, 'around'));
    const a = [join(etc, 'a'), 'evil'];
    for (const [path, code] of [
      [join(etc, 'a/.manifest'), 64],
      [join(etc, 'a'), 64],
      [join(etc, 'same/.manifest'), 64],
      [join(etc, 'around/.manifest'), 77],
    ] as const) {
      refused(['activate', store, 'g1', ...a, path, 'x'], code, /way|twice|swapped/);
      refused(['activate', store, 'g1', path, 'x', ...a], code, /way|twice|swapped/);
      assert.equal(lstatSync(join(etc, 'a'), { throwIfNoEntry: false }), undefined);
    }
    // Made in an earlier call, it leads into the store.
    fine(['activate', store, 'g1', ...a]);
    refused(['activate', store, 'g1', join(etc, 'a/.manifest'), 'x'], 73, /stores/);
    assert.equal(existsSync(join(store, 'generations/g1/evil')), false);
  });

  test('a generation in use is staged again only with the very words it was staged with', () => {
    const { store, cert, key, links } = place();
    put(cert, old.pem, 0o644);
    put(key, old.key, 0o640, 0, group);
    const chain = stage(store, 'g1');
    fine(['activate', store, 'g1', ...links]);
    const was = statSync(key);
    const other = (shape: readonly string[]): void => {
      const ran = run(['stage', store, 'g1', ...shape], chain);
      assert.equal(ran.status, 65, ran.stderr);
      assert.match(ran.stderr, /staged otherwise/);
      assert.deepEqual(
        [statSync(key).ino, statSync(key).mode, statSync(key).gid],
        [was.ino, was.mode, group],
      );
    };
    const without = files.map((word) => word.replace('keep:', ''));
    other(without);
    // As scripts of before wrote it: the same words are still the same.
    const at = join(store, 'generations/g1');
    writeFileSync(join(at, '.manifest'), 'fullchain.pem fullchain 0644 \nprivkey.pem key 0600 \n');
    writeFileSync(join(at, '.shaped'), 'fullchain.pem fullchain\nprivkey.pem key\n');
    other(without);
    fine(['stage', store, 'g1', ...files], chain);
    assert.match(readFileSync(join(at, '.manifest'), 'utf8'), /^privkey\.pem key keep:0600 $/m);
    rmSync(join(at, '.manifest'));
    other(files);
  });

  test('a key takes nothing over from what was no key, or stands there no more', () => {
    const { store, cert, key, links } = place();
    put(cert, old.pem, 0o640, 0, group);
    put(`${cert}.2`, `${old.pem}${old.key}`, 0o640, 0, group);
    stage(store, 'g0', ['privkey.pem', 'certificate', 'keep:0644', '']);
    const isClosed = (path: string): void => {
      assert.deepEqual([statSync(path).gid, statSync(path).mode & 0o7777], [0, 0o600]);
    };
    // Whoever chooses the words fills the place of the key with a certificate.
    fine(['activate', store, 'g0', cert, 'privkey.pem']);
    assert.equal(statSync(join(store, 'generations/adopted/privkey.pem')).gid, group);
    stage(store, 'g1');
    isClosed(join(store, 'generations/g1/privkey.pem'));
    fine(['undo', store, 'g0']);
    // Or with the key of another service.
    fine(['activate', store, 'g0', `${cert}.2`, 'privkey.pem']);
    fine(['undo', store, 'g0']);
    stage(store, 'g2');
    fine(['activate', store, 'g2', ...links]);
    isClosed(key);
    fine(['undo', store, 'g2']);
    assert.deepEqual([seen(cert), existsSync(key)], [[0, group, '640', old.pem], false]);
  });

  test('a name stands once in a generation, and a list that calls a key a certificate opens nothing', () => {
    const { store, cert, key, links } = place();
    put(cert, old.pem, 0o644);
    const chain = stage(store, 'g1');
    const keyTwice = ['privkey.pem', 'certificate', 'keep:0644', '', 'privkey.pem', 'key', '0600', ''];
    for (const shape of [keyTwice, [...keyTwice.slice(4), ...keyTwice.slice(0, 4)]]) {
      const ran = run(['stage', store, 'g1', ...files.slice(0, 4), ...shape], chain);
      assert.equal(ran.status, 64, ran.stderr);
      assert.match(ran.stderr, /named twice: privkey\.pem/);
    }
    // As an older script believed it, and with what stood at the path open to everybody.
    const shaped = join(store, 'generations/g1/.shaped');
    writeFileSync(shaped, 'fullchain.pem fullchain 0644\nprivkey.pem certificate 0644\n');
    put(key, old.pem, 0o644, user, group);
    fine(['activate', store, 'g1', ...links]);
    const { uid, gid, mode } = statSync(key);
    assert.deepEqual([uid, gid, mode & 0o7777], [0, 0, 0o600]);
    assert.match(readFileSync(key, 'utf8'), /PRIVATE KEY/);
  });

  test('a file at several paths takes over owner and mode only where all of them have the same', () => {
    const { store, paths, put: putAll } = threeKeys();
    putAll();
    chmodSync(paths[1] ?? '', 0o640);
    stage(store, 'g1', ['x', 'key', 'keep:0600', '']);
    const words = ['activate', store, 'g1', ...paths.flatMap((path) => [path, 'x'])];
    refused(words, 78, /different owners or modes/);
    assert.equal(existsSync(join(store, 'current')), false);
    chmodSync(paths[1] ?? '', 0o600);
    fine(words);
  });

  test('an access control list is not taken for a mode: it is said before the switch', (context) => {
    const { store, cert, key, links } = place();
    put(cert, old.pem, 0o644);
    put(key, old.key, 0o600, 0, group);
    // Version 2; owner rw, user 33 r, group none, mask r, others none: acl(5), as the kernel keeps it.
    const list =
      `0200000001000600ffffffff0200040021000000040000 00ffffffff10000400ffffffff20000000ffffffff`.replaceAll(
        ' ',
        '',
      );
    const ways = [
      ['setfacl', ['-m', 'u:33:r', key]],
      [
        'python3',
        [
          '-c',
          `import os;os.setxattr(${JSON.stringify(key)},'system.posix_acl_access',bytes.fromhex('${list}'))`,
        ],
      ],
    ] as const;
    if (!ways.some(([program, words]) => spawnSync(program, words).status === 0)) {
      context.skip('nothing here sets access control lists, or this disk has none');
      return;
    }
    stage(store, 'g1');
    refused(['activate', store, 'g1', ...links], 78, /access control list .* into the profile/);
    assert.equal(lstatSync(key).isSymbolicLink(), false);
    assert.equal(existsSync(join(store, 'current')), false);
    // A profile that says mode and owner has its way, and an undo brings the list back.
    stage(
      store,
      'g2',
      files.map((word) => word.replace('keep:', '')),
    );
    const before = execFileSync('ls', ['-ln', key], { encoding: 'utf8' }).split(' ')[0];
    assert.match(before ?? '', /\+$/);
    fine(['activate', store, 'g2', ...links]);
    fine(['undo', store, 'g2']);
    assert.equal(execFileSync('ls', ['-ln', key], { encoding: 'utf8' }).split(' ')[0], before);
    // Without it, nothing of the try before is in the way.
    rmSync(key);
    put(key, old.key, 0o600, 0, group);
    stage(store, 'g3');
    fine(['activate', store, 'g3', ...links]);
    assert.equal(statSync(key).gid, group);
  });

  test('nobody stops a switch but a reader of the files who does not see the store', async (context) => {
    const hide = `mount -t tmpfs none ${base}/stores`;
    const nobody = `setpriv --reuid ${String(user)} --regid ${String(user)} --clear-groups`;
    const wait = 'sh -c "echo up; exec sleep 60"';
    const up = async (command: string): Promise<(() => Promise<void>) | null> => {
      const child = spawn('sh', ['-c', `exec ${command}`], { stdio: ['ignore', 'pipe', 'ignore'] });
      const ended = new Promise((resolve) => child.once('close', resolve));
      const end = async (): Promise<void> => {
        child.kill('SIGKILL');
        await ended;
      };
      context.after(end);
      const is = await Promise.race([
        new Promise<boolean>((resolve) =>
          child.stdout.once('data', () => {
            resolve(true);
          }),
        ),
        ended.then(() => false),
      ]);
      return is ? end : null;
    };
    const ends = [
      await up(`${nobody} unshare -U -r -m sh -c '${hide} && exec ${wait}'`),
      await up(`unshare -m sh -c '${hide} && exec ${nobody} ${wait}'`),
    ];
    if (ends.includes(null)) {
      context.skip('this machine lets nobody make a namespace');
      return;
    }
    const { store, cert, key, links } = place();
    put(cert, old.pem, 0o644);
    put(key, old.key, 0o640, 0, group);
    stage(store, 'g1');
    fine(['activate', store, 'g1', ...links]);
    // The second is stopped for when the key is that user's, or its group's.
    for (const [owner, mode, keyGroup] of [
      [user, 0o600, 0],
      [0, 0o640, user],
    ] as const) {
      const theirs = place();
      put(theirs.cert, old.pem, 0o644);
      put(theirs.key, old.key, mode, owner, keyGroup);
      stage(theirs.store, 'g1');
      refused(['activate', theirs.store, 'g1', ...theirs.links], 78, /process \d+ \(sleep\) sees/);
    }
  });

  test('a process that ends while it is looked at stops no switch', async (context) => {
    // As a blind one does between two looks: each sshd, for whoever is not in yet, takes another root and ends soon.
    const script = readFileSync(helper, 'utf8');
    const second = /^( *)still=/m;
    assert.match(script, second);
    const hide = `mount -t tmpfs none ${base}/stores && echo up && exec sleep 60`;
    const child = spawn('unshare', ['-m', 'sh', '-c', hide], { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = new Promise<false>((resolve) => {
      child.once('close', () => {
        resolve(false);
      });
    });
    const up = new Promise<true>((resolve) => {
      child.stdout.once('data', () => {
        resolve(true);
      });
    });
    if (!(await Promise.race([up, ended]))) {
      context.skip('this machine lets nobody mount');
      return;
    }
    const { store, cert, key, links } = place();
    put(cert, old.pem, 0o644);
    put(key, old.key, 0o600);
    stage(store, 'g1');
    const hasty = join(base, 'sbin/hasty');
    put(hasty, script.replace(second, `$1kill -9 ${String(child.pid)}; sleep 0.2\n$&`), 0o755);
    copyFileSync(`${helper}.allow`, `${hasty}.allow`);
    const words = ['activate', store, 'g1', ...links];
    const ran = spawnSync(hasty, words, { encoding: 'utf8', timeout: 120_000 });
    assert.equal(ran.status, 0, ran.stderr);
    assert.equal(await ended, false);
    assert.equal(child.signalCode, 'SIGKILL');
  });

  test('a look compares files of the store with files, and opens nothing else', () => {
    const { store, cert, links } = place('copy:');
    stage(store, 'g1');
    fine(['activate', store, 'g1', ...links]);
    put(join(base, 'precious'), readFileSync(cert, 'utf8'), 0o600);
    const look = ['inspect', store, 'fullchain.pem', 'privkey.pem'];
    for (const word of ['../../../../../precious', 'copy:../../../../../precious', 'copy:', '.key.pem']) {
      refused([...look, cert, word], 64, /not a plain name/);
    }
    for (const path of [join(store, 'generations/g1/fullchain.pem'), cert]) {
      rmSync(path);
      execFileSync('mkfifo', [path]);
      assert.match(fine([...look, ...links.slice(0, 2)]), /^broken .*a\.crt$/m);
    }
  });

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
