/** One SSH connection: made only to a host whose key is pinned, every command on it bounded in time and output. The door to ssh2's client. */
import ssh2, { type ClientChannel, type ConnectConfig } from 'ssh2';
import type { Duplex } from 'node:stream';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { afterMark, collect, type CommandResult, type RunOptions } from './command-output.ts';
import { failureOf, place, readOffer, type Offers, type SshDestination } from './destination.ts';
import { algorithmAttempts, isPinned } from './pins.ts';
import { randomBytes } from 'node:crypto';
import { boundedCommand } from './words.ts';

export type { CommandResult, RunOptions } from './command-output.ts';
export type { SshDestination } from './destination.ts';

export interface SshConnection {
  /** Runs words, never a line of shell. A non-zero exit is a result. @throws OperationError `ssh-timeout`, `ssh-unreachable`, `ssh-command-failed` */
  readonly run: (words: readonly string[], options: RunOptions) => Promise<CommandResult>;
  /** Opens a channel on a command line of fixed form; for the Git services. @throws OperationError as `run`; without an answer within `timeoutMs` the connection is dropped */
  readonly exec: (command: string, timeoutMs: number, signal: AbortSignal) => Promise<ClientChannel>;
  readonly forward: (host: string, port: number, signal: AbortSignal) => Promise<Duplex>;
  readonly isAlive: () => boolean;
  /** Resolves when the connection has ended, however it ended; never rejects. */
  readonly closed: Promise<void>;
  readonly end: () => void;
}

/**
 * Asks for modern algorithms only; ssh2's defaults still hold SHA-1. chacha20-poly1305 is left out: ssh2 keeps its state for the whole process, and a connection
 * through a jump host writes to the outer one in the middle of its own packet (measured: the inner server sees an incomplete message).
 * Group 18 is left out: one exchange holds the event loop for hundreds of milliseconds, and the server chooses how many there are.
 */
const algorithms = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group14-sha256',
  ],
  cipher: ['aes256-gcm@openssh.com', 'aes128-gcm@openssh.com', 'aes256-ctr', 'aes192-ctr', 'aes128-ctr'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
} as const;

/**
 * Connects and logs in. IO. Nothing is sent to a host whose key does not fit a pin.
 * @throws OperationError `ssh-host-key`, `ssh-auth`, `ssh-unreachable`, `ssh-timeout`
 */
