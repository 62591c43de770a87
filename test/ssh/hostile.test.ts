/** Servers, keys and callers that misbehave: nothing may hang, and every failure has its code. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import ssh2 from 'ssh2';
import { createSecret } from '../../daemon/secrets.ts';
import { createGitSshConnect } from '../../daemon/ssh/git-connect.ts';
import { createSshPool, type SshDestination, type SshPool } from '../../daemon/ssh/pool.ts';
import { sshdMissing, startSshd } from '../fixtures/sshd.ts';
import { makeSshKeyPair } from '../../demo/ssh-key-pair.ts';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const signal = (): AbortSignal => AbortSignal.timeout(30_000);

interface Place {
  readonly destination: SshDestination;
  readonly pool: SshPool;
  readonly hostKey: string;
}

/** A server in this process that lets in everybody who shows something; `onSession` decides what a channel gets. */
async function serve(
  context: TestContext,
  onSession: (accept: () => ssh2.Session, reject: () => void) => void,
): Promise<Place> {
  const keys = makeSshKeyPair();
  const clients = new Set<ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [keys.private] }, (client) => {
    clients.add(client);
    client.on('error', () => undefined);
    client.on('authentication', (attempt) => {
      if (attempt.method === 'none') attempt.reject(['password', 'publickey']);
      else attempt.accept();
    });
    client.on('ready', () => {
      client.on('session', onSession);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const pool = createSshPool({ log: silent, now: Date.now });
  context.after(async () => {
    await pool.close();
    for (const client of clients) client.end();
    server.close();
  });
  const hostKey = keys.public.split(' ').slice(0, 2).join(' ');
  return {
    pool,
    hostKey,
    destination: {
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      user: 'deploy',
      hostKeys: [hostKey],
      auth: { password: createSecret('any') },
      jump: null,
    },
  };
}

const unanswered = { timeout: 40_000 };

test(
  'a server that never opens the channel is given up after the time of the command',
  unanswered,
  async (context) => {
    const { pool, destination } = await serve(context, () => undefined);
    await assert.rejects(
      pool.withSession(destination, signal(), (session) =>
        session.run(['true'], { timeoutMs: 500, signal: signal() }),
      ),
      { code: 'ssh-timeout' },
    );
  },
);

test(
  'a server that never opens the channel does not outlive the signal of the command',
  unanswered,
  async (context) => {
    const { pool, destination } = await serve(context, () => undefined);
    await assert.rejects(
      pool.withSession(destination, signal(), (session) =>
        session.run(['true'], { timeoutMs: 600_000, signal: AbortSignal.timeout(300) }),
      ),
      { code: 'ssh-timeout' },
    );
  },
);

test(
  'a server that opens the channel and never starts the command is given up',
  unanswered,
  async (context) => {
    const { pool, destination } = await serve(context, (accept) => {
      accept().on('exec', () => undefined);
    });
    await assert.rejects(
      pool.withSession(destination, signal(), (session) =>
        session.run(['true'], { timeoutMs: 500, signal: signal() }),
      ),
      { code: 'ssh-timeout' },
    );
  },
);

test(
  'a server that never opens the channel of a Git service does not outlive the signal',
  unanswered,
  async (context) => {
    const { hostKey, destination } = await serve(context, () => undefined);
    const key = createSecret(makeSshKeyPair().private);
    const connect = createGitSshConnect({
      key: () => Promise.resolve(key),
      agentSocket: null,
      hostKeys: [hostKey],
      knownHostsText: null,
      log: silent,
    });
    await assert.rejects(
      connect(
        { user: null, host: '127.0.0.1', port: destination.port, path: '/r.git' },
        'git-upload-pack',
        AbortSignal.timeout(500),
      ),
      { code: 'ssh-timeout' },
    );
  },
);

test(
  'a refused channel is trouble with the command; the connection is not said to be lost',
  unanswered,
  async (context) => {
    const { pool, destination } = await serve(context, (_accept, reject) => {
      reject();
    });
    await assert.rejects(
      pool.withSession(destination, signal(), (session) =>
        session.run(['true'], { timeoutMs: 5000, signal: signal() }),
      ),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ssh-command-failed');
        assert.doesNotMatch(error.message, /lost/);
        return true;
      },
    );
  },
);

for (const code of [124, 137]) {
  test(
    `a command that exits with ${String(code)} by itself, in time, is a result`,
    unanswered,
    async (context) => {
      const { pool, destination } = await serve(context, (accept) => {
        accept().on('exec', (start) => {
          const channel = start();
          channel.exit(code);
          channel.end();
        });
      });
      const result = await pool.withSession(destination, signal(), (session) =>
        session.run(['true'], { timeoutMs: 20_000, signal: signal() }),
      );
      assert.equal(result.exitCode, code);
    },
  );
}

test('input that nobody reads does not keep a command from ending', unanswered, async (context) => {
  const { pool, destination } = await serve(context, (accept) => {
    accept().on('exec', (start) => {
      const channel = start();
      channel.exit(7);
      channel.end();
    });
  });
  const result = await pool.withSession(destination, signal(), (session) =>
    session.run(['true'], { input: new Uint8Array(8 * 1024 * 1024), timeoutMs: 10_000, signal: signal() }),
  );
  assert.equal(result.exitCode, 7);
});

test('a public key in place of the private one is refused with a reason', unanswered, async (context) => {
  const { pool, destination } = await serve(context, () => undefined);
  const { public: publicKey } = makeSshKeyPair();
  await assert.rejects(
    pool.withSession({ ...destination, auth: { key: createSecret(publicKey) } }, signal(), () =>
      Promise.resolve(),
    ),
    { code: 'ssh-auth' },
  );
});

test('an encrypted key is refused with a reason that names the passphrase', unanswered, async (context) => {
  const { pool, destination } = await serve(context, () => undefined);
  const { private: key } = makeSshKeyPair('correct horse');
  await assert.rejects(
    pool.withSession({ ...destination, auth: { key: createSecret(key) } }, signal(), () => Promise.resolve()),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ssh-auth');
      assert.match(error.message, /passphrase/);
      return true;
    },
  );
});

