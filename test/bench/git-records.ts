/** How long it takes to commit records and to read them, beside native git doing the same work on the same machine. */
import { recordLine, recordText } from '../../daemon/record-text.ts';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRepository } from '../../daemon/git/repository.ts';
import { createSshSigner, generateSigningKey } from '../../daemon/git/signature.ts';

export interface Row {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  readonly ratio: number;
  readonly unit: string;
  readonly note?: string;
}

const records = 10_000;
const repetitions = 5;
const state = 'refs/heads/renewd/state';

/** A record of the size a real one has, about 1.5 KiB. */
function record(index: number, version: number): string {
  const sans = Array.from({ length: 12 }, (_, name) => `host-${name}.service-${index}.example.com`);
  const body = {
    kind: 'CertificateRecord',
    version,
    index,
    sans,
    serial: (index * 7919 + version).toString(16),
    padding: 'x'.repeat(700),
  };
  return `${JSON.stringify(body, null, 2)}\n`;
}

function pathOf(index: number): string {
  return `certificates/team-${index % 40}/certificate-${index}.json`;
}

function commitStream(from: number, to: number, version: number, parent: boolean): string {
  const lines = [`commit ${state}`, 'committer A <a@example.com> 1700000000 +0000', 'data 1', 'c'];
  if (parent) lines.push(`from ${state}^0`);
  for (let index = from; index < to; index++) {
    const text = record(index, version);
    lines.push(`M 100644 inline ${pathOf(index)}`, `data ${Buffer.byteLength(text)}`, text);
  }
  return `${lines.join('\n')}\n`;
}

/** Runs the comparison; figures are medians in ms. IO: a temporary directory, native git. */
export async function run(): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'renewd-bench-git-'));
  try {
    const base = join(directory, 'base.git');
    execFileSync('git', ['init', '-q', '--bare', base]);
    fastImport(base, commitStream(0, records, 0, false));
    return [
      await commitRow(directory, base, 10),
      await commitRow(directory, base, 1000),
      await readRow(base),
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function fastImport(repository: string, stream: string): void {
  execFileSync('git', ['-C', repository, 'fast-import', '--quiet'], { input: stream, maxBuffer: 2 ** 28 });
}

async function commitRow(directory: string, base: string, files: number): Promise<Row> {
  const [ourPlace, peerPlace] = [join(directory, `ours-${files}.git`), join(directory, `peer-${files}.git`)];
  cpSync(base, ourPlace, { recursive: true });
  cpSync(base, peerPlace, { recursive: true });
  const signer = createSshSigner(generateSigningKey().privateKeyPem);
  const repository = await openRepository({ url: ourPlace, directory: '', now: Date.now });
  const ours: number[] = [];
  const peer: number[] = [];
  for (let version = 1; version <= repetitions; version++) {
    const edits = new Map(
      Array.from(
        { length: files },
        (_, index) => [pathOf(index), recordText(record(index, version))] as const,
      ),
    );
    const stream = commitStream(0, files, version, true);
    ours.push(
      await timed(async () => {
        await repository.publish(
          {
            ref: state,
            edit: () => Promise.resolve(edits),
            message: () => recordLine('bench'),
            trailers: [],
            author: { name: 'A', email: 'a@example.com' },
            at: Date.now(),
            signer,
          },
          new AbortController().signal,
        );
      }),
    );
    peer.push(
      await timed(() => {
        fastImport(peerPlace, stream);
      }),
    );
  }
  await repository.close();
  const same = execFileSync('git', ['-C', ourPlace, 'rev-parse', `${state}^{tree}`]).equals(
    execFileSync('git', ['-C', peerPlace, 'rev-parse', `${state}^{tree}`]),
  );
  if (!same) throw new Error('the two trees differ: the comparison means nothing');
  return row(
    `git: commit ${files} of ${records} records`,
    ours,
    peer,
    'peer: git fast-import; ours is signed',
  );
}

async function readRow(base: string): Promise<Row> {
  const ours: number[] = [];
  const peer: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    let oids: string[] = [];
    let bytes = 0;
    ours.push(
      await timed(async () => {
        const repository = await openRepository({ url: base, directory: '', now: Date.now });
        const tip = (await repository.advertise(new AbortController().signal)).get(state) ?? '';
        oids = (await repository.changes(null, tip, [])).flatMap(({ oid }) => oid ?? []);
        await repository.readBlobs(oids, (_oid, blob) => {
          bytes += blob.length;
        });
        await repository.close();
      }),
    );
    let peerBytes = 0;
    peer.push(
      await timed(() => {
        execFileSync('git', ['-C', base, 'ls-tree', '-r', state], { maxBuffer: 2 ** 28 });
        const input = `${oids.join('\n')}\n`;
        peerBytes = execFileSync('git', ['-C', base, 'cat-file', '--batch', '--buffer'], {
          input,
          maxBuffer: 2 ** 28,
        }).length;
      }),
    );
    if (oids.length !== records || peerBytes < bytes) throw new Error('not everything was read');
  }
  return row(
    `git: list and read ${records} records`,
    ours,
    peer,
    'peer: git ls-tree and cat-file --batch; ours checks every id',
  );
}

async function timed(work: () => void | Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function row(name: string, ours: readonly number[], peer: readonly number[], note: string): Row {
  const [our, their] = [median(ours), median(peer)];
  return { name, ours: our, peer: their, ratio: Number((our / their).toFixed(2)), unit: 'ms', note };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Number((sorted[Math.floor(sorted.length / 2)] ?? Number.NaN).toFixed(1));
}
