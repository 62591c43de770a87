/** First load of 10,000 documents from a repository: ours (objects, parse, schema, references) beside `git cat-file --batch` plus a bare YAML parse. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { builtIns, documentReader } from '../../daemon/reader.ts';
import { buildDesired } from '../../daemon/core/desired.ts';
import type { ParsedFile } from '../../daemon/documents/read.ts';
import { openRepository } from '../../daemon/git/repository.ts';
import { declaredPrefixes } from '../../daemon/shell/in-force.ts';
import { createLog } from '../../daemon/log.ts';
import { medianMs, row, type Row } from './row.ts';
import { makeSynthetic } from './synthetic.ts';

const certificates = 10_000;

/** Runs it. IO: a temporary directory. */
export async function run(): Promise<Row[]> {
  const root = mkdtempSync(join(tmpdir(), 'renewd-bench-'));
  try {
    const { bare } = await makeSynthetic(root, certificates);
    const ours = await medianMs(3, () => loadOurs(bare, join(root, 'mirror')));
    const peer = await medianMs(3, () => loadPeer(bare));
    return [
      row(
        'first load of 10,000 documents',
        ours,
        peer,
        'ms',
        'peer: git cat-file --batch, then yaml.parse; no schema, no references',
      ),
    ];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function loadOurs(bare: string, directory: string): Promise<void> {
  const log = createLog({ level: 'error', destination: process.stderr, pretty: true });
  const repository = await openRepository({ url: bare, directory, now: Date.now, log });
  const signal = new AbortController().signal;
  const head = (await repository.advertise(signal)).get('refs/heads/main') ?? '';
  await repository.fetch(['refs/heads/main'], signal);
  const reader = documentReader();
  const paths = new Map<string, string>();
  for (const change of await repository.changes(null, head, declaredPrefixes))
    paths.set(change.oid ?? '', change.path);
  const files: ParsedFile[] = [];
  await repository.readBlobs([...paths.keys()], (oid, bytes) => {
    files.push(reader.parseFile({ path: paths.get(oid) ?? '', oid, bytes }));
  });
  const desired = buildDesired(head, files, builtIns(reader));
  if (desired.certificates.size !== certificates || desired.problems.length > 0) {
    throw new Error(`loaded ${String(desired.certificates.size)}: ${desired.problems[0]?.message ?? ''}`);
  }
  await repository.close();
}

function loadPeer(bare: string): void {
  const listed = execFileSync('git', ['-C', bare, 'ls-tree', '-r', 'main'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const oids = listed.split('\n').flatMap((line) => /^\d+ blob ([0-9a-f]+)/.exec(line)?.[1] ?? []);
  const batch = execFileSync('git', ['-C', bare, 'cat-file', '--batch'], {
    input: `${oids.join('\n')}\n`,
    maxBuffer: 1 << 28,
  });
  let at = 0;
  let count = 0;
  while (at < batch.length) {
    const end = batch.indexOf(10, at);
    const size = Number(batch.toString('latin1', at, end).split(' ')[2]);
    parse(batch.toString('utf8', end + 1, end + 1 + size));
    count++;
    at = end + 2 + size;
  }
  if (count < certificates) throw new Error(`the peer read ${String(count)}`);
}
