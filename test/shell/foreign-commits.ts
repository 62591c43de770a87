/** A bare repository with change control and a daemon on it, and commits as no git would make them. No endpoint answers: what is looked at is the turn. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import type { House } from '../../daemon/assembly.ts';
import type { TurnReport } from '../../daemon/cycle.ts';
import type { FindingRecord } from '../../daemon/core/record-format.ts';
import { openHouse, plainConfig, turn } from '../real/estate.ts';
import {
  allowedSigners,
  makePerson,
  workTree,
  type Person,
  type WorkTree,
} from '../real/signed-repository.ts';

const head = 'apiVersion: renewd/v1\n';

/** A certificate of team web, as a document. */
export function certificate(name: string): string {
  return `${head}kind: Certificate\nmetadata: { name: ${name}, team: web }\nspec:\n  dnsNames: [${name}.example.com]\n  issuer: internal-ca\n  installations:\n    - { endpoint: web-01, profile: nginx, serves: ['${name}.example.com:9'] }\n`;
}

const documents = (people: readonly Person[]): Record<string, string> => ({
  'inventory/teams/web.yaml': `${head}kind: Team\nmetadata: { name: web }\nspec:\n  owners: [ada]\n  contacts: [{ email: web@example.com }]\n  dnsNames: ['*.example.com']\n  signers: [ada@example.com]\n`,
  'inventory/issuers/internal-ca.yaml': `${head}kind: Issuer\nmetadata: { name: internal-ca }\nspec:\n  type: ca\n  organization: Example\n  permittedDnsNames: [example.com]\n  lifetime: 90d\n`,
  'inventory/endpoints/web-01.yaml': `${head}kind: Endpoint\nmetadata: { name: web-01, team: web }\nspec:\n  type: ssh\n  host: 127.0.0.1\n  port: 9\n  user: root\n  hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGLr6w2Wn6NVlhpOxEpGCkjzxNWwXJFO2WnU2hyF7yL0']\n  auth: { key: { secret: deploy-key } }\n  privilege: { mode: direct }\n`,
  'inventory/certificates/web/shop.yaml': certificate('shop'),
  'policies/change-control.yaml': `${head}kind: ChangeControl\nmetadata: { name: change-control }\nspec:\n  signatures: required\n  paths:\n    - { paths: ['**'], signers: ['team:web'] }\n`,
  'policies/allowed_signers': allowedSigners(people),
});

export interface Arena {
  readonly root: string;
  readonly bare: string;
  readonly tree: WorkTree;
  readonly ada: Person;
  readonly house: () => House;
  /** Lets the clock of the daemon go on. */
  readonly later: (ms: number) => void;
  /** Writes a raw object past every check of git, and returns its id. */
  readonly write: (type: 'commit' | 'tree' | 'blob', bytes: string | Buffer) => string;
  /** A signed commit with these files on top of the first one's, whose parent is any commit: git would not fetch some of them. */
  readonly onTop: (
    parent: string,
    files: Readonly<Record<string, string | null>>,
    message?: string,
  ) => string;
  /** Pushes a commit to main and takes a turn. */
  readonly push: (commit: string) => Promise<TurnReport>;
  readonly turn: () => Promise<TurnReport>;
  /** Starts the daemon anew, on request as after a loss of its journal. */
  readonly restart: (how?: { readonly withoutJournal: boolean }) => Promise<void>;
  /** Open findings of the repository, as committed. */
  readonly findings: () => readonly FindingRecord[];
  readonly close: () => Promise<void>;
}

/** Opens it, with everything declared in one signed commit that is in force. */
export async function openArena(): Promise<Arena> {
  const root = mkdtempSync(join(tmpdir(), 'renewd-arena-'));
  const bare = join(root, 'estate.git');
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  const ada = makePerson(join(root, 'keys'), 'ada');
  execFileSync('cp', [ada.keyFile, join(root, 'deploy-key')]);
  mkdirSync(join(root, 'work'));
  const tree = workTree(join(root, 'work'));
  tree.git('init', '-q', '-b', 'main');
  tree.git('remote', 'add', 'origin', bare);
  const first = tree.commit(documents([ada]), 'Begin', { by: ada });
  let offset = 0;
  const open = (): Promise<House> => openHouse(plainConfig(root, bare), { clockOffsetMs: () => offset });
  let house = await open();
  const arena: Arena = {
    root,
    bare,
    tree,
    ada,
    house: () => house,
    later: (ms) => {
      offset += ms;
    },
    write: (type, bytes) =>
      execFileSync('git', ['-C', bare, 'hash-object', '-t', type, '--literally', '-w', '--stdin'], {
        input: bytes,
        encoding: 'utf8',
        maxBuffer: 1024,
      }).trim(),
    onTop: (parent, files, message = 'On top') => {
      tree.git('reset', '-q', '--hard', first);
      tree.commit(files, 'Files', { by: null });
      tree.git('push', '-q', '-f', 'origin', 'HEAD:refs/heads/files');
      const words = ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${ada.keyFile}`, '-c', 'user.name=ada'];
      const commit = ['-c', 'user.email=ada@example.com', 'commit-tree', '-S', '-m', message, '-p', parent];
      return execFileSync('git', ['-C', bare, ...words, ...commit, tree.git('rev-parse', 'HEAD^{tree}')], {
        encoding: 'utf8',
        env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
      }).trim();
    },
    push: async (commit) => {
      // Past the checks of a push: what a server lets in is up to its settings.
      execFileSync('git', ['-C', bare, 'update-ref', 'refs/heads/main', commit]);
      return turn(house);
    },
    turn: () => turn(house),
    restart: async (how) => {
      await house.close();
      if (how?.withoutJournal === true)
        for (const end of ['', '-wal', '-shm'])
          rmSync(join(root, 'data', `journal.db${end}`), { force: true });
      house = await open();
    },
    findings: () => house.memory.repositoryRecord?.findings ?? [],
    close: async () => {
      await house.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
  tree.git('push', '-q', 'origin', 'HEAD:main');
  await arena.turn();
  return arena;
}

/** Writes an object by itself, without starting git for each of thousands. Returns its id. */
export function writeLoose(bare: string, type: 'commit' | 'tree' | 'blob', bytes: string | Buffer): string {
  const body = Buffer.from(bytes);
  const whole = Buffer.concat([Buffer.from(`${type} ${String(body.length)}\0`), body]);
  const oid = createHash('sha1').update(whole).digest('hex');
  const folder = join(bare, 'objects', oid.slice(0, 2));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, oid.slice(2)), deflateSync(whole));
  return oid;
}

/** The text of a commit. */
export function commitText(parts: {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly who?: string;
  readonly headers?: string;
  readonly message?: string;
}): string {
  const who = parts.who ?? 'mallory <mallory@example.com> 1764000000 +0000';
  const parents = parts.parents.map((each) => `parent ${each}\n`).join('');
  return `tree ${parts.tree}\n${parents}author ${who}\ncommitter ${who}\n${parts.headers ?? ''}\n${parts.message ?? 'Readme\n'}`;
}

/** A tree as bytes. */
export function treeBytes(entries: readonly (readonly [mode: string, name: string, oid: string])[]): Buffer {
  return Buffer.concat(
    entries.map(([mode, name, oid]) =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, 'hex')]),
    ),
  );
}
