/**
 * The embedded CA's own log: one line a certificate, on disk before the certificate leaves. What is not in it was never issued.
 * A line that cannot be read stops issuance: a CA that forgets is worse than one that waits.
 */
import { isUtf8 } from 'node:buffer';
import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { serialPattern } from '../../core/issuance.ts';
import type { IssuanceRecord } from '../../core/record-format.ts';
import { OperationError } from '../../ports/failure.ts';
import { makeDirectory } from '../../make-directory.ts';

export interface LogLine {
  /** Idempotency key of the request. */
  readonly request: string;
  /** SHA-256 of the CSR, lower-case hex. */
  readonly csr: string;
  readonly record: IssuanceRecord;
}

/** Every method reads the file again when it has grown since: two values over one file see the same log. Each throws OperationError `ca-unavailable`. */
export interface IssuanceLog {
  /** Every line of this request, oldest first. */
  readonly find: (request: string) => Promise<readonly LogLine[]>;
  readonly hasSerial: (serial: string) => Promise<boolean>;
  readonly lines: () => Promise<readonly LogLine[]>;
  /** Durable when it resolves; when it rejects, nothing of it stands in the file. */
  readonly append: (line: LogLine) => Promise<void>;
}

interface Held {
  bytes: number;
  readonly lines: LogLine[];
  readonly byRequest: Map<string, LogLine[]>;
  readonly serials: Set<string>;
}

/** Opens the log, one JSON document a line. IO. A last line without its end (a crash while writing) was never issued and is cut off. */
export async function openIssuanceLog(path: string): Promise<IssuanceLog> {
  let held = await load(path);
  let last: Promise<unknown> = Promise.resolve();
  // One at a time: what a failed append takes back must not be another's line.
  const inTurn = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
  const fresh = async (): Promise<Held> => {
    if ((await sizeOf(path)) !== held.bytes) held = await load(path);
    return held;
  };
  return {
    find: (request) => inTurn(async () => (await fresh()).byRequest.get(request) ?? []),
    hasSerial: (serial) => inTurn(async () => (await fresh()).serials.has(serial)),
    lines: () => inTurn(async () => (await fresh()).lines),
    append: (line) =>
      inTurn(async () => {
        await fresh();
        const text = `${JSON.stringify(line)}\n`;
        await appendWhole(path, text);
        // Added to, not built anew: the log only grows, for years.
        held.bytes += Buffer.byteLength(text);
        held.lines.push(line);
        held.byRequest.set(line.request, [...(held.byRequest.get(line.request) ?? []), line]);
        held.serials.add(line.record.serial);
      }),
  };
}

function hold(lines: LogLine[], bytes: number): Held {
  return {
    bytes,
    lines,
    byRequest: Map.groupBy(lines, ({ request }) => request),
    serials: new Set(lines.map((line) => line.record.serial)),
  };
}

async function load(path: string): Promise<Held> {
  try {
    const content = await readFile(path).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    });
    if (content === null) {
      await begin(path);
      return hold([], 0);
    }
    // Cut by bytes: a text of bytes that are no UTF-8 has another length.
    const bytes = content.lastIndexOf(0x0a) + 1;
    const lines = readLines(content.subarray(0, bytes), path);
    // Only behind lines that can be read, so that a file of something else is left as it is.
    if (bytes < content.length) await cut(path, bytes);
    return hold(lines, bytes);
  } catch (error) {
    throw error instanceof OperationError ? error : trouble(path, error);
  }
}

function readLines(whole: Uint8Array, path: string): LogLine[] {
  const lines: LogLine[] = [];
  for (let at = 0; at < whole.length;) {
    const end = whole.indexOf(0x0a, at);
    const bytes = Buffer.from(whole.subarray(at, end));
    lines.push(readLine(isUtf8(bytes) ? bytes.toString('utf8') : '', lines.length + 1, path));
    at = end + 1;
  }
  return lines;
}

function readLine(text: string, number: number, path: string): LogLine {
  const value = parse(text);
  if (isLogLine(value)) return value;
  throw new OperationError(
    'ca-unavailable',
    `line ${String(number)} of the issuance log ${path} cannot be read. Restore the file from a backup, or take the line out when issuance/ of the state branch already holds its certificate; nothing is issued before.`,
    { scope: 'issuer', disposition: 'stall', endsWhen: ['data-directory'] },
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isLogLine(value: unknown): value is LogLine {
  if (typeof value !== 'object' || value === null) return false;
  const { request, csr, record } = value as Partial<LogLine>;
  return (
    typeof request === 'string' &&
    typeof csr === 'string' &&
    typeof record?.serial === 'string' &&
    serialPattern.test(record.serial) &&
    typeof record.pem === 'string'
  );
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    throw trouble(path, error);
  }
}

/** An empty file whose name survives a power cut. */
async function begin(path: string): Promise<void> {
  makeDirectory(dirname(path), 0o700);
  await using(await open(path, 'a', 0o600), (file) => file.sync());
  await using(await open(dirname(path), 'r'), (folder) => folder.sync());
}

async function cut(path: string, bytes: number): Promise<void> {
  await using(await open(path, 'r+'), async (file) => {
    await file.truncate(bytes);
    await file.sync();
  });
}

async function appendWhole(path: string, text: string): Promise<void> {
  try {
    await using(await open(path, 'a', 0o600), async (file) => {
      const { size } = await file.stat();
      try {
        await file.writeFile(text);
        await file.sync();
      } catch (error) {
        // A full disk took a part: the next line must not be glued to it.
        await file.truncate(size);
        throw error;
      }
    });
  } catch (error) {
    throw trouble(path, error);
  }
}

async function using(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file);
  } finally {
    await file.close();
  }
}

function trouble(path: string, cause: unknown): OperationError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OperationError(
    'ca-unavailable',
    `the issuance log ${path} cannot be used: ${reason}. Nothing is issued until it can.`,
    { scope: 'issuer', disposition: 'retry', cause },
  );
}
