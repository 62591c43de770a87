/** The endpoint's script as its attackers meet it: a thief of the daemon's key with any words and input, and a local user who swaps what root looks at. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { directCall } from '../../daemon/targets/ssh/direct-call.ts';
import { csrConfiguration } from '../../daemon/targets/ssh/endpoint-output.ts';
import { checkCsr, readCsr } from '../../daemon/x509/csr.ts';
import { derToPem } from '../../daemon/x509/pem.ts';
import { der, oid, sequence } from '../fixtures/der.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const source = join(import.meta.dirname, '../../daemon/targets/renewd-endpoint.sh');
/** Debian's `nobody`: any account but root does. */
const attacker = 65534;
const request = '[req]\nprompt = no\ndistinguished_name = dn\n[dn]\nCN = a.example.com\n';
const rootNeeded = process.getuid?.() === 0 ? false : 'needs root: the script is what root runs';

/** Files that keep a naive openssl busy for an hour: each asks for 2^31 - 1 rounds of a password. */
function slowForms(key: string, certificate: string): Readonly<Record<string, Buffer>> {
  const rounds = der(0x02, Buffer.from([0x7f, 0xff, 0xff, 0xff]));
  const salt = der(0x04, Buffer.alloc(16, 1));
  const derivation = sequence(
    oid('1.2.840.113549.1.5.12'),
    sequence(salt, rounds, sequence(oid('1.2.840.113549.2.9'), der(0x05))),
  );
  const cipher = sequence(oid('2.16.840.1.101.3.4.1.42'), der(0x04, Buffer.alloc(16, 2)));
  const scheme = sequence(oid('1.2.840.113549.1.5.13'), sequence(derivation, cipher));
  const encrypted = sequence(scheme, der(0x04, Buffer.alloc(160, 3)));
  const store = (version: number): Buffer =>
    sequence(
      der(0x02, Buffer.from([version])),
      sequence(oid('1.2.840.113549.1.7.1'), der(0xa0, der(0x04, sequence()))),
      sequence(
        sequence(sequence(oid('2.16.840.1.101.3.4.2.1'), der(0x05)), der(0x04, Buffer.alloc(32))),
        salt,
        rounds,
      ),
    );
  const pem = (label: string, content: Uint8Array): string =>
    `-----BEGIN ${label}-----\n${(
      Buffer.from(content)
        .toString('base64')
        .match(/.{1,64}/g) ?? []
    ).join('\n')}\n-----END ${label}-----\n`;
  const first = key.split('\n')[1] ?? '';
  const forms: Record<string, string | Buffer> = {
    'an encrypted key': pem('ENCRYPTED PRIVATE KEY', encrypted),
    'an encrypted key in DER': encrypted,
    'an encrypted key under the label of a plain one': pem('PRIVATE KEY', encrypted),
    'an encrypted key under the label of another kind': pem('RSA PRIVATE KEY', encrypted),
    'an encrypted key under the label of a certificate': pem('CERTIFICATE', encrypted),
    'an encrypted key after a plain one': key + pem('ENCRYPTED PRIVATE KEY', encrypted),
    'an encrypted key before a certificate': pem('ENCRYPTED PRIVATE KEY', encrypted) + certificate,
    'an encrypted key behind what looks like headers': pem('PRIVATE KEY', encrypted).replace(
      '\n',
      `\n${first}\n\n`,
    ),
    'a label inside a long line': `${'#'.repeat(254)}${pem('ENCRYPTED PRIVATE KEY', encrypted)}${key}`,
    'a label behind a NUL': `#\0${'#'.repeat(252)}${pem('ENCRYPTED PRIVATE KEY', encrypted)}${key}`,
    'PKCS #12': store(3),
    'PKCS #12 that says another version': store(0),
    'PKCS #12 under the label of a certificate': pem('CERTIFICATE', store(3)),
    'PKCS #12 under its own label': pem('PKCS12', store(3)),
    'a key with a password of the old kind': key.replace(
      '\n',
      '\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n',
    ),
  };
  return Object.fromEntries(Object.entries(forms).map(([what, content]) => [what, Buffer.from(content)]));
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly said: string;
}

