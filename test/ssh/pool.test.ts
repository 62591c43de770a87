/** SSH sessions against the real sshd: host keys, log-ins, bounds, reuse, what happens when it dies. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as fc from 'fast-check';
import ssh2 from 'ssh2';
import type { AddressInfo } from 'node:net';
import { lastLines } from '../../daemon/said-text.ts';
import { createSecret } from '../../daemon/secrets.ts';
import { createSshPool, type SshDestination, type SshPool } from '../../daemon/ssh/pool.ts';
import { quoteWords } from '../../daemon/ssh/words.ts';
import { sshdMissing, startSshd, type RealSshd } from '../fixtures/sshd.ts';
import { makeSshKeyPair } from '../../demo/ssh-key-pair.ts';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const signal = (): AbortSignal => AbortSignal.timeout(30_000);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test('quoted words reach a real shell unchanged, whatever is in them', () => {
  const word = fc
    .string({ unit: 'binary', maxLength: 30 })
    .filter((each) => !each.includes('\0') && each.isWellFormed());
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
      const line = quoteWords(['printf', '%s\\0', ...words]);
      assert.equal(execFileSync('/bin/sh', ['-c', line], { encoding: 'utf8' }), `${words.join('\0')}\0`);
    }),
    { numRuns: 100 },
  );
  assert.throws(() => quoteWords(['a\0b']), /NUL/);
});

describe('against a real sshd', { skip: sshdMissing() ?? false }, () => {
  let sshd: RealSshd;
  let pool: SshPool;
  const destination = (changes: Partial<SshDestination> = {}): SshDestination => ({
    host: '127.0.0.1',
    port: sshd.port,
    user: sshd.user,
    hostKeys: [sshd.hostKeyLine],
    auth: { key: createSecret(sshd.userKeyPem) },
    jump: null,
    ...changes,
  });
  const run = (words: readonly string[], changes: Partial<SshDestination> = {}, timeoutMs = 20_000) =>
    pool.withSession(destination(changes), signal(), (session) =>
      session.run(words, { timeoutMs, signal: signal() }),
    );

  before(async () => {
    sshd = await startSshd({ lines: ['AllowTcpForwarding yes'] });
    pool = createSshPool({ log: silent, now: Date.now });
  });
  after(async () => {
    await pool.close();
    await sshd.stop();
  });

  test('words arrive as words; input, output, errors and the exit code come back', async () => {
    const hostile = 'a\'b $(touch /tmp/x) `id` \\ \n "q" ; & | > * ~';
    const result = await pool.withSession(destination(), signal(), (session) =>
      session.run(['sh', '-c', 'printf "%s|" "$1"; cat; echo oops >&2; exit 3', 'sh', hostile], {
        input: Buffer.from('from stdin'),
        timeoutMs: 20_000,
        signal: signal(),
      }),
    );
    assert.equal(text(result.stdout), `${hostile}|from stdin`);
    assert.equal(result.stderr, 'oops\n');
    assert.equal(result.exitCode, 3);
  });

  test('one connection is reused for many commands, and calls for one host wait for each other', async () => {
    const own = createSshPool({ log: silent, now: Date.now });
    const before = sshd.log().split('Accepted publickey').length;
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 30 }, () =>
        own.withSession(destination(), signal(), async (session) => {
          most = Math.max(most, ++running);
          await session.run(['true'], { timeoutMs: 10_000, signal: signal() });
          running--;
        }),
      ),
    );
    await own.close();
    assert.equal(most, 1);
    assert.equal(sshd.log().split('Accepted publickey').length - before, 1);
  });

  test('a key that is not pinned is refused before anybody logs in; both fingerprints are shown', async () => {
    const other = await startSshd();
    try {
      await assert.rejects(run(['true'], { port: other.port }), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ssh-host-key');
        assert.ok(
          error.message.includes(sshd.hostKeyFingerprint) && error.message.includes(other.hostKeyFingerprint),
          error.message,
        );
        return true;
      });
      assert.doesNotMatch(other.log(), /Accepted|Failed|user \w+/);
    } finally {
      await other.stop();
    }
  });

  test('a fingerprint pins a key of any kind, also one the server would not show first', async () => {
    assert.equal((await run(['true'], { hostKeys: [sshd.rsaHostKeyFingerprint] })).exitCode, 0);
    assert.equal((await run(['true'], { hostKeys: [sshd.hostKeyFingerprint] })).exitCode, 0);
  });

  test('without a usable pin nothing is connected to', async () => {
    await assert.rejects(run(['true'], { hostKeys: ['hello'] }), {
      code: 'ssh-host-key',
      disposition: 'stall',
    });
  });

  test('a wrong key, an encrypted key and rubbish are refused with a reason', async () => {
    const stranger = makeSshKeyPair().private;
    await assert.rejects(run(['true'], { auth: { key: createSecret(stranger) } }), { code: 'ssh-auth' });
    await assert.rejects(run(['true'], { auth: { key: createSecret('rubbish') } }), /not a private key/);
  });

  test('an SSH agent is used', async () => {
    const socket = join(sshd.directory, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    try {
      for (let tries = 0; tries < 100; tries++) {
        try {
          execFileSync('ssh-add', ['-q', sshd.userKeyFile], {
            env: { ...process.env, SSH_AUTH_SOCK: socket },
            stdio: 'ignore',
          });
          break;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
      assert.equal((await run(['true'], { auth: { agentSocket: socket } })).exitCode, 0);
    } finally {
      agent.kill();
    }
  });

  test('a jump host is gone through, and each hop checks its own key', async () => {
    const inner = await startSshd();
    try {
      const behind = {
        port: inner.port,
        hostKeys: [inner.hostKeyLine],
        auth: { key: createSecret(inner.userKeyPem) },
        jump: destination(),
      };
      assert.equal(text((await run(['echo', 'inside'], behind)).stdout), 'inside\n');
      assert.match(inner.log(), /Accepted publickey/);
      await assert.rejects(
        run(['true'], { ...behind, jump: destination({ hostKeys: [inner.hostKeyLine] }) }),
        { code: 'ssh-host-key' },
      );
    } finally {
      await inner.stop();
    }
  });

  test('a command that hangs is ended, says what it last said, and does not block the next', async () => {
    await assert.rejects(
      run(['sh', '-c', 'echo still waiting >&2; sleep 60'], {}, 1000),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ssh-timeout');
        assert.match(error.message, /still waiting/);
        return true;
      },
    );
    assert.equal((await run(['true'])).exitCode, 0);
  });

  test('an aborted call gives up at once and leaves the pool usable', async () => {
    const controller = new AbortController();
    setTimeout(() => {
      controller.abort();
    }, 300);
    await assert.rejects(
      pool.withSession(destination(), signal(), (session) =>
        session.run(['sleep', '30'], { timeoutMs: 60_000, signal: controller.signal }),
      ),
      { code: 'ssh-timeout' },
    );
    assert.equal((await run(['true'])).exitCode, 0);
  });

  test('a flood of output is cut, drained and said', async () => {
    const result = await pool.withSession(destination(), signal(), (session) =>
      session.run(['sh', '-c', 'yes x | head -c 3000000; yes y | head -c 300000 >&2'], {
        timeoutMs: 20_000,
        stdoutMaxBytes: 1000,
        signal: signal(),
      }),
    );
    assert.equal(result.stdout.length, 1000);
    assert.equal(result.truncated, true);
    assert.equal(result.exitCode, 0);
    assert.ok(result.stderr.length <= 64 * 1024);
  });

  test('no line of a private key is left of what a command said, when it was too much or took too long', async () => {
    const file = join(sshd.directory, 'printed.pem');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    writeFileSync(file, key);
    const body = key.split('\n').filter((line) => line.length >= 40);
    assert.ok(body.length > 20);
    const withheld = (said: string): void => {
      for (const line of body)
        for (let at = 0; at + 20 <= line.length; at += 5)
          assert.ok(!said.includes(line.slice(at, at + 20)), said.slice(-400));
    };
    // Its END is behind the bound of 64 KiB.
    for (const before of [65_300, 65_400, 65_500]) {
      const result = await run([
        'sh',
        '-c',
        `yes | head -c ${String(before)} >&2; echo >&2; cat "$0" >&2`,
        file,
      ]);
      assert.ok(result.stderr.length > 60_000);
      withheld(result.stderr);
      withheld(lastLines(result.stderr, 3, 600));
    }
    for (const words of ['tail -n 4 "$0" | head -n 2 >&2; sleep 30', 'head -n 3 "$0" >&2; sleep 30'])
      await assert.rejects(run(['sh', '-c', words, file], {}, 1500), (error: Error) => {
        assert.match(error.message, /did not end within 2 s; it last said: .*\[private key\]/);
        withheld(error.message);
        return true;
      });
  });

  test('binary output survives', async () => {
    const result = await run([
      'sh',
      '-c',
      'head -c 100000 /dev/urandom > "$0"/r; cat "$0"/r',
      sshd.directory,
    ]);
    const sum = execFileSync('sha256sum', [join(sshd.directory, 'r')], { encoding: 'utf8' }).slice(0, 64);
    assert.equal(createHash('sha256').update(result.stdout).digest('hex'), sum);
  });

  test('a server that dies under a command is trouble with a name; nobody is listening afterwards', async () => {
    const mortal = await startSshd();
    const place = {
      port: mortal.port,
      hostKeys: [mortal.hostKeyLine],
      auth: { key: createSecret(mortal.userKeyPem) },
    };
    await assert.rejects(run(['sh', '-c', 'kill -9 $(ps -o ppid= -p $PPID); sleep 5'], place), {
      code: 'ssh-unreachable',
    });
    await mortal.stop();
    await assert.rejects(run(['true'], place), { code: 'ssh-unreachable' });
  });
});

test('a password is given, also where the server asks for it interactively', async () => {
  const keys = makeSshKeyPair();
  const server = new ssh2.Server({ hostKeys: [keys.private] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      if (context.method !== 'keyboard-interactive') {
        context.reject(['keyboard-interactive']);
        return;
      }
      context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => {
        if (answers[0] === 'swordfish') context.accept();
        else context.reject();
      });
    });
    client.on('ready', () => {
      client.on('session', (accept) => {
        accept().on('exec', (acceptExec) => {
          const channel = acceptExec();
          channel.exit(0);
          channel.end();
        });
      });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const pool = createSshPool({ log: silent, now: Date.now });
  const destination = {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    user: 'deploy',
    hostKeys: [keys.public.split(' ').slice(0, 2).join(' ')],
    jump: null,
  };
  const run = (password: string) =>
    pool.withSession({ ...destination, auth: { password: createSecret(password) } }, signal(), (session) =>
      session.run(['true'], { timeoutMs: 5000, signal: signal() }),
    );
  assert.equal((await run('swordfish')).exitCode, 0);
  await assert.rejects(run('wrong'), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'ssh-auth');
    assert.ok(!error.message.includes('wrong'));
    return true;
  });
  await pool.close();
  server.close();
});

describe('a shell that talks at log-in', { skip: sshdMissing() ?? false }, () => {
  let sshd: RealSshd;
  let pool: SshPool;
  before(async () => {
    sshd = await startSshd();
    pool = createSshPool({ log: silent, now: Date.now });
    const noise = 'echo Welcome; echo "renewd: not said by us" >&2; printf "no line end"\n';
    for (const name of ['.bashrc', '.zshenv', '.cshrc'])
      writeFileSync(join(sshd.directory, 'home', name), noise);
  });
  after(async () => {
    await pool.close();
    await sshd.stop();
  });

  test('what it prints is no part of what a command says', async () => {
    const destination = {
      host: '127.0.0.1',
      port: sshd.port,
      user: sshd.user,
      hostKeys: [sshd.hostKeyLine],
      auth: { key: createSecret(sshd.userKeyPem) },
      jump: null,
    };
    const words = ['/bin/sh', '-c', 'cat; echo said; echo wrong >&2; exit 3'];
    const result = await pool.withSession(destination, signal(), (session) =>
      session.run(words, { timeoutMs: 20_000, signal: signal(), input: Buffer.from('given ') }),
    );
    assert.equal(text(result.stdout), 'given said\n');
    assert.equal(result.stderr, 'wrong\n');
    assert.equal(result.exitCode, 3);
  });
});

for (const [setting, list, what] of [
  ['KexAlgorithms', 'sntrup761x25519-sha512@openssh.com', 'way to exchange keys'],
  ['Ciphers', 'chacha20-poly1305@openssh.com', 'cipher'],
  ['MACs', 'umac-128@openssh.com', 'MAC'],
] as const)
  test(
    `a server that allows only ${list} is told what renewd has, and where to set it`,
    { skip: sshdMissing() ?? false },
    async () => {
      // Only ciphers without a code of their own need a MAC.
      const lines = setting === 'MACs' ? [`MACs ${list}`, 'Ciphers aes256-ctr'] : [`${setting} ${list}`];
      const sshd = await startSshd({ lines });
      const pool = createSshPool({ log: silent, now: Date.now });
      try {
        await assert.rejects(
          pool.withSession(
            {
              host: '127.0.0.1',
              port: sshd.port,
              user: sshd.user,
              hostKeys: [sshd.hostKeyLine],
              auth: { key: createSecret(sshd.userKeyPem) },
              jump: null,
            },
            signal(),
            (session) => session.run(['true'], { timeoutMs: 5000, signal: signal() }),
          ),
          ({ code, message }: Error & { code?: string }) => {
            assert.equal(code, 'ssh-unreachable');
            assert.ok(message.includes(`no ${what} that renewd has. It offers ${list}`), message);
            assert.ok(message.endsWith(`(${setting} in sshd_config)`), message);
            return true;
          },
        );
      } finally {
        await pool.close();
        await sshd.stop();
      }
    },
  );
