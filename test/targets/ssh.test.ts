/** The SSH target against the real sshd and openssl: generations, links, hostile values, privilege by one root-owned script. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Profile } from '../../daemon/core/model.ts';
import type { Placement } from '../../daemon/core/placement.ts';
import type { Tools } from '../../daemon/ports/plugin.ts';
import type { KeyProver, Store, Target, WebrootWriter } from '../../daemon/ports/target.ts';
import { createSecret } from '../../daemon/secrets.ts';
import { quoteWords } from '../../daemon/ssh/words.ts';
import { createSshPool, type SshPool } from '../../daemon/ssh/pool.ts';
import { createSshTarget } from '../../daemon/targets/ssh.ts';
import { stageGeneration, targetContract, type TargetUnderTest } from '../contract/target.ts';
import { openWorkshop } from '../fixtures/openssl.ts';
import { sshdMissing, startSshd, type RealSshd } from '../fixtures/sshd.ts';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const signal = (): AbortSignal => AbortSignal.timeout(60_000);
const script = join(import.meta.dirname, '../../daemon/targets/renewd-endpoint.sh');

describe('the ssh target', { skip: sshdMissing() ?? false }, async () => {
  const root = mkdtempSync(join(tmpdir(), 'renewd-target-'));
  const workshop = openWorkshop();
  const ca = workshop.ca('Target CA');
  let sshd: RealSshd;
  let pool: SshPool;
  const crossed: string[] = [];
  let stores = 0;

  before(async () => {
    sshd = await startSshd();
    const real = createSshPool({ log: silent, now: Date.now });
    // Everything that comes back from an endpoint passes here: no private key may be in it.
    pool = {
      close: real.close,
      withSession: (destination, abort, work) =>
        real.withSession(destination, abort, (session) =>
          work({
            run: async (words, options) => {
              // What fits into one small packet and through every login shell: 35,000 bytes are all that RFC 4253 promises.
              const line = quoteWords(words);
              assert.ok(line.length < 8192, line.slice(0, 200));
              const result = await session.run(words, options);
              crossed.push(Buffer.from(result.stdout).toString('latin1') + result.stderr);
              return result;
            },
          }),
        ),
    };
  });
  after(async () => {
    await pool.close();
    await sshd.stop();
    workshop.close();
    rmSync(root, { recursive: true, force: true });
  });

  const tools: Tools = {
    now: Date.now,
    secret: () => Promise.resolve(createSecret(sshd.userKeyPem)),
    agentSocket: () => Promise.reject(new Error('no agent')),

    published: () => Promise.resolve({ text: null, unsure: null }),
    directory: () => Promise.reject(new Error('none')),
    custody: { read: () => Promise.resolve(null), write: () => Promise.resolve() },
    log: silent,
  };
  const open = (changes: Record<string, unknown> = {}): Target & WebrootWriter & KeyProver =>
    createSshTarget({ pool }).create(
      'web-01',
      {
        type: 'ssh',
        host: '127.0.0.1',
        port: sshd.port,
        user: sshd.user,
        hostKeys: [sshd.hostKeyLine],
        auth: { key: { secret: 'deploy-key' } },
        directory: join(root, 'stores'),
        ...changes,
      },
      tools,
    );
  const profile = (changes: Partial<Profile> = {}): Profile => ({
    kind: 'Profile',
    name: 'p',
    labels: {},
    source: { file: '', line: 1, column: 1 },
    blob: '',
    description: '',
    parameters: {},
    files: [
      { name: 'fullchain.pem', content: 'fullchain', mode: '0644', owner: null },
      { name: 'privkey.pem', content: 'key', mode: '0600', owner: null },
      { name: 'chain.pem', content: 'chain', mode: '0644', owner: null },
      { name: 'cert.pem', content: 'certificate', mode: '0644', owner: null },
      { name: 'all.pem', content: 'combined', mode: '0600', owner: null },
    ],
    paths: [],
    links: [],
    test: [],
    reload: [],
    settleMs: 1000,
    ...changes,
  });
  /** As `core/placement.ts` makes it, but unjudged: the script must refuse on its own what is not plain. */
  const newStore = (
    changes: Partial<Profile> = {},
    parameters: Record<string, string> = {},
    directory = join(root, 'stores'),
  ): Store => {
    const certificate = `web/shop-${String(stores++)}`;
    const links = (changes.links ?? []).flatMap(({ path, file }) => {
      const filled = path.replace(/\{\{(.*)\}\}/, (_, name: string) => parameters[name] ?? '');
      return filled === '' ? [] : [{ path: filled, file }];
    });
    const placement = { store: join(directory, certificate), links, copied: false, words: parameters };
    return { certificate, profile: profile(changes), placement: placement as unknown as Placement };
  };
  const under = (store: Store, target = open): TargetUnderTest => ({
    target,
    store: () => store,
    workshop,
    ca,
  });

  describe('privilege direct', () => {
    const store = newStore();
    targetContract(under(store));
    test('files hold what the profile says, with its modes', () => {
      const directory = join(root, 'stores', store.certificate, 'current');
      const text = (name: string): string => readFileSync(join(directory, name), 'utf8');
      assert.equal(text('fullchain.pem'), text('cert.pem') + text('chain.pem'));
      assert.equal(text('chain.pem').trim(), ca.pem.trim());
      assert.match(text('all.pem'), /CERTIFICATE[^]*PRIVATE KEY/);
      assert.equal(statSync(join(directory, 'privkey.pem')).mode & 0o777, 0o600);
      assert.equal(statSync(join(directory, 'cert.pem')).mode & 0o777, 0o644);
    });
  });

  test('what stood at a linked path is kept, and gone back to, byte for byte', async () => {
    const etc = join(root, 'etc');
    mkdirSync(etc, { recursive: true });
    const old = workshop.leaf(ca, 'old.example.com');
    writeFileSync(join(etc, 'shop.crt'), old.pem);
    writeFileSync(join(etc, 'shop.key'), old.key, { mode: 0o600 });
    const store = newStore(
      {
        links: [
          { path: '{{certificate}}', file: 'fullchain.pem' },
          { path: '{{key}}', file: 'privkey.pem' },
          { path: '{{other}}', file: 'chain.pem' },
        ],
      },
      { certificate: join(etc, 'shop.crt'), key: join(etc, 'shop.key'), other: '' },
    );
    await stageGeneration(under(store), 'g1');
    await open().activate(store, 'g1', signal());
    assert.ok(lstatSync(join(etc, 'shop.crt')).isSymbolicLink());
    const seen = await open().inspect(store, signal());
    assert.deepEqual([seen.current, seen.previous], ['g1', 'adopted']);
    await open().activate(store, 'adopted', signal());
    assert.equal(readFileSync(join(etc, 'shop.crt'), 'utf8'), old.pem);
    assert.equal(readFileSync(join(etc, 'shop.key'), 'utf8'), old.key);
    // A deployment script puts a file in the place of the link.
    await open().activate(store, 'g1', signal());
    rmSync(join(etc, 'shop.crt'));
    writeFileSync(join(etc, 'shop.crt'), old.pem);
    assert.deepEqual((await open().inspect(store, signal())).brokenLinks, [join(etc, 'shop.crt')]);
    await open().activate(store, 'g1', signal());
    assert.deepEqual((await open().inspect(store, signal())).brokenLinks, []);
    // And a person puts a key there that exists nowhere else.
    rmSync(join(etc, 'shop.key'));
    const only = workshop.leaf(ca, 'only.example.com').key;
    writeFileSync(join(etc, 'shop.key'), only, { mode: 0o600 });
    await open().activate(store, 'g1', signal());
    const kept = join(root, 'stores', store.certificate, 'replaced/privkey.pem');
    assert.equal(readFileSync(kept, 'utf8'), only);
    assert.equal(statSync(kept).mode & 0o777, 0o600);
  });

  test('a file changed through the link is seen, and staging again puts it right without a new key', async () => {
    const store = newStore();
    const fingerprint = await stageGeneration(under(store), 'g1');
    await open().activate(store, 'g1', signal());
    const file = join(root, 'stores', store.certificate, 'current/fullchain.pem');
    const chain = readFileSync(file, 'utf8');
    writeFileSync(file, workshop.leaf(ca, 'evil.example.com').pem);
    const changed = await open().inspect(store, signal());
    assert.notEqual(changed.leaf?.fingerprint, fingerprint);
    assert.equal(changed.keyMatches, false);
    await open().stage(store, 'g1', [chain], signal());
    const mended = await open().inspect(store, signal());
    assert.equal(mended.leaf?.fingerprint, fingerprint);
    assert.equal(mended.keyMatches, true);
  });

  test('test and reload say what the server said, and each word stays one word', async () => {
    const said = join(root, 'said');
    const words = newStore(
      {
        test: [['sh', '-c', 'printf "%s\\n" "$@" > "$0"', said, '{{a}}', '{{b}}']],
        reload: [['sh', '-c', 'echo boom >&2; exit 7']],
      },
      { a: "x'; touch /tmp/renewd-pwned; '", b: '$(id) `id` -rf "' },
    );
    await open().test(words, signal());
    assert.equal(readFileSync(said, 'utf8'), "x'; touch /tmp/renewd-pwned; '\n$(id) `id` -rf \"\n");
    assert.equal(existsSync('/tmp/renewd-pwned'), false);
    await assert.rejects(open().reload(words, signal()), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'reload-failed');
      assert.match(error.message, /ended with 7: boom/);
      return true;
    });
  });

  test('a command that prints a private key puts none into what is said of it', async () => {
    const file = join(root, 'printed.pem');
    for (const [algorithm, option] of [
      ['EC', 'ec_paramgen_curve:P-256'],
      ['RSA', 'rsa_keygen_bits:2048'],
    ] as const) {
      workshop.run(['genpkey', '-algorithm', algorithm, '-pkeyopt', option, '-out', file]);
      const key = readFileSync(file, 'utf8');
      const heard = crossed.length;
      for (const print of [
        'cat "$0" >&2',
        'cat "$0"',
        'tail -n 3 "$0" >&2',
        'head -n -1 "$0"',
        'sed "s/^/nginx: /" "$0"',
      ]) {
        const store = newStore({ test: [['sh', '-c', `${print}; exit 1`, file]] });
        await assert.rejects(open().test(store, signal()), (error: Error) => {
          for (const line of key.split('\n').filter((each) => each.length >= 20 && !each.startsWith('-----')))
            for (let at = 0; at + 20 <= line.length; at++)
              assert.ok(!error.message.includes(line.slice(at, at + 20)), `${print}: ${error.message}`);
          return true;
        });
      }
      crossed.splice(heard);
    }
  });

  test('paths that lead elsewhere are refused', async () => {
    for (const path of ['relative/path', `${root}/../../etc/x`, `${root}/a//b`, `${root}/a\n/b`]) {
      const store = newStore({ links: [{ path: '{{p}}', file: 'fullchain.pem' }] }, { p: path });
      await stageGeneration(under(store), 'g1').catch(() => undefined);
      await assert.rejects(open().activate(store, 'g1', signal()), /plain path|absolute path|line end/, path);
    }
    await assert.rejects(open().activate(newStore(), '../../x', signal()), /not a plain name/);
  });

  test('a directory that cannot be written is trouble with its path', async () => {
    writeFileSync(join(root, 'a-file'), '');
    await assert.rejects(
      open({ directory: join(root, 'a-file/stores') }).generateKey(
        newStore({}, {}, join(root, 'a-file/stores')),
        'g',
        { algorithm: 'ecdsa-p256', dnsNames: ['a.example.com'], ipAddresses: [] },
        signal(),
      ),
      {
        code: 'stage-failed',
      },
    );
  });

  test('a request that is more than names never reaches openssl', () => {
    const call = (input: string): void => {
      execFileSync(
        '/bin/sh',
        [
          '-c',
          readFileSync(script, 'utf8'),
          'renewd-direct',
          'generate-key',
          join(root, 'hostile'),
          'g',
          'ecdsa-p256',
        ],
        { input, stdio: 'pipe' },
      );
    };
    const base = '[req]\nprompt = no\ndistinguished_name = dn\n[dn]\nCN = a\n';
    call(base);
    for (const line of [
      'openssl_conf = a',
      '.include /etc/passwd',
      'oid_file = /etc/passwd',
      '[providers]',
      'module = /tmp/x.so',
      'CN = $ENV::HOME',
      'DNS.1 = a.example.com,IP:10.0.0.1',
    ]) {
      for (const input of [`${line}\n${base}`, `${base}${line}\n`, `${base}${line}`]) {
        assert.throws(() => call(input), /a request with a line that renewd does not write/, line);
      }
    }
  });

  test('an endpoint without openssl is told apart from a full disk', async () => {
    const bin = join(root, 'bin-without-openssl');
    mkdirSync(bin);
    for (const name of ['id', 'mkdir', 'flock', 'ls', 'readlink', 'rm', 'sync', 'cat', 'head', 'wc']) {
      const path = execFileSync('sh', ['-c', 'command -v "$0" || true', name], { encoding: 'utf8' }).trim();
      if (path !== '') symlinkSync(path, join(bin, name));
    }
    const text = readFileSync(script, 'utf8').replace(/^( *PATH=).*$/gm, `$1${bin}`);
    const store = newStore();
    await stageGeneration(under(store), 'g1');
    for (const words of [
      ['generate-key', join(root, 'stores', store.certificate), 'g1', 'ecdsa-p256'],
      ['inspect', join(root, 'stores', store.certificate), 'fullchain.pem', 'privkey.pem'],
    ]) {
      assert.throws(
        () => execFileSync('/bin/sh', ['-c', text, 'renewd-direct', ...words], { input: '', stdio: 'pipe' }),
        { status: 69 },
      );
    }
  });

  test('two at once: the second is told, and nothing is broken', async () => {
    if (!existsSync('/usr/bin/flock')) return;
    const store = newStore();
    await stageGeneration(under(store), 'g1');
    const lock = join(root, 'stores', store.certificate, '.lock');
    const holder = spawn('flock', [lock, 'sh', '-c', 'echo held; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    await once(holder.stdout, 'data');
    try {
      await assert.rejects(open().activate(store, 'g1', signal()), { code: 'endpoint-busy' });
    } finally {
      process.kill(-(holder.pid ?? 0), 'SIGKILL');
    }
  });

  test('an answer for http-01 is written, readable for the web server, and removed; twice is fine', async () => {
    const webroot = join(root, 'webroot');
    await open().writeWebroot(webroot, 'tok-1_x', 'tok-1_x.thumb', signal());
    const file = join(webroot, '.well-known/acme-challenge/tok-1_x');
    assert.equal(readFileSync(file, 'utf8'), 'tok-1_x.thumb');
    assert.equal(statSync(file).mode & 0o777, 0o644);
    for (let twice = 0; twice < 2; twice++) await open().removeWebroot(webroot, 'tok-1_x', signal());
    assert.equal(existsSync(file), false);
    await assert.rejects(open().writeWebroot(webroot, '../../x', 'y', signal()), /not a token/);
    // One token in 64 begins with a dash.
    await open().writeWebroot(webroot, '-h6Rl_', 'answer', signal());
    assert.equal(readFileSync(join(webroot, '.well-known/acme-challenge/-h6Rl_'), 'utf8'), 'answer');
    await open().removeWebroot(webroot, '-h6Rl_', signal());
    assert.equal(existsSync(join(webroot, '.well-known/acme-challenge/-h6Rl_')), false);
  });

  test('no private key crossed the connection', () => {
    assert.ok(crossed.length > 20);
    // What is said to people says so where one was withheld.
    for (const text of crossed) assert.doesNotMatch(text, /PRIVATE KEY|\[private key\]/);
  });

  const sudo =
    process.getuid?.() !== 0
      ? 'needs root to install the script'
      : existsSync('/usr/bin/sudo')
        ? false
        : 'sudo is not installed';
  describe('privilege helper', { skip: sudo }, () => {
    const installed = `/usr/local/sbin/renewd-endpoint-test-${String(process.pid)}`;
    const helper = (): Target & WebrootWriter & KeyProver =>
      open({ directory: join(root, 'owned'), privilege: { mode: 'helper', path: installed } });
    before(() => {
      copyFileSync(script, installed);
      chmodSync(installed, 0o755);
      writeFileSync(
        `${installed}.allow`,
        `directory ${root}/owned\nlink ${root}/etc\ncommand true\nwebroot ${root}/webroot\n`,
        { mode: 0o644 },
      );
    });
    after(() => {
      rmSync(installed, { force: true });
      rmSync(`${installed}.allow`, { force: true });
    });
    const owned = join(root, 'owned');
    const store = newStore({}, {}, owned);
    targetContract(under(store, helper));

    test('only what the list names is done', async () => {
      await helper().test(newStore({ test: [['true']] }), signal());
      for (const [words, expected] of [
        [['true', 'x'], /does not allow command/],
        [['sh', '-c', 'id'], /does not allow command/],
        [['true x'], /blank in it/],
      ] as const) {
        await assert.rejects(helper().test(newStore({ test: [words] }), signal()), expected);
      }
      await assert.rejects(
        open({ directory: '/root/elsewhere', privilege: { mode: 'helper', path: installed } }).check(
          signal(),
        ),
        /does not allow directory/,
      );
      const linked = newStore({ links: [{ path: '/root/x.pem', file: 'fullchain.pem' }] }, {}, owned);
      await stageGeneration(under(linked, helper), 'g1');
      await assert.rejects(helper().activate(linked, 'g1', signal()), /does not allow link/);
      await assert.rejects(helper().writeWebroot('/root', 't', 'k', signal()), /does not allow webroot/);
    });

    test('a line of the list without a path allows nothing', async () => {
      const list = readFileSync(`${installed}.allow`, 'utf8');
      writeFileSync(`${installed}.allow`, 'directory\n');
      await assert.rejects(helper().check(signal()), /does not allow directory/);
      writeFileSync(`${installed}.allow`, list);
    });

    test('an older script is told, with the way to replace it', async () => {
      const text = readFileSync(installed, 'utf8');
      assert.doesNotMatch(await helper().check(signal()), /install/);
      writeFileSync(installed, text.replace(/^version=.*$/m, 'version=1').replace(/^ *version\) .*$/m, ''));
      assert.match(await helper().check(signal()), /version 1 and this renewd brings version \d+: install/);
      const seen = await helper().inspect(newStore({}, {}, owned), signal());
      assert.equal(seen.outdatedHelper?.installed, 1);
      writeFileSync(installed, text);
      assert.equal((await helper().inspect(newStore({}, {}, owned), signal())).outdatedHelper, undefined);
    });

    test('a list that others may write is no list', async () => {
      chmodSync(`${installed}.allow`, 0o666);
      await assert.rejects(helper().check(signal()), { code: 'unsupported' });
      chmodSync(`${installed}.allow`, 0o644);
    });
  });
});
