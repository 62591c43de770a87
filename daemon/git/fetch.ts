/** The door of isomorphic-git: fetches one reference into a bare mirror over any transport. Its push, commit and walk are not used (docs: ADR). */
import { promises as disk } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { fetch as fetchIntoMirror } from 'isomorphic-git';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { serverError } from './advertisement.ts';
import { checkPack } from './pack-check.ts';
import { createPacketReader, flushPacket, nonsense, packet } from './pkt-line.ts';
import type { Session } from './transport.ts';

export interface FetchRequest {
  /** Bare git directory. */
  readonly directory: string;
  /** An open upload-pack session; its one request is spent. */
  readonly session: Session;
  /** Full name on the server. */
  readonly remoteRef: string;
  /** Full name in the mirror: its commit is what we say we have. */
  readonly localRef: string;
  readonly place: string;
}

/**
 * Fetches what `remoteRef` leads to; writes a pack and its index. IO. Moves no reference of ours: the caller does after checking.
 * @throws OperationError `git-unavailable`, `git-corrupt`
 */
export async function fetchPack(request: FetchRequest): Promise<void> {
  try {
    await fetchIntoMirror({
      fs: { promises: atomicDisk },
      http: { request: (exchange) => overSession(request, exchange) },
      gitdir: request.directory,
      url: 'https://session.invalid/mirror',
      remote: 'origin',
      ref: request.localRef,
      remoteRef: request.remoteRef,
      singleBranch: true,
      tags: false,
      cache: {},
    });
  } catch (cause) {
    if (cause instanceof OperationError) throw cause;
    if (cause instanceof Error && cause.name === 'AbortError') throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw nonsense(request.place, `a pack that cannot be read (${reason.slice(0, 200)})`, cause);
  }
}

interface HttpExchange {
  readonly url: string;
  readonly method?: string | undefined;
  readonly body?: AsyncIterable<Uint8Array> | undefined;
}

/** isomorphic-git believes it speaks HTTP: one GET for the advertisement, one POST for the pack. */
async function overSession({ session, remoteRef, place }: FetchRequest, exchange: HttpExchange) {
  const answer = (body: AsyncIterableIterator<Uint8Array>, type: string) => ({
    url: exchange.url,
    statusCode: 200,
    statusMessage: 'OK',
    headers: { 'content-type': type },
    body,
  });
  if (exchange.method === 'GET') {
    return answer(each([advertiseOne(session, remoteRef)]), 'application/x-git-upload-pack-advertisement');
  }
  const parts: Uint8Array[] = [];
  for await (const part of exchange.body ?? each([])) parts.push(part);
  const received: Uint8Array[] = [];
  for await (const part of bounded(await session.request(Buffer.concat(parts)), place)) received.push(part);
  const whole = Buffer.concat(received);
  await checkPack(await packWithin(whole, place), place);
  return answer(each([whole]), 'application/x-git-upload-pack-result');
}
/** The pack inside an answer of upload-pack: side band 1 after the acknowledgements. */
async function packWithin(answer: Buffer, place: string): Promise<Buffer> {
  const reader = createPacketReader(each([answer]), limits.git.packMaxBytes, place);
  const parts: Buffer[] = [];
  for (let line = await reader.next(); line !== null; line = await reader.next()) {
    if (line.kind !== 'data') continue;
    const band = line.bytes[0];
    if (band === 1) parts.push(line.bytes.subarray(1));
    else if (band === 3) throw serverError(place, line.bytes.toString('utf8', 1));
    else if (line.bytes.toString('latin1', 0, 4) === 'ERR ')
      throw serverError(place, line.bytes.toString('utf8', 4));
  }
  return Buffer.concat(parts);
}

/**
 * Only the reference we want, also as HEAD: isomorphic-git fails where the server's HEAD is unborn, and needs no list of 10,000 others.
 * Abilities are the server's own.
 */
function advertiseOne({ advertisement }: Session, ref: string): Buffer {
  const oid = advertisement.refs.get(ref) ?? '';
  const abilities = [...advertisement.capabilities].filter((each) => !each.startsWith('symref=')).join(' ');
  return Buffer.concat([
    packet('# service=git-upload-pack\n'),
    flushPacket,
    packet(`${oid} HEAD\0${abilities}\n`),
    packet(`${oid} ${ref}\n`),
    flushPacket,
  ]);
}

async function* each(parts: readonly Uint8Array[]): AsyncIterableIterator<Uint8Array> {
  yield* parts;
}

async function* bounded(source: AsyncIterable<Uint8Array>, place: string): AsyncIterableIterator<Uint8Array> {
  let total = 0;
  for await (const part of source) {
    total += part.length;
    if (total > limits.git.packMaxBytes) {
      throw new OperationError(
        'git-unavailable',
        `${place} sent more than ${limits.git.packMaxBytes} bytes; keep large files out of the repository or give a path to a local clone`,
        { disposition: 'stall' },
      );
    }
    yield part;
  }
}

/** isomorphic-git writes in place (a crash leaves half a file that it never mends): here every write is a rename. */
const atomicDisk = {
  readFile: disk.readFile,
  mkdir: disk.mkdir,
  rmdir: disk.rmdir,
  unlink: disk.unlink,
  stat: disk.stat,
  lstat: disk.lstat,
  readdir: disk.readdir,
  readlink: disk.readlink,
  symlink: disk.symlink,
  writeFile: async (path: string, bytes: string | Uint8Array, options?: BufferEncoding): Promise<void> => {
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      await disk.writeFile(temporary, bytes, options);
      await disk.rename(temporary, path);
    } catch (error) {
      await disk.rm(temporary, { force: true });
      throw error;
    }
  },
};
