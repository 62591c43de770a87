/** Reads what a remote command says, to its end and within its bounds. */
import type { ClientChannel } from 'ssh2';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';

export interface RunOptions {
  readonly input?: Uint8Array;
  readonly timeoutMs: number;
  /** `limits.ssh.stdoutMaxBytes` unless told; what comes after is dropped and `truncated` says so. */
  readonly stdoutMaxBytes?: number;
  readonly signal: AbortSignal;
}

export interface CommandResult {
  /** null when a signal ended the command. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: Uint8Array;
  readonly stderr: string;
  readonly truncated: boolean;
}

/** Reads a command to its end, within its bounds. Both channels are always drained: an unread one would stop the command. */
export function collect(
  channel: ClientChannel,
  options: RunOptions,
  where: string,
  drop: () => void,
): Promise<CommandResult> {
  const stdoutMax = options.stdoutMaxBytes ?? limits.ssh.stdoutMaxBytes;
  const out = keeper(stdoutMax);
  const err = keeper(limits.ssh.stderrMaxBytes);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      giveUp();
    }, options.timeoutMs + limits.ssh.killGraceMs);
    // 124 and 137 are what timeout(1) says, and what any other command may say by itself: only a late one was timeout(1).
    let late = false;
    const lateTimer = setTimeout(() => {
      late = true;
    }, options.timeoutMs * 0.9);
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      clearTimeout(lateTimer);
      options.signal.removeEventListener('abort', giveUp);
      finish();
    };
    const timedOut = (): OperationError =>
      new OperationError(
        'ssh-timeout',
        `a command on ${where} did not end within ${String(Math.round(options.timeoutMs / 1000))} s${tail(err.text())}`,
        {
          disposition: 'retry',
        },
      );
    // Cancelling a channel does not end the remote process; dropping the connection at least ends our waiting.
    function giveUp(): void {
      settle(() => {
        drop();
        reject(timedOut());
      });
    }
    options.signal.addEventListener('abort', giveUp, { once: true });
    channel.on('data', (chunk: Buffer) => {
      out.add(chunk);
    });
    channel.stderr.on('data', (chunk: Buffer) => {
      err.add(chunk);
    });
    channel.on('error', () => undefined);
    channel.stderr.on('error', () => undefined);
    channel.on('close', (code?: number | null, by?: string) => {
      settle(() => {
        if (late && (code === 124 || code === 137)) reject(timedOut());
        else if (code === undefined && by === undefined) {
          reject(
            new OperationError(
              'ssh-unreachable',
              `the connection to ${where} was lost while a command ran; it is not known whether it ended`,
              {
                disposition: 'retry',
              },
            ),
          );
        } else {
          resolve({
            exitCode: code ?? null,
            signal: by ?? null,
            stdout: out.bytes(),
            stderr: err.text(),
            truncated: out.isFull(),
          });
        }
      });
    });
    channel.end(options.input ?? new Uint8Array());
    if (options.signal.aborted) giveUp();
  });
}

function tail(text: string): string {
  const last = text.trim().split('\n').at(-1) ?? '';
  return last === '' ? '' : `; it last said: ${last.slice(0, 300)}`;
}

function keeper(max: number): {
  readonly add: (chunk: Uint8Array) => void;
  readonly bytes: () => Uint8Array;
  readonly text: () => string;
  readonly isFull: () => boolean;
} {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let full = false;
  return {
    add: (chunk) => {
      const room = max - size;
      if (chunk.length > room) full = true;
      if (room <= 0) return;
      chunks.push(chunk.subarray(0, room));
      size += Math.min(room, chunk.length);
    },
    bytes: () => new Uint8Array(Buffer.concat(chunks)),
    text: () => Buffer.concat(chunks).toString('utf8'),
    isFull: () => full,
  };
}
