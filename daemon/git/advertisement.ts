/** What a server advertises: its references and abilities, protocol version 0 and the `ls-refs` command of version 2. */
import { sha256Unsupported } from './unsupported.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { saidText, type SaidText } from '../said-text.ts';
import { isOid } from './object.ts';
import {
  delimiterPacket,
  flushPacket,
  nonsense,
  packet,
  remoteWords,
  type PacketReader,
} from './pkt-line.ts';

export interface Advertisement {
  /** `HEAD` and full reference names to object ids. */
  readonly refs: ReadonlyMap<string, string>;
  readonly capabilities: ReadonlySet<string>;
  /** Commits the server has without their parents: it is a shallow clone itself. */
  readonly shallow: ReadonlySet<string>;
  /** True when the server speaks version 2: `refs` is empty then. */
  readonly versionTwo: boolean;
}

/** What is kept of the references a server shows. */
export interface Listing {
  readonly add: (name: string, oid: string) => void;
  /** All of `wanted` were seen. */
  readonly isComplete: () => boolean;
  readonly refs: ReadonlyMap<string, string>;
}

/**
 * Keeps those of `wanted`, and of the others as many as `limits.git.refsMax`: anybody who may push can make any number of them, and they must not keep from us the
 * one that is asked for. Pure.
 */
export function listingOf(wanted: readonly string[]): Listing {
  const left = new Set(wanted);
  const refs = new Map<string, string>();
  let others = 0;
  return {
    add: (name, oid) => {
      if (!left.delete(name) && ++others > limits.git.refsMax) return;
      refs.set(name, oid);
    },
    isComplete: () => wanted.length > 0 && left.size === 0,
    refs,
  };
}

/**
 * Reads an advertisement up to its flush (gitprotocol-pack, "Reference Discovery"). Of its references those of `wanted` are kept in any case. `stopsEarly`: no further than
 * to the last of them, where nothing more is asked in this session. @throws OperationError `git-unavailable`, `unsupported`
 */
export async function readAdvertisement(
  reader: PacketReader,
  place: string,
  wanted: readonly string[],
  { stopsEarly = false }: { readonly stopsEarly?: boolean } = {},
): Promise<Advertisement> {
  const listing = listingOf(wanted);
  const { refs } = listing;
  let capabilities: ReadonlySet<string> = new Set();
  let versionTwo = false;
  const shallow = new Set<string>();
  const versionTwoCapabilities = new Set<string>();
  const isEnough = (): boolean => stopsEarly && listing.isComplete();
  for (let first = true; !isEnough(); first = false) {
    const line = await reader.next();
    if (line === null) throw nonsense(place, 'nothing');
    if (line.kind === 'flush') break;
    if (line.kind !== 'data') throw nonsense(place, 'a packet out of place');
    const text = line.bytes.toString('utf8').replace(/\n$/, '');
    if (text.startsWith('ERR ')) throw serverError(place, saidText(text.slice(4)));
    if (first && text === 'version 2') {
      versionTwo = true;
      continue;
    }
    if (versionTwo) {
      versionTwoCapabilities.add(text);
      continue;
    }
    if (text === 'version 1') continue;
    if (text.startsWith('shallow ')) {
      shallow.add(text.slice('shallow '.length));
      continue;
    }
    const [entry = '', listed] = text.split('\0');
    if (listed !== undefined) capabilities = new Set(listed.split(' ').filter((each) => each !== ''));
    addRef(
      listing,
      entry.slice(0, entry.indexOf(' ')),
      entry.slice(entry.indexOf(' ') + 1),
      place,
      capabilities,
    );
  }
  const all = versionTwo ? versionTwoCapabilities : capabilities;
  if (all.has('object-format=sha256')) throw sha256Unsupported(place);
  return { refs, capabilities: all, shallow, versionTwo };
}

function addRef(
  listing: Listing,
  oid: string,
  name: string,
  place: string,
  capabilities: ReadonlySet<string>,
): void {
  if (capabilities.has('object-format=sha256') || oid.length === 64) throw sha256Unsupported(place);
  if (!isOid(oid)) throw nonsense(place, 'a reference without an object id');
  if (name === 'capabilities^{}' || name.endsWith('^{}')) return;
  listing.add(name, oid);
}

/** The request body of `ls-refs` (gitprotocol-v2). */
export function listRefsRequest(prefixes: readonly string[]): Buffer {
  return Buffer.concat([
    packet('command=ls-refs\n'),
    packet('object-format=sha1\n'),
    delimiterPacket,
    ...prefixes.map((prefix) => packet(`ref-prefix ${prefix}\n`)),
    flushPacket,
  ]);
}

/** Reads the answer to `ls-refs`, and keeps of it what `listingOf` says. @throws OperationError `git-unavailable` */
export async function readListedRefs(
  reader: PacketReader,
  place: string,
  wanted: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const listing = listingOf(wanted);
  for (;;) {
    const line = await reader.next();
    if (line === null) throw nonsense(place, 'a list of references that is cut short');
    if (line.kind !== 'data') return listing.refs;
    const text = line.bytes.toString('utf8').replace(/\n$/, '');
    if (text.startsWith('ERR ')) throw serverError(place, saidText(text.slice(4)));
    const [oid = '', name = ''] = text.split(' ');
    if (oid === 'unborn') continue;
    addRef(listing, oid, name, place, new Set());
  }
}

/** gitprotocol-pack: `ERR` lines end the conversation; forges use them for missing repositories and refused access. */
export function serverError(place: string, words: SaidText): OperationError {
  const shown = remoteWords(words, limits.git.remoteWordsMaxChars);
  if (/denied|not allowed|unauthori[sz]ed|forbidden|publickey/i.test(shown)) {
    return new OperationError(
      'git-auth',
      `${place} refused: ${shown}; check the key or token and its rights`,
      {
        disposition: 'stall',
        endsWhen: ['secret', 'repository'],
      },
    );
  }
  return new OperationError('git-unavailable', `${place} answered: ${shown || 'nothing'}`, {
    disposition: 'retry',
  });
}
