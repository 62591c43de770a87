/** A repository that declares one team, and houses of renewd over it whose clock tests can move. Real git. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { House } from '../../daemon/assembly.ts';
import { generateSigningKey } from '../../daemon/git/signature.ts';
import { openHouse, plainConfig } from '../real/estate.ts';

export interface Houses {
  readonly root: string;
  readonly bare: string;
  /** Added to the clock of every house, as time that passes everywhere. */
  offset: number;
  /** Runs git in the bare repository. */
  readonly git: (...words: string[]) => string;
  /** Commits and pushes as a person. */
  readonly commit: (files: Readonly<Record<string, string>>) => void;
  /** A commit on the branch of the records by somebody who may push and has no key; null takes a file away. */
  readonly harm: (files: Readonly<Record<string, string | null>>) => void;
  /** A file of the branch of the records. */
  readonly read: <T>(path: string) => T;
  /** A house with a data directory of that name. `key`: signs records by the key of that name instead of one of its own. */
  readonly open: (
    name: string,
    options?: {
      readonly key?: string;
      readonly ahead?: () => number;
      readonly repo?: string;
      readonly boot?: string;
    },
  ) => Promise<House>;
  /** The public half of a key that `open` may name. */
  readonly publicKey: (name: string) => string;
  readonly stop: () => void;
}

/** Makes the repository. */
export function makeHouses(): Houses {
  const root = mkdtempSync(join(tmpdir(), 'renewd-two-'));
  const bare = join(root, 'estate.git');
  const work = join(root, 'work');
  const keys = new Map<string, string>();
  let harms = 0;
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  execFileSync('git', ['init', '-q', '-b', 'main', work]);
  writeFileSync(join(root, 'deploy-key'), 'none');
  const houses: Houses = {
    root,
    bare,
    offset: 0,
    git: (...words) =>
      execFileSync('git', ['-C', bare, ...words], { encoding: 'utf8', stdio: 'pipe' }).trim(),
    commit: (files) => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(work, path)), { recursive: true });
        writeFileSync(join(work, path), text);
      }
      const git = ['-C', work, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
      execFileSync('git', [...git, 'add', '-A']);
      execFileSync('git', [...git, 'commit', '-qm', 'Declare']);
      execFileSync('git', [...git, 'push', '-q', bare, 'main']);
    },
    harm: (files) => {
      const who = { NAME: 'm', EMAIL: 'm@example.com' };
      const env = { ...process.env, GIT_INDEX_FILE: join(root, 'index') };
      for (const [word, value] of Object.entries(who))
        Object.assign(env, { [`GIT_AUTHOR_${word}`]: value, [`GIT_COMMITTER_${word}`]: value });
      const git = (words: readonly string[], input = ''): string =>
        execFileSync('git', ['-C', bare, ...words], { env, encoding: 'utf8', input }).trim();
      git(['read-tree', 'renewd/state']);
      for (const [path, text] of Object.entries(files)) {
        if (text === null) git(['update-index', '--index-info'], `0 ${'0'.repeat(40)}\t${path}\n`);
        else {
          const blob = git(['hash-object', '-w', '--stdin'], text);
          git(['update-index', '--add', '--cacheinfo', `100644,${blob},${path}`]);
        }
      }
      const message = `Harm ${String(++harms)}`;
      const commit = git(['commit-tree', git(['write-tree']), '-p', 'renewd/state', '-m', message]);
      git(['update-ref', 'refs/heads/renewd/state', commit]);
    },
    read: <T>(path: string) => JSON.parse(houses.git('show', `renewd/state:${path}`)) as T,
    publicKey: (name) => {
      const known = keys.get(name);
      if (known !== undefined) return known;
      const { privateKeyPem, publicKey } = generateSigningKey();
      writeFileSync(join(root, `key-${name}`), privateKeyPem, { mode: 0o600 });
      keys.set(name, publicKey);
      return publicKey;
    },
    open: async (name, { key, ahead = () => 0, repo = bare, boot = 'one' } = {}) => {
      const config = plainConfig(root, repo);
      if (key !== undefined) houses.publicKey(key);
      return openHouse(
        {
          ...config,
          dataDirectory: join(root, name),
          ...(key === undefined
            ? {}
            : {
                signing: { ...config.signing, keySecret: 'records' },
                secrets: {
                  ...config.secrets,
                  records: { file: join(root, `key-${key}`), for: 'signing', hosts: [] },
                },
              }),
        },
        { clockOffsetMs: () => houses.offset + ahead(), boot },
      );
    },
    stop: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
  houses.commit({
    'inventory/teams/web.yaml':
      'apiVersion: renewd/v1\nkind: Team\nmetadata: { name: web }\nspec:\n  owners: [ada]\n  contacts: [{ email: web@example.com }]\n',
  });
  return houses;
}
