/** Fetches one commit with its history into a bare mirror, over any transport. */
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { saidText } from '../said-text.ts';
import { serverError } from './advertisement.ts';
import { indexPack } from './pack-check.ts';
import { storePack } from './pack-file.ts';
import { createPacketReader, flushPacket, nonsense, packet } from './pkt-line.ts';
import type { Session } from './transport.ts';

export interface FetchRequest {
  /** The objects of the mirror. */
  readonly objects: string;
  /** An open upload-pack session; its one request is spent. */
  readonly session: Session;
  /** What is wanted. */
  readonly oid: string;
  /** Commits the mirror has, with everything below them. */
  readonly haves: readonly string[];
  /** Commits of the mirror whose parents were left out. */
  readonly shallow: ReadonlySet<string>;
  readonly place: string;
}

/**
 * Fetches what `remoteRef` leads to and puts it into the mirror as one pack with its index; nothing when the server has nothing to send. IO. Moves no reference of ours: the
 * caller does after checking. The request is one message (gitprotocol-pack, "Packfile Negotiation"): what is wanted, what we have, done.
 * @throws OperationError `git-unavailable`, `git-corrupt`, `git-malformed`
 */
export async function fetchPack({
  objects,
  session,
  oid,
  haves,
  shallow,
  place,
}: FetchRequest): Promise<void> {
  const { capabilities } = session.advertisement;
  const abilities = ['side-band-64k', 'ofs-delta', 'no-progress'].filter((each) => capabilities.has(each));
  if (!capabilities.has('side-band-64k'))
    throw nonsense(place, 'without side-band-64k, which every Git since 2006 has');
  const body = Buffer.concat([
    packet(`want ${oid} ${[...abilities, 'agent=renewd'].join(' ')}\n`),
    ...(capabilities.has('shallow') ? [...shallow].map((each) => packet(`shallow ${each}\n`)) : []),
    flushPacket,
    ...haves.slice(0, limits.git.havesMax).map((each) => packet(`have ${each}\n`)),
    packet('done\n'),
  ]);
  const received: Uint8Array[] = [];
  for await (const part of bounded(await session.request(body), place)) received.push(part);
  const pack = await packWithin(Buffer.concat(received), place);
  const built = await indexPack(pack, place);
  if (built.count > 0) await storePack(objects, built, false);
}

/** The pack inside an answer of upload-pack: side band 1 after the acknowledgements. */
async function packWithin(answer: Buffer, place: string): Promise<Buffer> {
  const reader = createPacketReader(each([answer]), limits.git.packMaxBytes, place);
  const parts: Buffer[] = [];
  for (let line = await reader.next(); line !== null; line = await reader.next()) {
    if (line.kind !== 'data') continue;
    const band = line.bytes[0];
    if (band === 1) parts.push(line.bytes.subarray(1));
    else if (band === 3) throw serverError(place, saidText(line.bytes.subarray(1)));
    else if (line.bytes.toString('latin1', 0, 4) === 'ERR ')
      throw serverError(place, saidText(line.bytes.subarray(4)));
  }
  return Buffer.concat(parts);
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
        { disposition: 'stall', endsWhen: ['repository'] },
      );
    }
    yield part;
  }
}
