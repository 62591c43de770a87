/** The site at 1,000, 10,000 and 100,000 certificates: time, memory, files, bytes, in tmpfs; beside Hugo on the same pages at 10,000; and the table of 100,000 rows in a browser. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { row, type Row } from './row.ts';
import { makeHugoSite } from './site-hugo.ts';
import { makeSiteEstate, siteEstateNow } from './site-estate.ts';
import { measureTable } from './site-table.ts';

const sizes = [1000, 10_000, 100_000] as const;
const program = resolve('bin/renewd');

interface Built {
  readonly ms: number;
  /** Of the largest process, and of all processes of the build at one time. */
  readonly largestMiB: number;
  readonly togetherMiB: number;
  readonly files: number;
  readonly mib: number;
}

/** Runs it. IO: a temporary directory in memory where there is one. */
export async function run(): Promise<Row[]> {
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'renewd-bench-'));
  try {
    const rows: Row[] = [];
    for (const certificates of sizes) {
      const { bare } = await makeSiteEstate(root, certificates);
      const out = join(root, `out-${String(certificates)}`);
      const words = ['site', '--repo', bare, '--data', join(root, 'data'), '--out', out];
      const built = await measured(program, words, root, out);
      const note = `${String(built.files)} files, ${built.mib.toFixed(0)} MiB; largest process ${built.largestMiB.toFixed(0)} MiB, together ${built.togetherMiB.toFixed(0)} MiB`;
      const peer = certificates === 10_000 ? await hugo(root, certificates) : null;
      rows.push(
        row(
          `site of ${String(certificates)} certificates`,
          built.ms,
          peer?.ms ?? null,
          'ms',
          peer === null
            ? note
            : `${note}; peer: Hugo from Markdown on the pages of certificates alone, ${String(peer.files)} files, ${peer.mib.toFixed(0)} MiB, ${peer.largestMiB.toFixed(0)} MiB`,
        ),
      );
      if (certificates === sizes.at(-1)) rows.push(...(await measureTable(out)));
    }
    return rows;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function hugo(root: string, certificates: number): Promise<Built | null> {
  if (spawnSync('hugo', ['version']).status !== 0) return null;
  const source = join(root, 'hugo');
  makeHugoSite(source, certificates);
  const out = join(source, 'public');
  return measured('hugo', ['--source', source, '--quiet'], source, out);
}

/** Runs a program to its end and looks at its processes meanwhile. @throws Error when it fails */
async function measured(program: string, words: readonly string[], cwd: string, out: string): Promise<Built> {
  mkdirSync(cwd, { recursive: true });
  const started = performance.now();
  const child = spawn(program, words, {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(siteEstateNow / 1000) },
  });
  const over = { at: null as number | null, code: null as number | null };
  child.once('close', (code) => {
    over.at = performance.now();
    over.code = code;
  });
  let [largest, together] = [0, 0];
  while (over.at === null) {
    const sizesKiB = familyOf(child.pid ?? 0).map(residentKiB);
    largest = Math.max(largest, ...sizesKiB);
    together = Math.max(
      together,
      sizesKiB.reduce((sum, each) => sum + each, 0),
    );
    await pause(50);
  }
  if (over.code !== 0) throw new Error(`${program} ${words.join(' ')} failed`);
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const bytes = files.reduce((sum, each) => sum + statSync(join(each.parentPath, each.name)).size, 0);
  return {
    ms: over.at - started,
    largestMiB: largest / 1024,
    togetherMiB: together / 1024,
    files: files.length,
    mib: bytes / (1 << 20),
  };
}

/** A process and those it started. */
function familyOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8')
      .split(' ')
      .filter((each) => each !== '');
    return [pid, ...children.flatMap((each) => familyOf(Number(each)))];
  } catch {
    return [];
  }
}

function residentKiB(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
