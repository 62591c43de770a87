/**
 * What of a repository must be read to judge a change: where it touches certificates alone, what governs, the files it touches, the endpoints they name with
 * whatever else names the same machine, and every certificate that may claim a name or a path with them. Texts are searched before they are parsed, so a pull
 * request is judged in a part of a second however large the estate is. A test compares the verdict with that of reading everything.
 */
import { createHash } from 'node:crypto';
import type { Certificate, Endpoint } from '../core/model.ts';
import type { DocumentReader } from '../documents/read.ts';
import type { Repository, TreeEntryChange } from '../git/repository.ts';
import {
  applyChange,
  isDeclared,
  isRegular,
  type AppliedChange,
  type FilesInForce,
} from '../shell/in-force.ts';

const nothing: FilesInForce = { files: new Map(), trust: new Map() };
const certificatesFolder = 'inventory/certificates/';
const endpointsFolder = 'inventory/endpoints/';

/** Whether a change can be judged without reading everything: it changes or removes regular files of certificates and nothing else. Pure. */
export function isNarrow(changes: readonly TreeEntryChange[]): boolean {
  return changes.every(
    ({ path, oid, mode }) =>
      path.startsWith(certificatesFolder) && isDeclared(path) && (oid === null || isRegular(mode)),
  );
}

/** The entries of the base that such a change must be judged with. IO: reads Git. */
export async function neededEntries(
  repository: Repository,
  reader: DocumentReader,
  entries: readonly TreeEntryChange[],
  changes: readonly TreeEntryChange[],
): Promise<readonly TreeEntryChange[]> {
  const touched = new Set(changes.map((each) => each.path));
  const certificates = entries.filter(({ path }) => path.startsWith(certificatesFolder));
  const endpoints = entries.filter(({ path }) => path.startsWith(endpointsFolder));
  const rest = entries.filter(
    ({ path }) => !path.startsWith(certificatesFolder) && !path.startsWith(endpointsFolder),
  );
  const here = certificates.filter((each) => touched.has(each.path));
  const wanted = await certificatesIn(repository, reader, here, changes);
  const servers = await endpointsOf(repository, reader, endpoints, namesOf(wanted));
  const words = [...wanted.map((each) => each.name), ...servers.map((each) => each.name)];
  const rivals = await holding(repository, certificates, words);
  // What a rival claims counts only if every endpoint it names is there.
  const theirs = await certificatesIn(repository, reader, rivals, []);
  const others = await endpointsOf(repository, reader, endpoints, namesOf([...wanted, ...theirs]));
  const paths = new Set([...servers, ...others].map((each) => each.source.file));
  const read = new Set([...here, ...rivals].map((each) => each.path));
  return [
    ...rest,
    ...certificates.filter((each) => read.has(each.path)),
    ...endpoints.filter((each) => paths.has(each.path)),
  ];
}

function namesOf(certificates: readonly Certificate[]): ReadonlySet<string> {
  return new Set(certificates.flatMap((each) => each.installations.map((one) => one.endpoint)));
}

/** What the entries declare, before a change and after it. */
async function certificatesIn(
  repository: Repository,
  reader: DocumentReader,
  entries: readonly TreeEntryChange[],
  changes: readonly TreeEntryChange[],
): Promise<readonly Certificate[]> {
  const states: AppliedChange[] = [
    await applyChange(repository, reader, nothing, entries),
    await applyChange(repository, reader, nothing, changes),
  ];
  return states
    .flatMap(({ files }) => [...files.values()].flatMap((file) => file.documents))
    .filter((each) => each.kind === 'Certificate');
}

/** The endpoints of these names, those they are reached through, and all that may be the same machine: by a host or a pinned key. */
async function endpointsOf(
  repository: Repository,
  reader: DocumentReader,
  entries: readonly TreeEntryChange[],
  names: ReadonlySet<string>,
): Promise<readonly Endpoint[]> {
  const found = new Map<string, Endpoint>();
  const searched = new Set<string>();
  let words = [...names];
  while (words.length > 0) {
    for (const word of words) searched.add(word);
    const candidates = (await holding(repository, entries, words)).filter((each) => !found.has(each.path));
    const { files } = await applyChange(repository, reader, nothing, candidates);
    const next = new Set<string>();
    for (const [path, { documents }] of files) {
      for (const each of documents) {
        if (each.kind !== 'Endpoint') continue;
        found.set(path, each);
        for (const word of wordsOf(each)) if (!searched.has(word)) next.add(word);
      }
    }
    words = [...next];
  }
  return [...found.values()];
}

/** By what other endpoints can be told to be the same machine, or to be on the way to it. */
function wordsOf({ config, machine }: Endpoint): readonly string[] {
  const jump = config['jump'];
  // An address is `host:port through ...`; a host key is its fingerprint.
  const marks = machine.map((mark) => /^(.*):\d+ through /.exec(mark)?.[1] ?? mark);
  return [...(typeof jump === 'string' ? [jump] : []), ...marks];
}

/**
 * Entries whose text holds one of the words, in any case. What could hold it in another spelling (an escape of YAML, an IPv6 address) and what is no declaration
 * that can be read is counted too: whoever writes a declaration must not choose what it is judged with.
 */
async function holding(
  repository: Repository,
  entries: readonly TreeEntryChange[],
  words: readonly string[],
): Promise<readonly TreeEntryChange[]> {
  if (words.length === 0) return [];
  const lower = words.map((each) => each.toLowerCase());
  const prints = new Set(words.filter((each) => each.startsWith(printPrefix)));
  // An IPv4 address may stand there as a mapped IPv6 address.
  const colons = lower.some((each) => each.includes(':') || /^\d+(\.\d+){3}$/.test(each));
  const found = new Set<string>();
  const oids = entries.flatMap((each) => (isRegular(each.mode) ? (each.oid ?? []) : []));
  await repository.readBlobs([...new Set(oids)], (oid, bytes) => {
    const written = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const text = written.toLowerCase();
    const spelled =
      text.includes('\\') || !text.includes('kind') || (colons && /[0-9a-f]*:[0-9a-f]*:/.test(text));
    if (spelled || lower.some((word) => text.includes(word)) || holdsKeyOf(written, prints)) found.add(oid);
  });
  return entries.filter(({ oid, mode }) => !isRegular(mode) || (oid !== null && found.has(oid)));
}

const printPrefix = 'SHA256:';

/** Whether a text holds a public key of OpenSSH with one of these fingerprints: a host key may be pinned by either. Pure. */
function holdsKeyOf(text: string, prints: ReadonlySet<string>): boolean {
  if (prints.size === 0) return false;
  for (const [blob] of text.matchAll(/AAAA[A-Za-z0-9+/]{16,}={0,2}/g)) {
    const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64');
    if (prints.has(printPrefix + digest.replace(/=+$/, ''))) return true;
  }
  return false;
}