test('an agent that is not there is a failed log-in', unanswered, async (context) => {
  const { pool, destination } = await serve(context, () => undefined);
  const missing = join('/nonexistent', 'agent.sock');
  await assert.rejects(
    pool.withSession({ ...destination, auth: { agentSocket: missing } }, signal(), () => Promise.resolve()),
    { code: 'ssh-auth' },
  );
});

test(
  'a call that is aborted while it waits in line fails at once, with a code, and harms nobody',
  unanswered,
  async (context) => {
    const { pool, destination } = await serve(context, (accept) => {
      accept().on('exec', (start) => {
        const channel = start();
        channel.exit(0);
        channel.end();
      });
    });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = pool.withSession(destination, signal(), () => held);
    const controller = new AbortController();
    const second = pool.withSession(destination, controller.signal, () => Promise.resolve('ran'));
    controller.abort();
    await assert.rejects(second, { code: 'ssh-timeout' });
    // The aborted call gave up its place: the third still waits for the first.
    const order: string[] = [];
    const third = pool.withSession(destination, signal(), () => Promise.resolve(order.push('third')));
    await new Promise((resolve) => setImmediate(resolve));
    order.push('released');
    release();
    await Promise.all([first, third]);
    assert.deepEqual(order, ['released', 'third']);
  },
);

test('a revoked key is refused also where it is pinned by its fingerprint', unanswered, async (context) => {
  const { hostKey, destination } = await serve(context, () => undefined);
  const blob = Buffer.from(hostKey.split(' ')[1] ?? '', 'base64');
  const fingerprint = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
  const connect = createGitSshConnect({
    key: () => Promise.resolve(createSecret(makeSshKeyPair().private)),
    agentSocket: null,
    hostKeys: [fingerprint],
    knownHostsText: () => Promise.resolve(`@revoked * ${hostKey}\n`),
    log: silent,
  });
  await assert.rejects(
    connect(
      { user: null, host: '127.0.0.1', port: destination.port, path: '/r.git' },
      'git-upload-pack',
      AbortSignal.timeout(1000),
    ),
    { code: 'ssh-host-key' },
  );
});

