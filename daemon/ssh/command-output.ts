/** Reads what a remote command says, to its end and within its bounds. */
import type { ClientChannel } from 'ssh2';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { lastLines, saidText, type SaidText } from '../said-text.ts';

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
  /** Without what looks like a secret: people read it. */
  readonly stderr: SaidText;
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
        `a command on ${where} did not end within ${String(Math.round(options.timeoutMs / 1000))} s${tail(err)}`,
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
    const hear = (kept: Keeper, chunk: Buffer): void => {
      kept.add(chunk);
      if (out.dropped() + err.dropped() <= limits.ssh.droppedMaxBytes) return;
      settle(() => {
        drop();
        reject(
          new OperationError(
            'ssh-command-failed',
            `a command on ${where} does not stop talking; the connection was dropped${tail(err)}`,
            { disposition: 'retry' },
          ),
        );
      });
    };
    channel.on('data', (chunk: Buffer) => {
      hear(out, chunk);
    });
    channel.stderr.on('data', (chunk: Buffer) => {
      hear(err, chunk);
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
                scope: 'endpoint',
                disposition: 'retry',
              },
            ),
          );
        } else {
          resolve({
            exitCode: code ?? null,
            signal: by ?? null,
            stdout: out.bytes(),
            stderr: err.said(err.isFull()),
            truncated: out.isFull(),
          });
        }
      });
    });
    channel.end(options.input ?? new Uint8Array());
    if (options.signal.aborted) giveUp();
  });
}

/** What came after the mark that our own command said first: start files of the user's shell may print whatever they like before. Without a mark everything. Pure. */
export function afterMark(result: CommandResult, mark: string): CommandResult {
  const line = `${mark}\n`;
  const bytes = Buffer.from(result.stdout);
  const at = bytes.indexOf(line);
  const said = result.stderr.indexOf(line);
  return {
    ...result,
    stdout: at < 0 ? result.stdout : new Uint8Array(bytes.subarray(at + line.length)),
    stderr: said < 0 ? result.stderr : saidText(result.stderr.slice(said + line.length)),
  };
}

/** The end of what was said until now: more may have been on its way. */
function tail(heard: Keeper): string {
  const last = lastLines(heard.said(true), 1, limits.ssh.lastLineMaxChars);
  return last === '' ? '' : `; it last said: ${last}`;
}

interface Keeper {
  readonly add: (chunk: Uint8Array) => void;
  readonly bytes: () => Uint8Array;
  /** As text for people; `cut`: more came, or would have come. */
  readonly said: (cut: boolean) => SaidText;
  readonly isFull: () => boolean;
  /** Bytes that came after it was full. */
  readonly dropped: () => number;
}

/** Keeps copies in one buffer: a slice would hold the whole read it came from, and a server chooses how little of each is ours. */
function keeper(max: number): Keeper {
  let kept = Buffer.alloc(0);
  let size = 0;
  let dropped = 0;
  return {
    add: (chunk) => {
      const part = chunk.subarray(0, max - size);
      dropped += chunk.length - part.length;
      if (size + part.length > kept.length) {
        const larger = Buffer.alloc(Math.min(max, Math.max(size + part.length, 2 * kept.length, 4096)));
        kept.copy(larger, 0, 0, size);
        kept = larger;
      }
      kept.set(part, size);
      size += part.length;
    },
    bytes: () => new Uint8Array(kept.subarray(0, size)),
    said: (cut) => saidText(kept.subarray(0, size), { after: cut }),
    isFull: () => dropped > 0,
    dropped: () => dropped,
  };
}