export async function connect(
  destination: SshDestination,
  signal: AbortSignal,
  depth = 0,
): Promise<SshConnection> {
  const attempts = algorithmAttempts(destination.hostKeys);
  if (attempts.length === 0 || depth > limits.ssh.jumpsMax) {
    throw new OperationError(
      'ssh-host-key',
      depth > limits.ssh.jumpsMax
        ? `${place(destination)} lies behind too many jump hosts`
        : `${place(destination)} has no host key that renewd can check: give hostKeys as "ssh-ed25519 AAAA..." or "SHA256:..."`,
      { scope: 'endpoint', disposition: 'stall', endsWhen: ['declaration', 'endpoint'] },
    );
  }
  let refusal: unknown = null;
  for (const hostKeyAlgorithms of attempts) {
    const bridge = destination.jump === null ? null : await connect(destination.jump, signal, depth + 1);
    try {
      const sock = bridge === null ? null : await bridge.forward(destination.host, destination.port, signal);
      return wrap(destination, await open(destination, hostKeyAlgorithms, sock, signal), bridge);
    } catch (error) {
      bridge?.end();
      // Only a key of another kind is a reason to ask for the next kind; the first refusal is the one to tell.
      if (!(error instanceof OperationError) || error.code !== 'ssh-host-key') throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

function loginOf({ auth }: SshDestination, where: string): Partial<ConnectConfig> {
  if ('agentSocket' in auth) return { agent: auth.agentSocket };
  if ('password' in auth) return { password: auth.password.reveal(), tryKeyboard: true };
  const privateKey = auth.key.reveal();
  const parsed = ssh2.utils.parseKey(privateKey);
  // A public key is read without complaint here; ssh2 would throw about it only later, without a code.
  if (parsed instanceof Error || !parsed.isPrivateKey()) {
    const why =
      parsed instanceof Error && /encrypted/i.test(parsed.message)
        ? 'is encrypted with a passphrase'
        : 'is not a private key renewd can read';
    throw new OperationError(
      'ssh-auth',
      `the key for ${where} ${why}; give an unencrypted OpenSSH or PKCS #8 key, or use an agent`,
      {
        scope: 'endpoint',
        disposition: 'stall',
        endsWhen: ['declaration', 'endpoint'],
      },
    );
  }
  return { privateKey };
}

async function open(
  destination: SshDestination,
  serverHostKey: readonly string[],
  sock: Duplex | null,
  signal: AbortSignal,
): Promise<ssh2.Client> {
  const { host, port, user, auth } = destination;
  const where = place(destination);
  const login = loginOf(destination, where);
  const client = new ssh2.Client();
  let shown: Uint8Array | null = null;
  const offers: Offers = new Map();
  return new Promise((resolve, reject) => {
    const give = (error: OperationError): void => {
      client.destroy();
      reject(error);
    };
    const onAbort = (): void => {
      give(
        new OperationError('ssh-timeout', `connecting to ${where} took too long and was given up`, {
          scope: 'endpoint',
          disposition: 'retry',
        }),
      );
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    // A pinned host is still not owed our password again and again: whoever took it over has no other use for more of it.
    let prompted = 0;
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) => {
      const asked = prompts.filter((prompt) => prompt.echo !== true).length;
      prompted += asked;
      if (!('password' in auth) || prompted > limits.ssh.passwordPromptsMax || asked < prompts.length) {
        give(
          new OperationError(
            'ssh-auth',
            `${where} asked for more than the password, or for it again and again; the log-in was given up. Check what its PAM asks at log-in, or use a key.`,
            { scope: 'endpoint', disposition: 'retry' },
          ),
        );
        return;
      }
      const { password } = auth;
      finish(prompts.map(() => password.reveal()));
    });
    // Each key exchange costs us as much as the server, and only the server decides how many there are. This listener stays for ever.
    let exchanges = 0;
    client.on('handshake', () => {
      if (++exchanges <= limits.ssh.keyExchangesMax) return;
      give(
        new OperationError(
          'ssh-unreachable',
          `${where} wanted to exchange keys again and again; the connection was dropped`,
          {
            scope: 'endpoint',
            disposition: 'retry',
          },
        ),
      );
    });
    client.once('ready', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(client);
    });
    // This listener stays for ever: an error after the end would otherwise end the process.
    client.on('error', (error) => {
      signal.removeEventListener('abort', onAbort);
      give(failureOf(error, destination, { shown, offers, ours: algorithms }));
    });
    client.once('close', () => {
      signal.removeEventListener('abort', onAbort);
      give(
        new OperationError('ssh-unreachable', `${where} closed the connection before the log-in`, {
          scope: 'endpoint',
          disposition: 'retry',
        }),
      );
    });
    client.connect({
      ...(sock === null ? { host, port } : { sock }),
      username: user,
      ...login,
      readyTimeout: limits.ssh.connectTimeoutMs,
      keepaliveInterval: limits.ssh.keepaliveIntervalMs,
      keepaliveCountMax: limits.ssh.keepaliveMax,
      algorithms: {
        ...algorithms,
        kex: [...algorithms.kex],
        cipher: [...algorithms.cipher],
        hmac: [...algorithms.hmac],
        serverHostKey: [...serverHostKey],
      } as unknown as NonNullable<ConnectConfig['algorithms']>,
      // The only place where ssh2 tells what the other side offered.
      debug: (line) => {
        readOffer(offers, line);
      },
      hostVerifier: (key: Buffer) => {
        shown = key;
        return isPinned(key, destination.hostKeys);
      },
    });
  });
}

function wrap(destination: SshDestination, client: ssh2.Client, bridge: SshConnection | null): SshConnection {
  let alive = true;
  const closed = new Promise<void>((resolve) => {
    client.on('close', () => {
      alive = false;
      bridge?.end();
      resolve();
    });
  });
  const end = (): void => {
    alive = false;
    client.destroy();
    bridge?.end();
  };
  const where = place(destination);
  const exec: SshConnection['exec'] = (command, timeoutMs, signal) =>
    openChannel(client, alive, { where, refusedAs: 'ssh-command-failed', timeoutMs, signal, end }, (done) => {
      client.exec(command, done);
    });
  return {
    exec,
    forward: (host, port, signal) => {
      const bounds = {
        where: `${host}:${String(port)} behind ${where}`,
        refusedAs: 'ssh-unreachable',
        timeoutMs: limits.ssh.connectTimeoutMs,
        signal,
        end,
      } as const;
      return openChannel(client, alive, bounds, (done) => {
        client.forwardOut('127.0.0.1', 0, host, port, done);
      });
    },
    run: async (words, options) => {
      const seconds = Math.max(1, Math.ceil(options.timeoutMs / 1000));
      const mark = `renewd-${randomBytes(12).toString('hex')}`;
      const channel = await exec(boundedCommand(words, seconds, mark), options.timeoutMs, options.signal);
      // The mark takes nothing of what the command may say.
      const stdoutMaxBytes = (options.stdoutMaxBytes ?? limits.ssh.stdoutMaxBytes) + mark.length + 1;
      return afterMark(await collect(channel, { ...options, stdoutMaxBytes }, where, end), mark);
    },
    isAlive: () => alive,
    closed,
    end,
  };
}

interface ChannelBounds {
  readonly where: string;
  /** What it is when the server answers, and refuses. */
  readonly refusedAs: 'ssh-command-failed' | 'ssh-unreachable';
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Drops the connection: a server that owes an answer is of no use to the next command. */
  readonly end: () => void;
}

/**
 * Waits for ssh2 to call back about a channel, and for what it stays silent about: a connection that dies meanwhile, and a server that keeps the
 * connection alive and never answers.
 */
function openChannel<T>(
  client: ssh2.Client,
  alive: boolean,
  { where, refusedAs, timeoutMs, signal, end }: ChannelBounds,
  start: (done: (error: Error | undefined, value: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      client.off('close', onClose);
      finish();
    };
    const fail = (
      code: 'ssh-unreachable' | 'ssh-timeout' | 'ssh-command-failed',
      message: string,
      cause?: unknown,
    ): void => {
      settle(() => {
        reject(new OperationError(code, message, { scope: 'endpoint', disposition: 'retry', cause }));
      });
    };
    function onClose(): void {
      fail('ssh-unreachable', `the connection to ${where} was lost`);
    }
    function giveUp(): void {
      fail('ssh-timeout', `${where} did not open a channel in time; the connection was dropped`);
      end();
    }
    const refused = (error: unknown): void => {
      const reason = error instanceof Error ? error.message : String(error);
      fail(refusedAs, `${where} opened no channel: ${reason}`, error);
    };
    const timer = setTimeout(giveUp, timeoutMs);
    if (!alive) {
      onClose();
      return;
    }
    if (signal.aborted) {
      giveUp();
      return;
    }
    signal.addEventListener('abort', giveUp, { once: true });
    client.once('close', onClose);
    try {
      start((error, value) => {
        if (error !== undefined) refused(error);
        else {
          settle(() => {
            resolve(value);
          });
        }
      });
    } catch (error) {
      refused(error);
    }
  });
}
