/** A bare repository whose state branch says what a test wants it to have said, commit by commit, made and signed as the daemon does. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateRecord, EndpointRecord } from '../../daemon/core/record-format.ts';
import { renderRecord } from '../../daemon/documents/write.ts';
import { recordLine, type RecordText } from '../../daemon/record-text.ts';
import { openRepository, type CommitSigner, type Repository } from '../../daemon/git/repository.ts';
import { createSshSigner, generateSigningKey } from '../../daemon/git/signature.ts';

export interface StateRepository {
  readonly directory: string;
  readonly repository: Repository;
  readonly signer: CommitSigner;
  /** One commit at an instant: records are written, paths with null are deleted. Gives its id. */
  readonly say: (
    at: string,
    records: readonly (CertificateRecord | EndpointRecord)[],
    files?: Readonly<Record<string, string | null>>,
  ) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Makes an empty one. IO: a temporary directory, git once. */
export async function openStateRepository(): Promise<StateRepository> {
  const root = mkdtempSync(join(tmpdir(), 'renewd-state-'));
  const directory = join(root, 'estate.git');
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', directory]);
  const repository = await openRepository({ url: directory, directory, now: Date.now });
  const signer = createSshSigner(generateSigningKey().privateKeyPem);
  return {
    directory,
    repository,
    signer,
    say: async (at, records, files = {}) => {
      const edits = new Map<string, string | null>(Object.entries(files));
      for (const record of records) {
        const { name } = record.metadata;
        const path =
          record.kind === 'CertificateRecord'
            ? `certificates/${record.metadata.team}/${name}.json`
            : `endpoints/${name}.json`;
        edits.set(path, renderRecord(record));
      }
      const outcome = await repository.publish(
        {
          ref: 'refs/heads/renewd/state',
          // As hostile as the test wants it: this is not what the daemon would have written.
          edit: () => Promise.resolve(edits as Map<string, RecordText | null>),
          message: () => recordLine('records'),
          trailers: [],
          author: { name: 'renewd', email: 'renewd@localhost' },
          at: Date.parse(at),
          signer,
        },
        new AbortController().signal,
      );
      if (outcome.state !== 'published') throw new Error('nothing changed');
      return outcome.commit;
    },
    close: async () => {
      await repository.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