describe('the script that root runs', { skip: rootNeeded }, () => {
  const workshop = openWorkshop();
  const ca = workshop.ca('Endpoint CA');
  // Not below /tmp: everything above the store must be root's alone, as it is on a real machine.
  const base = mkdtempSync('/var/lib/renewd-script-');
  const helper = join(base, 'sbin/renewd-endpoint');
  const store = join(base, 'stores/web/shop');
  const secret = join(base, 'secret');
  let chain = '';

  const run = (words: readonly string[], input = '', environment: Record<string, string> = {}): Ran => {
    const ended = spawnSync(helper, words, {
      input,
      env: { ...environment },
      encoding: 'utf8',
      timeout: 120_000,
    });
    return { code: ended.status, out: ended.stdout, said: ended.stderr };
  };
  const fine = (words: readonly string[], input = ''): string => {
    const ran = run(words, input);
    assert.equal(ran.code, 0, `${words.slice(0, 3).join(' ')}: ${ran.said}`);
    return ran.out;
  };
  const refused = (words: readonly string[], input: string, code: number, why?: RegExp): void => {
    const ran = run(words, input);
    assert.equal(ran.code, code, `${JSON.stringify(words)}: ${ran.said}`);
    if (why !== undefined) assert.match(ran.said, why);
  };
  const asAttacker = (script: string): void => {
    execFileSync('/bin/sh', ['-c', script], { uid: attacker, gid: attacker, stdio: 'pipe' });
  };
  const certify = (generation: string, at = store): string => {
    const csr = Buffer.from(fine(['generate-key', at, generation, 'ecdsa-p256'], request), 'base64');
    return derToPem(workshop.signCsr(ca, csr, ['subjectAltName=DNS:a.example.com'])) + ca.pem;
  };
  const files = ['fullchain.pem', 'fullchain', '0644', '', 'privkey.pem', 'key', '0600', ''];

  before(() => {
    chmodSync(base, 0o755);
    for (const name of ['sbin', 'stores', 'etc', 'secret']) mkdirSync(join(base, name));
    copyFileSync(source, helper);
    chmodSync(helper, 0o755);
    writeFileSync(
      `${helper}.allow`,
      [
        `directory ${base}/stores`,
        `link ${base}/etc`,
        `webroot ${base}/www`,
        `webroot ${base}/shared`,
        'owner nobody',
        `owner root:${groupName()}`,
        'owner root:daemon',
        `key-group ${groupName()}`,
        'command env',
      ].join('\n'),
      { mode: 0o644 },
    );
    writeFileSync(join(secret, 'precious'), 'precious\n', { mode: 0o600 });
    chain = certify('g1');
  });
  after(() => {
    workshop.close();
    rmSync(base, { recursive: true, force: true });
  });
  const untouched = (): void => {
    assert.deepEqual(readdirSync(secret), ['precious']);
    assert.equal(readFileSync(join(secret, 'precious'), 'utf8'), 'precious\n');
  };

  test('no mode makes anything executable, setuid or readable beyond what a key may be', () => {
    const one = (content: string, mode: string, owner = ''): string[] => [
      'stage',
      store,
      'g1',
      'x',
      content,
      mode,
      owner,
    ];
    for (const mode of [
      '4755',
      '04755',
      '2755',
      '6644',
      '1644',
      '0755',
      '0645',
      '0666',
      '0664',
      '777',
      '0',
      '',
      'u+s',
      '-R',
      'a+x',
      '0644 ',
      '00644',
    ]) {
      refused(one('fullchain', mode), chain, 64, /not a mode/);
      refused(one('key', mode), chain, 64, /mode/);
    }
    for (const mode of ['0644', '0604', '0660', '0444']) {
      refused(one('key', mode), chain, 64);
      refused(one('combined', mode), chain, 64);
    }
    // A group reads a key only where the list says so, and nothing belongs to anybody the list does not name.
    refused(one('key', '0640'), chain, 64, /needs an owner with the group/);
    refused(one('key', '0640', 'nobody'), chain, 64);
    refused(one('combined', '0640', 'root:daemon'), chain, 66, /key-group daemon/);
    for (const owner of [
      'daemon',
      'root',
      '0',
      '0:0',
      'nobody:root',
      '--reference=/etc/passwd',
      'root:',
      'nobody nobody',
      '*',
      ':',
      'a\nb',
    ]) {
      const { code } = run(one('fullchain', '0644', owner), chain);
      assert.ok(code === 64 || code === 66, owner);
    }
    fine(one('key', '0640', `root:${groupName()}`), chain);
    assert.equal(statSync(join(store, 'generations/g1/x')).mode & 0o7777, 0o640);
  });

  test('what is written is certificates that were parsed, whatever stands around them', () => {
    const files = ['stage', store, 'g1', 'x', 'fullchain', '0644', ''];
    const [leaf = '', issuer = ''] = chain.split(/(?<=-----END CERTIFICATE-----\n)/);
    for (const hostile of [
      `#!/bin/sh\nid\n${chain}`,
      `${leaf}\nid\n${issuer}`,
      `${chain}\nid`,
      `${chain}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
      chain.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'),
      `${leaf}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      leaf.replace('\n', '\nProc-Type: 4,ENCRYPTED\n'),
      leaf.slice(0, -20),
      '',
      leaf + issuer.repeat(16),
      ' '.repeat(300_000) + chain,
    ]) {
      refused(files, hostile, 64);
    }
    fine(files, `\n${chain.replaceAll('\n', '\r\n')}\n \n`);
    const written = readFileSync(join(store, 'generations/g1/x'), 'utf8');
    assert.equal(written, chain);
    assert.equal(statSync(join(store, 'generations/g1/x')).mode & 0o7777, 0o644);
  });

  test('what serves, or served before, is never given another shape', () => {
    const chains = new Map(['live1', 'live2'].map((name) => [name, certify(name)]));
    for (const [name, text] of chains) {
      fine(['stage', store, name, ...files], text);
      fine(['activate', store, name]);
    }
    for (const [name, text] of chains) {
      const key = join(store, 'generations', name, 'privkey.pem');
      const was = statSync(key);
      refused(
        ['stage', store, name, 'privkey.pem', 'key', '0640', `root:${groupName()}`],
        text,
        65,
        /in use/,
      );
      refused(['stage', store, name, ...files, 'y', 'key', '0600', ''], text, 65, /in use/);
      refused(
        ['stage', store, name, ...files],
        text.split(/(?<=-----END CERTIFICATE-----\n)/)[0] ?? '',
        65,
        /in use/,
      );
      refused(['generate-key', store, name, 'ecdsa-p256'], request, 65, /in use/);
      fine(['stage', store, name, ...files], text);
      assert.deepEqual([statSync(key).ino, statSync(key).mode], [was.ino, was.mode]);
      assert.equal(existsSync(join(store, 'generations', name, 'y')), false);
    }
    // A file that somebody changed is put right.
    const file = join(store, 'generations/live2/fullchain.pem');
    writeFileSync(file, 'changed');
    fine(['stage', store, 'live2', ...files], chains.get('live2'));
    assert.equal(readFileSync(file, 'utf8'), chains.get('live2'));
    chmodSync(join(store, 'generations/live2/privkey.pem'), 0o666);
    fine(['stage', store, 'live2', ...files], chains.get('live2'));
    assert.equal(statSync(join(store, 'generations/live2/privkey.pem')).mode & 0o7777, 0o600);
  });

  test('what was in use once is not staged otherwise, however many switches ago; what stood there before is never swept', () => {
    const at = join(base, 'stores/web/history');
    const links = [join(base, 'etc/h.crt'), 'fullchain.pem', join(base, 'etc/h.key'), 'privkey.pem'];
    writeFileSync(links[0] ?? '', ca.pem);
    writeFileSync(links[2] ?? '', ca.key, { mode: 0o600 });
    const chains = new Map<string, string>();
    for (const name of ['g1', 'g2', 'g3']) {
      chains.set(name, certify(name, at));
      fine(['stage', at, name, ...files], chains.get(name));
      // Switched to by a script that made no marks yet.
      if (name === 'g2') rmSync(join(at, 'generations/g1/.used'));
      fine(['activate', at, name, ...links]);
    }
    const key = join(at, 'generations/g1/privkey.pem');
    const was = readFileSync(key, 'utf8');
    const text = chains.get('g1') ?? '';
    refused(['stage', at, 'g1', 'privkey.pem', 'fullchain', '0644', ''], text, 65, /was in use/);
    refused(['stage', at, 'g1', ...files, 'y', 'key', '0600', ''], text, 65, /was in use/);
    refused(['stage', at, 'g1', ...files], chains.get('g2') ?? '', 65);
    refused(['generate-key', at, 'g1', 'ecdsa-p256'], request, 65, /was in use/);
    assert.equal(readFileSync(key, 'utf8'), was);
    fine(['stage', at, 'g1', ...files], text);
    fine(['activate', at, 'g1', ...links]);
    fine(['sweep', at]);
    assert.deepEqual(readdirSync(join(at, 'generations')).sort(), ['adopted', 'g1', 'g3']);
    assert.equal(readFileSync(join(at, 'generations/adopted/privkey.pem'), 'utf8'), ca.key);
  });

  test('a caller that sends nothing and stays keeps nobody else from the store', async () => {
    const at = join(base, 'stores/web/slowly');
    fine(['stage', at, 'g1', ...files], certify('g1', at));
    for (const words of [
      ['generate-key', at, 'g2', 'ecdsa-p256'],
      ['stage', at, 'g1', ...files],
      ['prove', at, 'g1', 'privkey.pem'],
    ]) {
      const slow = spawn(helper, words, { stdio: ['pipe', 'ignore', 'ignore'], env: {} });
      const ended = new Promise((resolve) => slow.once('exit', resolve));
      // It reads as soon as its file is there; `prove` reads before it makes any.
      while (words[0] !== 'prove' && !readdirSync(at).includes(`.input.${String(slow.pid)}`))
        await new Promise((resolve) => setTimeout(resolve, 20));
      fine(['activate', at, 'g1']);
      slow.stdin.end();
      await ended;
    }
    assert.deepEqual(
      readdirSync(at).filter((name) => name.startsWith('.input')),
      [],
    );
    // Of a call that was killed; the number of a process that cannot be.
    writeFileSync(join(at, '.input.4194305'), 'left');
    fine(['stage', at, 'g1', ...files], derChain(at));
    assert.ok(!existsSync(join(at, '.input.4194305')));
  });
  const derChain = (at: string): string => readFileSync(join(at, 'generations/g1/.chain.pem'), 'utf8');

  test('a caller that reads nothing of what is said keeps nobody else from the store', () => {
    const at = join(base, 'stores/web/unread');
    // A pipe that is full, and that somebody has open and never reads.
    const unread = (words: readonly string[], from: string): string =>
      `${from === '' ? '' : `printf '%s' "$REQUEST" | `}"$HELPER" ${words.join(' ')} > "$PIDS.pipe" 2>&1 7>&- & echo $! >> "$PIDS"`;
    const others = `until "$HELPER" sweep ${at} 2>/dev/null; do
        code=$?; count=$((count + 1)); [ "$code" = 75 ] && [ "$count" -lt 40 ] || exit "$code"; sleep 0.5
      done`;
    const script = `mkfifo "$PIDS.pipe"; exec 7<>"$PIDS.pipe"
      dd if=/dev/zero of="$PIDS.pipe" oflag=nonblock bs=4096 count=1024 2>/dev/null
      count=0
      ${unread(['generate-key', at, 'g1', 'ecdsa-p256'], 'request')}
      until [ -s ${at}/generations/g1/.csr ] || [ "$count" = 200 ]; do count=$((count + 1)); sleep 0.1; done
      count=0
      ${others}
      ${unread(['activate', at, 'nothing'], '')}
      sleep 3
      ${others}
      for each in $(cat "$PIDS"); do kill -0 "$each" || exit 99; kill -9 "$each"; done`;
    const ended = spawnSync('bash', ['-c', script], {
      env: { PATH: process.env['PATH'], HELPER: helper, REQUEST: request, PIDS: join(base, 'unread') },
      encoding: 'utf8',
      timeout: 300_000,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    assert.equal(ended.status, 0, ended.stderr);
  });

  test('no link is put inside a directory of stores, by whatever way it leads there', () => {
    const at = join(base, 'stores/web/nested');
    fine(['stage', at, 'g1', ...files], certify('g1', at));
    const list = readFileSync(`${helper}.allow`, 'utf8');
    appendFileSync(`${helper}.allow`, `\nlink ${base}/stores\nlink ${base}/into\ndirectory ${base}/more/\n`);
    try {
      symlinkSync(join(at, 'generations/g1'), join(base, 'into'));
      mkdirSync(join(base, 'more'));
      appendFileSync(`${helper}.allow`, `link ${base}/more\nlink ${at}\n`);
      for (const path of [
        join(at, 'generations/g1/.key.pem'),
        join(at, 'current'),
        join(base, 'stores/web/other'),
        join(base, 'into/.key.pem'),
        join(base, 'more/a/b'),
        join(base, 'more/x'),
      ])
        refused(['activate', at, 'g1', path, 'privkey.pem'], '', 73, /where renewd keeps its stores/);
      assert.ok(!lstatSync(join(at, 'generations/g1/.key.pem')).isSymbolicLink());
      assert.ok(!existsSync(join(at, 'current')));
    } finally {
      writeFileSync(`${helper}.allow`, list);
      rmSync(join(base, 'into'), { force: true });
    }
  });

  test('the number of stores is bounded, and those that are there go on', () => {
    const many = join(base, 'many');
    const list = readFileSync(`${helper}.allow`, 'utf8');
    appendFileSync(`${helper}.allow`, `\ndirectory ${many}\n`);
    try {
      fine(['generate-key', `${many}/web/first`, 'g1', 'ecdsa-p256'], request);
      for (let index = 1; index < 4096; index++)
        mkdirSync(join(many, `t${String(index % 7)}`, `s${String(index)}`), { recursive: true });
      for (const words of [
        ['generate-key', `${many}/web/next`, 'g1', 'ecdsa-p256'],
        ['stage', `${many}/new/next`, 'g1', ...files],
        ['activate', `${many}/web/next`, 'g1'],
      ])
        refused(words, request, 74, /4096 are allowed/);
      assert.ok(!existsSync(join(many, 'web/next')) && !existsSync(join(many, 'new')));
      fine(['generate-key', `${many}/web/first`, 'g2', 'ecdsa-p256'], request);
    } finally {
      writeFileSync(`${helper}.allow`, list);
      rmSync(many, { recursive: true });
    }
  });

  test('each word of each verb is refused where it says more than it should', () => {
    const paths = [
      '',
      '/',
      'x',
      '-rf',
      `${base}/stores/../secret/a/b`,
      `${base}/stores/./web/shop`,
      `${base}//stores/web/shop`,
      `${base}/stores/web/shop/`,
      `${base}/stores/web/shop/generations/g1`,
      `${base}/stores/web`,
      `${base}/secret/web/shop`,
      `${base}/stores/web/a\nb`,
      `${base}/stores/web/$(id)`,
      `${base}/stores/web/*`,
      `${base}/stores/-rf/x`,
      `${base}/stores/.x/y`,
      `/${'a/'.repeat(600)}b`,
    ];
    const names = [
      '',
      '.',
      '..',
      '-rf',
      '.key.pem',
      'a/b',
      '../g1',
      '*',
      'a b',
      'a\nb',
      '$(id)',
      'a;b',
      'é',
      'a'.repeat(101),
    ];
    const verbs: [string, ...(readonly string[] | string)[]][] = [
      ['inspect', paths, names, 'privkey.pem'],
      ['inspect', store, 'fullchain.pem', names],
      ['generate-key', paths, 'g9', 'ecdsa-p256'],
      ['generate-key', store, [...names, 'adopted'], 'ecdsa-p256'],
      ['generate-key', store, 'g9', ['', 'rsa-512', 'rsa-1024', 'ecdsa-p256 -x', '-out', 'dsa']],
      ['stage', paths, 'g1', 'x', 'chain', '0644', ''],
      ['stage', store, [...names, 'adopted'], 'x', 'chain', '0644', ''],
      ['stage', store, 'g1', names, 'chain', '0644', ''],
      ['stage', store, 'g1', 'x', ['', 'keys', '/etc/shadow', '-', 'key '], '0600', ''],
      ['activate', paths, 'g1'],
      ['activate', store, names],
      [
        'activate',
        store,
        'g1',
        [...paths, '/etc/passwd', `${base}/etc/../secret/x`, `${base}/etcetera`, `${base}/secret/x`],
        'x',
      ],
      ['activate', store, 'g1', `${base}/etc/x`, names],
      ['prove', paths, 'g1', 'x'],
      ['prove', store, names, 'x'],
      ['prove', store, 'g1', names],
      ['sweep', paths],
      ['sweep', store, names],
      ['check', [...paths, `${base}/secret`, '/', '/etc']],
      ['run', ['', 'env ', 'env\t', 'sh', '-i', '/usr/bin/env', 'env\nx']],
      ['run', 'env', ['', '-i', 'x']],
      ['webroot-write', [...paths, `${base}/secret`, `${base}/wwwx`, `${base}/www/../secret`], 'tok'],
      [
        'webroot-write',
        `${base}/www`,
        ['', '.', '..', '../x', 'a/b', 'a.b', 'a b', 'a\nb', '*', 'a'.repeat(201)],
      ],
      ['webroot-remove', [...paths, `${base}/secret`], 'tok'],
      ['webroot-remove', `${base}/www`, ['', '..', '../../../secret/precious', '*']],
      ['allowed', 'x'],
      ['fail', '0'],
      ['', 'x'],
    ];
    for (const [verb, ...places] of verbs) {
      const at = places.findIndex((each) => typeof each !== 'string');
      const values = at < 0 ? [''] : (places[at] as readonly string[]);
      for (const value of values) {
        const words = [verb, ...places.map((each, index) => (index === at ? value : (each as string)))];
        const input =
          verb === 'stage'
            ? chain
            : verb === 'generate-key'
              ? request
              : verb === 'prove'
                ? '0'.repeat(64)
                : 'tok.x';
        const { code, said } = run(words, input);
        assert.ok(
          code !== null && code >= 64 && code <= 77,
          `${JSON.stringify(words)} ended with ${String(code)}: ${said}`,
        );
      }
    }
    untouched();
    assert.deepEqual(readdirSync(join(base, 'stores')), ['web']);
    assert.equal(existsSync(join(base, 'www')), false);
  });

  test('nothing of the environment reaches what root runs', () => {
    const evil = join(base, 'evil');
    mkdirSync(evil);
    const said = join(base, 'evil-ran');
    for (const name of ['openssl', 'ls', 'id', 'mv', 'env']) {
      writeFileSync(join(evil, name), `#!/bin/sh\necho ran >> ${said}\n`, { mode: 0o755 });
    }
    const rc = join(evil, 'rc');
    writeFileSync(rc, `echo ran >> ${said}\n`);
    writeFileSync(
      join(evil, 'openssl.cnf'),
      'openssl_conf = a\n[a]\noid_section = b\n[b]\nbad = 1.2.3.4.5.bad\n',
    );
    const environment = {
      PATH: evil,
      IFS: '/e',
      ENV: rc,
      BASH_ENV: rc,
      CDPATH: evil,
      LC_ALL: 'tr_TR.UTF-8',
      TMPDIR: evil,
      OPENSSL_CONF: join(evil, 'openssl.cnf'),
      HOME: evil,
      LD_LIBRARY_PATH: evil,
      allow: '',
      me: '1',
      version: '9',
    };
    for (const [words, input] of [
      [['generate-key', store, 'env', 'ecdsa-p256'], request],
      [['inspect', store, 'fullchain.pem', 'privkey.pem'], ''],
      [['check', join(base, 'stores')], ''],
    ] as const) {
      const ran = run(words, input, environment);
      assert.equal(ran.code, 0, ran.said);
    }
    const { out } = run(['run', 'env'], 'input', environment);
    assert.deepEqual(
      out
        .split('\n')
        .filter((line) => !/^(PWD|_|SHLVL|OLDPWD)=/.test(line))
        .sort(),
      ['', 'HOME=/', 'LC_ALL=C', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
    );
    assert.equal(existsSync(said), false);
  });

  test('the list counts only where nobody but root can change it or put another in its place', () => {
    const list = `${helper}.allow`;
    const check = (): Ran => run(['check', join(base, 'stores')]);
    const broken = (): void => {
      assert.equal(check().code, 66);
    };
    assert.equal(check().code, 0);
    chmodSync(list, 0o664);
    broken();
    chmodSync(list, 0o644);
    chownSync(list, attacker, 0);
    broken();
    chownSync(list, 0, 0);
    chmodSync(join(base, 'sbin'), 0o777);
    broken();
    chmodSync(join(base, 'sbin'), 0o755);
    const text = readFileSync(list, 'utf8');
    rmSync(list);
    broken();
    writeFileSync(join(secret, 'list'), text);
    symlinkSync(join(secret, 'list'), list);
    broken();
    rmSync(list);
    rmSync(join(secret, 'list'));
    writeFileSync(list, text, { mode: 0o644 });
    assert.equal(check().code, 0);
  });

  test('a directory that others can change holds neither stores nor links', () => {
    const theirs = join(base, 'etc/theirs');
    mkdirSync(theirs);
    chownSync(theirs, attacker, attacker);
    refused(['activate', store, 'g1', join(theirs, 'x.pem'), 'x'], '', 77, /belongs to user/);
    refused(['activate', store, 'g1', join(theirs, 'new/x.pem'), 'x'], '', 77);
    // A link of theirs on the way, also one that leads to a directory of root's.
    asAttacker(`ln -s ${secret} ${theirs}/link`);
    refused(['activate', store, 'g1', join(theirs, 'link/x.pem'), 'x'], '', 77);
    untouched();
    // A link of root's says where a path is, and the list says whether something may be put there.
    mkdirSync(join(base, 'elsewhere'));
    symlinkSync('../elsewhere', join(base, 'etc/ours'));
    for (const path of ['etc/ours/x.pem', 'etc/ours/new/x.pem'])
      refused(
        ['activate', store, 'g1', join(base, path), 'x'],
        '',
        66,
        /leads to .*\/elsewhere\/.*does not allow/,
      );
    assert.deepEqual(readdirSync(join(base, 'elsewhere')), []);
    const list = readFileSync(`${helper}.allow`);
    for (const [line, path] of [
      [`link ${base}/elsewhere`, 'etc/ours/x.pem'],
      [`link ${base}/etc/ours/y.pem`, 'etc/ours/y.pem'],
      [`link ${base}/through`, 'through/z.pem'],
    ] as const) {
      if (path === 'through/z.pem') symlinkSync('elsewhere', join(base, 'through'));
      writeFileSync(`${helper}.allow`, `${list.toString()}\n${line}\n`);
      fine(['activate', store, 'g1', join(base, path), 'x']);
      assert.ok(lstatSync(join(base, path)).isSymbolicLink());
    }
    writeFileSync(`${helper}.allow`, list);
    // What stands at the path is kept through no name of theirs either.
    writeFileSync(join(theirs, 'cert.pem'), 'x');
    chownSync(join(theirs, 'cert.pem'), attacker, attacker);
    symlinkSync(join(theirs, 'cert.pem'), join(base, 'etc/through.pem'));
    const fresh = join(base, 'stores/web/fresh');
    fine(['stage', fresh, 'g1', ...files], certify('g1', fresh));
    refused(['activate', fresh, 'g1', join(base, 'etc/through.pem'), 'fullchain.pem'], '', 77);
    for (const mode of [0o777, 0o775, 0o1777]) {
      chmodSync(join(base, 'stores'), mode);
      refused(['check', join(base, 'stores')], '', 77);
      refused(['generate-key', store, 'loose', 'ecdsa-p256'], request, mode === 0o1777 ? 0 : 77);
    }
    chmodSync(join(base, 'stores'), 0o755);
  });

  test('a webroot is written as its owner, and no link there leads root anywhere', () => {
    const www = join(base, 'www');
    mkdirSync(www);
    chownSync(www, attacker, attacker);
    const write = ['webroot-write', www, 'tok'];
    fine(write, 'tok.thumb-print_');
    const file = join(www, '.well-known/acme-challenge/tok');
    assert.deepEqual([statSync(file).uid, statSync(file).mode & 0o7777], [attacker, 0o644]);
    assert.equal(readFileSync(file, 'utf8'), 'tok.thumb-print_');
    fine(['webroot-remove', www, 'tok']);
    assert.equal(existsSync(file), false);
    fine(['webroot-remove', www, 'tok']);
    for (const content of ['', '#!/bin/sh\nid', 'a b', '<?php', 'a/b', 'tok.x\nmore', 'x'.repeat(513), 'é']) {
      refused(write, content, 64, /not a key authorization/);
    }
    for (const set of [
      `rm -rf ${www}/.well-known; ln -s ${secret} ${www}/.well-known`,
      `rm -rf ${www}/.well-known; mkdir ${www}/.well-known; ln -s ${secret} ${www}/.well-known/acme-challenge`,
      `rm -rf ${www}/.well-known; ln -s ../secret ${www}/.well-known`,
    ]) {
      asAttacker(set);
      assert.notEqual(run(write, 'tok.x').code, 0);
      assert.notEqual(run(['webroot-remove', www, 'precious']).code, 0);
      untouched();
    }
    for (const name of ['tok', 'tok.new', '.renewd-1']) {
      asAttacker(
        `rm -rf ${www}/.well-known; mkdir -p ${www}/.well-known/acme-challenge; ln -s ${secret}/precious ${www}/.well-known/acme-challenge/${name}`,
      );
      fine(write, 'tok.x');
      untouched();
      assert.ok(lstatSync(file).isFile());
    }
    // Root's own directory in which a group may write: there is nobody to be.
    const shared = join(base, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o775);
    refused(['webroot-write', shared, 'tok'], 'tok.x', 77, /give it to a user of its own/);
    chmodSync(shared, 0o755);
    fine(['webroot-write', shared, 'tok'], 'tok.x');
    assert.equal(statSync(join(shared, '.well-known/acme-challenge/tok')).uid, 0);
  });

  test('a local user who swaps the directories meanwhile gains nothing', async () => {
    const www = join(base, 'www');
    asAttacker(`rm -rf ${www}/.well-known`);
    const racer = spawn(
      '/bin/sh',
      [
        '-c',
        `cd ${www}; while :; do mkdir -p .well-known/acme-challenge; mv .well-known was; ln -s ${secret} .well-known; ln -s ${secret} was/acme-challenge/x; rm -f .well-known; mkdir .well-known; ln -s ${secret} .well-known/acme-challenge; rm -rf .well-known was; done 2>/dev/null`,
      ],
      { uid: attacker, gid: attacker, stdio: 'ignore', detached: true },
    );
    try {
      for (let turn = 0; turn < 25; turn++) {
        run(['webroot-write', www, 'tok'], 'tok.x');
        run(['webroot-remove', www, 'precious']);
      }
    } finally {
      process.kill(-(racer.pid ?? 0), 'SIGKILL');
      await new Promise((resolve) => racer.once('exit', resolve));
    }
    untouched();
  });

  test('a sweep takes what is ours and stumbles over nothing', () => {
    const at = join(base, 'stores/web/swept');
    for (const name of ['old', 'kept', 'now']) certify(name, at);
    fine(['stage', at, 'now', ...files], certify('now', at));
    fine(['activate', at, 'now']);
    for (const name of ['-rf', 'a\nkept', '*', 'with blank', '.hidden'])
      mkdirSync(join(at, 'generations', name));
    symlinkSync(secret, join(at, 'generations/link'));
    fine(['sweep', at, 'kept']);
    assert.deepEqual(readdirSync(join(at, 'generations')).sort(), [
      '*',
      '-rf',
      '.hidden',
      'a\nkept',
      'kept',
      'link',
      'now',
      'with blank',
    ]);
    untouched();
  });

  test('the key signs a sentence of the script, never what is asked for', () => {
    fine(['stage', store, 'signs', 'x', 'key', '0600', ''], certify('signs'));
    for (const challenge of [
      '',
      'a',
      '0'.repeat(63),
      '0'.repeat(65),
      'A'.repeat(64),
      'g'.repeat(64),
      `${'0'.repeat(63)}\n0`,
      `${'0'.repeat(63)}.`,
    ]) {
      refused(['prove', store, 'signs', 'x'], challenge, 64, /64 hex digits/);
    }
    const said = fine(['prove', store, 'signs', 'x'], 'ab'.repeat(32));
    assert.match(said, /^renewd-endpoint \d+\n-----BEGIN CERT[^]*\nsignature\n[^]*\nend\n$/);
    assert.doesNotMatch(said, /PRIVATE/);
  });

  test('what lies beside a link, under the name where the new one is made, is nobody’s but ours', () => {
    const link = join(base, 'etc/beside.pem');
    const aside = `${link}.renewd-new`;
    refused(['activate', store, 'g1', aside, 'x'], '', 64, /not a name for a link/);
    writeFileSync(aside, 'precious\n');
    refused(['activate', store, 'g1', link, 'x'], '', 73, /not of renewd/);
    assert.equal(readFileSync(aside, 'utf8'), 'precious\n');
    rmSync(aside);
    // Into a directory a link would be made inside it.
    mkdirSync(aside);
    refused(['activate', store, 'g1', link, 'x'], '', 73, /not of renewd/);
    assert.deepEqual(readdirSync(aside), []);
    rmSync(aside, { recursive: true });
    symlinkSync(secret, aside);
    refused(['activate', store, 'g1', link, 'x'], '', 73, /not of renewd/);
    rmSync(aside);
    // Left by a call of ours that was killed.
    symlinkSync(`${store}/current/x`, aside);
    fine(['activate', store, 'g1', link, 'x']);
    assert.ok(!existsSync(aside) && lstatSync(link).isSymbolicLink());
  });

  test('an algorithm nobody knows is refused with its name, and nothing is made', () => {
    refused(
      ['generate-key', store, 'unknown', 'rsa-1024'],
      request,
      64,
      /no such algorithm: rsa-1024; .*rsa-2048/,
    );
    assert.ok(!existsSync(join(store, 'generations/unknown')));
  });

  test('a look shows certificates and never a key, whatever its label, and no line of it is taken for a word of ours', () => {
    const at = join(base, 'stores/web/shown');
    fine(['stage', at, 'g1', ...files], certify('g1', at));
    fine(['activate', at, 'g1']);
    const certificate = join(at, 'generations/g1/fullchain.pem');
    const good = readFileSync(certificate, 'utf8');
    const key = readFileSync(join(at, 'generations/g1/privkey.pem'), 'utf8');
    const shown = (content: string): string => {
      writeFileSync(certificate, content);
      return fine(['inspect', at, 'fullchain.pem', 'privkey.pem']);
    };
    const first = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n/.exec(good)?.[0] ?? '';
    for (const content of [good, `${key}${good}`, `a comment\n${good}`, good.replaceAll('\n', '\r\n')]) {
      const said = shown(content);
      assert.ok(said.includes(`leaf g1\n${first}end\n`), said);
      assert.ok(!said.includes(key.split('\n')[1] ?? ''));
    }
    const lines = first.trim().split('\n');
    for (const content of [
      key.replaceAll('PRIVATE KEY', 'CERTIFICATE'),
      [lines[0], 'end', ...lines.slice(1)].join('\n'),
      [...lines.slice(0, 2), 'current g9', ...lines.slice(2)].join('\n'),
      `${first.slice(0, 200)}\0${first.slice(200)}`,
      lines.slice(0, -1).join('\n'),
      'A'.repeat(1_000_000),
    ])
      assert.match(shown(content), /^leaf g1\nend$/m, content.slice(0, 120));
  });

  test('nothing that must be decrypted reaches openssl, whoever owns the file and whatever it is called', () => {
    const at = join(base, 'stores/web/slow');
    fine(['stage', at, 'g1', ...files], certify('g1', at));
    fine(['activate', at, 'g1']);
    const key = join(at, 'generations/g1/privkey.pem');
    const certificate = join(at, 'generations/g1/fullchain.pem');
    const good = { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') };
    const inspect = (): string => fine(['inspect', at, 'fullchain.pem', 'privkey.pem']);
    assert.match(inspect(), /^key yes$/m);
    const first =
      /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n/.exec(good.certificate)?.[0] ?? '';
    const forms = slowForms(good.key, good.certificate);
    for (const [what, content] of Object.entries(forms)) {
      // The owner of a file may change it (`owner` lines of the list).
      for (const owner of [0, attacker]) {
        writeFileSync(key, content);
        chownSync(key, owner, owner);
        assert.match(inspect(), /^key no$/m, `${what} as a key`);
        refused(['prove', at, 'g1', 'privkey.pem'], '0'.repeat(64), 65, /encrypted, or cannot sign/);
        writeFileSync(key, good.key);
        chownSync(key, 0, 0);
        writeFileSync(certificate, content);
        chownSync(certificate, owner, owner);
        // One that stands there in plain text is shown: openssl is not asked for that.
        const plain = content.includes(first);
        const shown = plain ? `leaf g1\n${first}end\n` : 'leaf g1\nend\n';
        assert.ok(inspect().includes(shown), `${what} as a certificate`);
        writeFileSync(certificate, good.certificate);
        chownSync(certificate, 0, 0);
      }
      const made = join(at, 'generations/made');
      mkdirSync(made, { recursive: true });
      writeFileSync(join(made, '.key.pem'), content);
      refused(['generate-key', at, 'made', 'ecdsa-p256'], request, 65, /no key without encryption/);
      refused(['stage', at, 'made', ...files], good.certificate, 65, /cannot be read/);
      rmSync(made, { recursive: true });
      const path = join(base, 'etc/slow.pem');
      writeFileSync(path, content);
      const link = run(['activate', at, 'g1', path, 'fullchain.pem']);
      assert.ok(link.code === 73 || link.code === 0, `${what} at a link: ${link.said}`);
      rmSync(path);
    }
    assert.match(inspect(), /^key yes$/m);
    assert.ok(readdirSync(at).every((name) => !name.startsWith('.read')));
  });

  test('a file of another’s is read into a place of ours first, which goes again; every call of openssl is bounded', () => {
    const at = join(base, 'stores/web/steady');
    fine(['stage', at, 'g1', ...files], certify('g1', at));
    fine(['activate', at, 'g1']);
    const key = join(at, 'generations/g1/privkey.pem');
    chownSync(key, attacker, attacker);
    const shown = fine(['inspect', at, 'fullchain.pem', 'privkey.pem']);
    assert.match(shown, /^key yes$/m);
    assert.ok(readdirSync(at).every((name) => !name.startsWith('.read')));
    const text = readFileSync(source, 'utf8');
    const bare = text
      .split('\n')
      .filter(
        (line) => !line.trimStart().startsWith('#') && /\bopenssl +(?!is |could |version)[a-z]/.test(line),
      );
    assert.deepEqual(bare, [], 'openssl is called through ssl alone');
  });

  for (const [what, dnsNames, ipAddresses] of [
    ['only addresses', [], ['10.0.0.7', '2001:db8::7']],
    ['a first name of more than 64 characters', [`${'a'.repeat(60)}.example.com`, 'b.example.com'], []],
  ] as const)
    test(`a request for ${what} has an empty subject, and is what was asked for`, () => {
      const at = join(base, 'stores/web', what.replaceAll(' ', '-'));
      const asked = csrConfiguration(dnsNames, ipAddresses);
      const csr = readCsr(Buffer.from(fine(['generate-key', at, 'g1', 'ecdsa-p256'], asked), 'base64'));
      assert.equal(checkCsr(csr, { dnsNames, ipAddresses, algorithm: 'ecdsa-p256' }), null);
    });

  test('a full disk is said, and nothing empty is taken for a key, a request or a chain', () => {
    const small = join(base, 'stores/small');
    mkdirSync(small, { mode: 0o755 });
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=755', 'tmpfs', small]);
    if (mounted.status !== 0) {
      console.log('not allowed to mount: a full disk is not tried');
      return;
    }
    try {
      const at = join(small, 'shop');
      const certified = certify('g1', at);
      spawnSync('sh', ['-c', `head -c 200000 /dev/zero > ${small}/filler`]);
      for (const words of [
        ['generate-key', at, 'g2', 'ecdsa-p256'],
        ['stage', at, 'g1', ...files],
      ]) {
        const ran = run(words, words[0] === 'stage' ? certified : request);
        assert.notEqual(ran.code, 0, words[0]);
      }
      rmSync(join(small, 'filler'));
      fine(['generate-key', at, 'g2', 'ecdsa-p256'], request);
      fine(['stage', at, 'g1', ...files], certified);
      fine(['activate', at, 'g1']);
    } finally {
      execFileSync('umount', [small]);
    }
  });

  test('a generation after the first is switched to at linked paths, also through a link of the time before', () => {
    const at = join(base, 'stores/web/renewed');
    const links = [
      join(base, 'etc/renewed.crt'),
      'fullchain.pem',
      join(base, 'etc/renewed.key'),
      'privkey.pem',
    ];
    for (const generation of ['g1', 'g2', 'g3']) {
      const certified = certify(generation, at);
      fine(['stage', at, generation, ...files], certified);
      fine(['activate', at, generation, ...links]);
      assert.equal(readFileSync(links[0] ?? '', 'utf8'), certified.replaceAll(/\n+/g, '\n'));
    }
    fine(['activate', at, 'g2', ...links]);
  });

  test('hard links, pipes and devices at the paths are not followed into', () => {
    const at = join(base, 'stores/web/odd');
    fine(['stage', at, 'g1', ...files], certify('g1', at));
    execFileSync('mkfifo', [join(base, 'etc/pipe.pem')]);
    assert.notEqual(run(['activate', at, 'g1', join(base, 'etc/pipe.pem'), 'fullchain.pem']).code, 0);
    linkSync(join(secret, 'precious'), join(base, 'etc/hard.pem'));
    run(['activate', at, 'g1', join(base, 'etc/hard.pem'), 'fullchain.pem']);
    untouched();
    for (const name of ['privkey.pem', '.chain.pem']) {
      rmSync(join(at, 'generations/g1', name));
      symlinkSync(join(secret, 'precious'), join(at, 'generations/g1', name));
      assert.notEqual(run(['prove', at, 'g1', 'privkey.pem'], '0'.repeat(64)).code, 0);
    }
    untouched();
  });

  for (const shell of ['dash', 'busybox sh', 'bash --posix', 'mksh', 'yash', 'ksh']) {
    const [program = '', ...more] = shell.split(' ');
    const path = ['/bin', '/usr/bin'].map((each) => join(each, program)).find((each) => existsSync(each));
    test(
      `it does the same in ${shell}`,
      { skip: path === undefined ? `${program} is not installed` : false },
      () => {
        const text = readFileSync(source, 'utf8');
        const at = join(base, 'stores/web', program);
        const call = (words: readonly string[], input = ''): Ran => {
          const sent = directCall(text, words, Buffer.from(input));
          const ended = spawnSync(path ?? '', [...more, ...sent.words.slice(1)], {
            input: sent.input,
            encoding: 'utf8',
            timeout: 120_000,
          });
          return { code: ended.status, out: ended.stdout, said: ended.stderr };
        };
        const works = (words: readonly string[], input = ''): string => {
          const ran = call(words, input);
          assert.equal(ran.code, 0, `${words.join(' ')}: ${ran.said}`);
          return ran.out;
        };
        const csr = Buffer.from(works(['generate-key', at, 'g1', 'ecdsa-p256'], request), 'base64');
        const pem = derToPem(workshop.signCsr(ca, csr, ['subjectAltName=DNS:a.example.com'])) + ca.pem;
        works(['stage', at, 'g1', ...files], pem);
        works(['activate', at, 'g1', join(base, `etc/${program}.pem`), 'fullchain.pem']);
        works(['stage', at, 'g1', ...files], pem);
        assert.equal(call(['stage', at, 'g1', ...files], `id\n${pem}`).code, 64);
        const seen = works([
          'inspect',
          at,
          'fullchain.pem',
          'privkey.pem',
          join(base, `etc/${program}.pem`),
          'fullchain.pem',
        ]);
        assert.match(seen, /\ncurrent g1\nprevious \ngeneration g1\nleaf g1\n/);
        assert.match(seen, /\nkey yes\n$/);
        works(['prove', at, 'g1', 'privkey.pem'], '0'.repeat(64));
        works(['webroot-write', join(base, 'shared'), program], 'tok.x');
        works(['webroot-remove', join(base, 'shared'), program]);
        works(['sweep', at]);
        assert.equal(call(['inspect', `${at}/a\nb`, 'x', 'y']).code, 64);
        assert.equal(call(['inspect', `${at}/a\u001bb`, 'x', 'y']).code, 64);
      },
    );
  }

  test('the list may end without a line end and hold what makes no sense', () => {
    appendFileSync(`${helper}.allow`, '\n\n# a remark\ndirectory\nlink\nowner\ncommand');
    assert.equal(run(['check', join(base, 'stores')]).code, 0);
    assert.equal(run(['check', '/']).code, 64);
    assert.equal(run(['run']).code, 64);
  });
});

/** A group that exists and is not root's. */
function groupName(): string {
  return execFileSync('id', ['-gn', 'nobody'], { encoding: 'utf8' }).trim();
}
