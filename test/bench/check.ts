/** What a pull request waits for: `renewd check` of 10,000 declarations and of a change that touches ten of them, each in a cold process. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { medianMs, row, type Row } from './row.ts';
import { makeSynthetic } from './synthetic.ts';

const certificates = 10_000;
const program = resolve('bin/renewd');

/** Runs it. IO: a temporary directory. */
export async function run(): Promise<Row[]> {
  const root = mkdtempSync(join(tmpdir(), 'renewd-bench-'));
  try {
    const { bare } = await makeSynthetic(root, certificates);
    const work = join(root, 'work');
    const git = (...words: string[]): string =>
      execFileSync('git', ['-C', work, '-c', 'user.name=b', '-c', 'user.email=b@example.com', ...words], {
        encoding: 'utf8',
      });
    execFileSync('git', ['clone', '-q', bare, work]);
    const ours = await medianMs(3, () => {
      renewd(work, 'check');
    });
    const peer = await medianMs(3, () => {
      parseAll(work);
    });
    git('switch', '-q', '-c', 'request');
    const files = git('ls-files', 'inventory/certificates').trim().split('\n').slice(0, 10);
    for (const file of files) {
      const path = join(work, file);
      writeFileSync(
        path,
        readFileSync(path, 'utf8').replace('algorithm: ecdsa-p256', 'algorithm: ecdsa-p384'),
      );
    }
    git('commit', '-q', '-a', '-m', 'Touch ten');
    const change = await medianMs(5, () => {
      renewd(work, 'check', '--base', 'main', '--head', 'request');
    });
    return [
      row(
        'check of 10,000 declarations, cold',
        ours,
        peer,
        'ms',
        'peer: node with yaml.parse of each file; no schema, references or policy',
      ),
      row(
        'check of a pull request that touches ten of them, cold',
        change,
        peer,
        'ms',
        'the same peer: who judges a change by reading everything',
      ),
    ];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Denied and allowed are both answers. */
function renewd(directory: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(program, words, { cwd: directory, encoding: 'utf8' });
  if (status !== 0 && status !== 1) throw new Error(stderr);
}

function parseAll(directory: string): void {
  const script = `const { globSync, readFileSync } = require('node:fs'); const { parse } = require(${JSON.stringify(resolve('node_modules/yaml'))}); for (const file of globSync('{inventory,policies}/**/*.yaml')) parse(readFileSync(file, 'utf8'));`;
  execFileSync(process.execPath, ['-e', script], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
}