test(
  'writing to a Git service that reads nothing waits, and ends when the channel is closed',
  unanswered,
  async (context) => {
    const { hostKey, destination } = await serve(context, (accept) => {
      accept().on('exec', (start) => {
        start().pause();
      });
    });
    const connect = createGitSshConnect({
      key: () => Promise.resolve(createSecret(makeSshKeyPair().private)),
      agentSocket: null,
      hostKeys: [hostKey],
      knownHostsText: null,
      log: silent,
    });
    const channel = await connect(
      { user: null, host: '127.0.0.1', port: destination.port, path: '/r.git' },
      'git-receive-pack',
      signal(),
    );
    let settled = false;
    const writing = channel.write(new Uint8Array(16 * 1024 * 1024)).finally(() => {
      settled = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(settled, false);
    channel.close();
    channel.close();
    await assert.rejects(writing, { code: 'ssh-unreachable' });
    assert.notEqual((await channel.exit).code, 0);
  },
);

test(
  'a bastion that forbids forwarding is named, and not said to be lost',
  { ...unanswered, skip: sshdMissing() ?? false },
  async () => {
    const bastion = await startSshd({ lines: ['AllowTcpForwarding no'] });
    const pool = createSshPool({ log: silent, now: Date.now });
    try {
      const jump: SshDestination = {
        host: '127.0.0.1',
        port: bastion.port,
        user: bastion.user,
        hostKeys: [bastion.hostKeyLine],
        auth: { key: createSecret(bastion.userKeyPem) },
        jump: null,
      };
      await assert.rejects(
        pool.withSession({ ...jump, jump }, signal(), () => Promise.resolve()),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'ssh-unreachable');
          assert.match(error.message, /opened no channel/);
          assert.doesNotMatch(error.message, /lost/);
          return true;
        },
      );
    } finally {
      await pool.close();
      await bastion.stop();
    }
  },
);

test(
  'a real Git service behind a real sshd: refs are read, the end is clean, a missing repository is told',
  {
    ...unanswered,
    skip: sshdMissing() ?? false,
  },
  async () => {
    const sshd = await startSshd();
    try {
      // A path that a shell would take apart.
      const path = join(sshd.directory, "it's a $(repo)");
      execFileSync('git', ['init', '-q', '--bare', path]);
      const git = (words: readonly string[]): string =>
        execFileSync('git', ['-C', path, '-c', 'user.name=a', '-c', 'user.email=a@b', ...words], {
          input: '',
          encoding: 'utf8',
        }).trim();
      const commit = git(['commit-tree', '-m', 'first', git(['hash-object', '-w', '-t', 'tree', '--stdin'])]);
      git(['update-ref', 'refs/heads/main', commit]);
      const connect = createGitSshConnect({
        key: () => Promise.resolve(createSecret(sshd.userKeyPem)),
        agentSocket: null,
        hostKeys: [],
        knownHostsText: () => Promise.resolve(`[127.0.0.1]:${String(sshd.port)} ${sshd.hostKeyLine}\n`),
        log: silent,
      });
      const ask = async (repository: string): Promise<{ said: string; code: number; stderr: string }> => {
        const place = { user: sshd.user, host: '127.0.0.1', port: sshd.port, path: repository };
        const channel = await connect(place, 'git-upload-pack', signal());
        let said = '';
        // A flush packet: nothing is wanted (gitprotocol-pack, "Reference Discovery").
        await channel.write(Buffer.from('0000')).catch(() => undefined);
        await channel.endInput();
        for await (const chunk of channel.readable) said += Buffer.from(chunk).toString('latin1');
        return { said, ...(await channel.exit) };
      };
      const found = await ask(path);
      assert.ok(found.said.includes(`${commit} refs/heads/main`), found.said);
      assert.equal(found.code, 0);
      const missing = await ask(join(sshd.directory, 'nothing-here'));
      assert.notEqual(missing.code, 0);
      assert.match(missing.stderr, /nothing-here/);
    } finally {
      await sshd.stop();
    }
  },
);

