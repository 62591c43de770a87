/** The embedded CA's own log: one line a certificate, on disk before the certificate leaves. What is not in it was never issued. */
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { IssuanceRecord } from '../../core/record-format.ts';
import { OperationError } from '../../ports/failure.ts';

export interface LogLine {
  /** Idempotency key of the request. */
  readonly request: string;
  /** SHA-256 of the CSR, lower-case hex. */
  readonly csr: string;
  readonly record: IssuanceRecord;
}

export interface IssuanceLog {
  readonly find: (request: string) => LogLine | null;
  readonly lines: () => readonly LogLine[];
  /** Durable when it resolves. */
  readonly append: (line: LogLine) => Promise<void>;
}

/** Opens the log, one JSON document a line. IO. A last line without its end (a crash while writing) was never issued and is cut off. */
export async function openIssuanceLog(path: string): Promise<IssuanceLog> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw trouble(path, error);
  });
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) await cut(path, Buffer.byteLength(whole));
  const lines = whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
  const byRequest = new Map(lines.map((line) => [line.request, line]));
  return {
    find: (request) => byRequest.get(request) ?? null,
    lines: () => lines,
    append: async (line) => {
      await appendLine(path, `${JSON.stringify(line)}\n`);
      lines.push(line);
      byRequest.set(line.request, line);
    },
  };
}

async function cut(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function appendLine(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, 'a', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw trouble(path, error);
  }
}

function trouble(path: string, cause: unknown): OperationError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OperationError(
    'ca-unavailable',
    `the issuance log ${path} cannot be used: ${reason}. Nothing is issued until it can.`,
    {
      disposition: 'retry',
      cause,
    },
  );
}
