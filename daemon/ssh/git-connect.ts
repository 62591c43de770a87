/** Git over SSH: one channel a service, to a host whose key is pinned or known. It knows Git's two service names and nothing else of Git. */
import type { ClientChannel } from 'ssh2';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { saidText } from '../said-text.ts';
import type { GitSshChannel, GitSshConnect } from '../ports/git-ssh.ts';
import type { Log, Secret } from '../ports/plugin.ts';
import { connect, type SshConnection, type SshDestination } from './connection.ts';
import { knownKeys } from './known-hosts.ts';
import { isPinned } from './pins.ts';
import { quoteWords } from './words.ts';

export interface GitSshOptions {
  /** Asked for each connection: a key that was rotated is used from the next on. null: the agent. */
  readonly key: (() => Promise<Secret>) | null;
  readonly agentSocket: string | null;
  /** Pins; they come before known_hosts. */
  readonly hostKeys: readonly string[];
  /** Asked for each connection. null: there is no such file. */
  readonly knownHostsText: (() => Promise<string>) | null;
  readonly log: Log;
}

/** Makes the function the Git room connects with. Each call opens a connection of its own, which ends with its service. */
export function createGitSshConnect(options: GitSshOptions): GitSshConnect {
  return async (location, service, signal) => {
    const { host } = location;
    const port = location.port ?? 22;
    const destination: SshDestination = {
      host,
      port,
      user: location.user ?? 'git',
      hostKeys: await pinsOf(options, host, port),
      auth: await loginOf(options, host),
      jump: null,
    };
    const connection = await connect(destination, signal);
    try {
      const command = `${service} ${quoteWords([location.path])}`;
      const channel = await connection.exec(command, limits.ssh.connectTimeoutMs, signal);
      return wrap(channel, connection, `${host}:${String(port)}`, signal);
    } catch (error) {
      connection.end();
      throw error;
    }
  };
}

async function pinsOf(
  { hostKeys, knownHostsText }: GitSshOptions,
  host: string,
  port: number,
): Promise<readonly string[]> {
  const { keys, revoked } = knownKeys((await knownHostsText?.()) ?? '', host, port);
  // A revoked key is out whichever way it is pinned, also by its fingerprint.
  const pins = [...hostKeys, ...keys].filter(
    (pin) => !revoked.some((bad) => isPinned(Buffer.from(bad.split(' ')[1] ?? '', 'base64'), [pin])),
  );
  if (pins.length > 0) return pins;
  throw new OperationError(
    'ssh-host-key',
    `the host key of the Git server ${host}:${String(port)} is not known. Put its line from ssh-keyscan, compared with what its operator publishes, under git.ssh.hostKeys or into git.ssh.knownHostsFile.`,
    { scope: 'repository', disposition: 'retry' },
  );
}

async function loginOf({ key, agentSocket }: GitSshOptions, host: string): Promise<SshDestination['auth']> {
  if (key !== null) return { key: await key() };
  if (agentSocket !== null && agentSocket !== '') return { agentSocket };
  throw new OperationError(
    'ssh-auth',
    `there is no way to log in to the Git server ${host}: name a key under git.ssh.key, or set git.ssh.agent: true and SSH_AUTH_SOCK`,
    { scope: 'repository', disposition: 'retry' },
  );
}

function wrap(
  channel: ClientChannel,
  connection: SshConnection,
  where: string,
  signal: AbortSignal,
): GitSshChannel {
  let stderr = '';
  let exitCode: number | null = null;
  channel.on('error', () => undefined);
  channel.stderr.on('error', () => undefined);
  channel.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < limits.ssh.gitStderrMaxBytes) stderr += chunk.toString('utf8');
  });
  channel.on('exit', (code?: number | null) => {
    exitCode = code ?? null;
  });
  const close = (): void => {
    signal.removeEventListener('abort', close);
    connection.end();
  };
  signal.addEventListener('abort', close, { once: true });
  // A channel closes only after somebody has read it to its end, and a broken one may have no reader left: the end of the connection counts too.
  const over = Promise.race([
    new Promise<void>((resolve) => {
      channel.on('close', () => {
        resolve();
      });
    }),
    connection.closed,
  ]);
  const exit = over.then(() => {
    close();
    // A connection that broke says no code: that is no success.
    return {
      code: exitCode ?? 255,
      stderr: saidText(stderr, { after: stderr.length >= limits.ssh.gitStderrMaxBytes }),
    };
  });
  return {
    readable: channel as AsyncIterable<Uint8Array>,
    // ssh2 forgets the callbacks of writes that wait for window when the connection ends.
    write: (bytes) =>
      new Promise((resolve, reject) => {
        void over.then(() => {
          reject(
            new OperationError(
              'ssh-unreachable',
              `the Git service on ${where} ended while it was written to`,
              {
                scope: 'repository',
                disposition: 'retry',
              },
            ),
          );
        });
        channel.write(bytes, (error) => {
          if (error == null) resolve();
          else reject(error);
        });
      }),
    endInput: () =>
      new Promise((resolve) => {
        void over.then(resolve);
        channel.end(() => {
          resolve();
        });
      }),
    exit,
    close,
  };
}