/** A server that goes on asking for the password, and counts how often it got it. */
async function prompting(
  context: TestContext,
  prompts: readonly { readonly prompt: string; readonly echo: boolean }[],
  roundsMax: number,
): Promise<Place & { readonly heard: string[] }> {
  const keys = makeSshKeyPair();
  const heard: string[] = [];
  const server = new ssh2.Server({ hostKeys: [keys.private] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (attempt) => {
      if (attempt.method === 'password') {
        heard.push(attempt.password);
        attempt.reject(['keyboard-interactive']);
      } else if (attempt.method === 'keyboard-interactive') {
        let rounds = 0;
        const ask = (): void => {
          attempt.prompt(
            prompts.map((each) => ({ ...each })),
            (answers) => {
              heard.push(...answers);
              if (++rounds < roundsMax) ask();
              else attempt.reject();
            },
          );
        };
        ask();
      } else attempt.reject(['password', 'keyboard-interactive']);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const pool = createSshPool({ log: silent, now: Date.now });
  context.after(async () => {
    await pool.close();
    server.close();
  });
  const hostKey = keys.public.split(' ').slice(0, 2).join(' ');
  const destination: SshDestination = {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    user: 'deploy',
    hostKeys: [hostKey],
    auth: { password: createSecret('the password') },
    jump: null,
  };
  return { pool, hostKey, destination, heard };
}

for (const [what, prompts] of [
  ['one prompt a round', [{ prompt: 'Password:', echo: false }]],
  ['hundreds in one', Array.from({ length: 200 }, () => ({ prompt: 'Password:', echo: false }))],
  ['a prompt that would show the answer', [{ prompt: 'Login:', echo: true }]],
] as const) {
  test(
    `a pinned server that asks for the password without end gets it twice at most: ${what}`,
    unanswered,
    async (context) => {
      const { pool, destination, heard } = await prompting(context, prompts, 10_000);
      await assert.rejects(
        pool.withSession(destination, signal(), () => Promise.resolve()),
        { code: 'ssh-auth' },
      );
      assert.ok(heard.length <= 2, `${String(heard.length)} answers`);
    },
  );
}

test('a pinned server that asks once by keyboard-interactive is answered', unanswered, async (context) => {
  const { pool, destination, heard } = await prompting(context, [{ prompt: 'Password:', echo: false }], 1);
  await assert.rejects(
    pool.withSession(destination, signal(), () => Promise.resolve()),
    { code: 'ssh-auth' },
  );
  assert.deepEqual(heard, ['the password', 'the password']);
});

test('a server whose key is not pinned never hears the password', unanswered, async (context) => {
  const { pool, destination, heard } = await prompting(context, [{ prompt: 'Password:', echo: false }], 1);
  const other = makeSshKeyPair().public.split(' ').slice(0, 2).join(' ');
  await assert.rejects(
    pool.withSession({ ...destination, hostKeys: [other] }, signal(), () => Promise.resolve()),
    { code: 'ssh-host-key' },
  );
  assert.deepEqual(heard, []);
});

test(
  'a command that never stops talking is dropped, and little of it is held',
  unanswered,
  async (context) => {
    const { pool, destination } = await serve(context, (accept) => {
      accept().on('exec', (start) => {
        const channel = start();
        const talk = (): void => {
          while (channel.writable && channel.write(Buffer.alloc(64 * 1024, 'x')));
          channel.once('drain', talk);
        };
        channel.on('error', () => undefined);
        talk();
      });
    });
    await assert.rejects(
      pool.withSession(destination, signal(), (session) =>
        session.run(['true'], { timeoutMs: 600_000, signal: signal() }),
      ),
      { code: 'ssh-command-failed' },
    );
  },
);

test('a server that exchanges keys again and again is dropped', unanswered, async (context) => {
  const keys = makeSshKeyPair();
  let exchanges = 0;
  const server = new ssh2.Server({ hostKeys: [keys.private] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (attempt) => {
      if (attempt.method === 'password') attempt.accept();
      else attempt.reject(['password']);
    });
    client.on('rekey', () => {
      exchanges++;
      if (exchanges < 1000) client.rekey();
    });
    client.on('ready', () => {
      client.on('session', (accept) => {
        accept().on('exec', (start) => {
          start();
          client.rekey();
        });
      });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const pool = createSshPool({ log: silent, now: Date.now });
  context.after(async () => {
    await pool.close();
    server.close();
  });
  const destination: SshDestination = {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    user: 'deploy',
    hostKeys: [keys.public.split(' ').slice(0, 2).join(' ')],
    auth: { password: createSecret('any') },
    jump: null,
  };
  await assert.rejects(
    pool.withSession(destination, signal(), (session) =>
      session.run(['true'], { timeoutMs: 600_000, signal: signal() }),
    ),
    { code: 'ssh-unreachable' },
  );
  assert.ok(exchanges <= 5, String(exchanges));
});
