/** The embedded CA as a process that is killed and as one whose disk is full: what it showed to anybody is what it still knows. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openIssuanceLog } from '../../daemon/issuers/ca/issuance-log.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const workshop = openWorkshop();
const directory = mkdtempSync(join(tmpdir(), 'renewd-ca-crash-'));
after(() => {
  workshop.close();
  rmSync(directory, { recursive: true });
});
const csrPath = join(directory, 'csr.der');
writeFileSync(csrPath, workshop.csr('a.example.com').der);

/** Runs the victim until it has printed `lines` lines, then kills it; resolves to what it printed. */
function run(home: string, count: number, lines: number, fileBlocksMax?: number): Promise<string[]> {
  const victim = [
    process.execPath,
    '--no-warnings',
    join(import.meta.dirname, 'ca-victim.ts'),
    home,
    csrPath,
  ];
  const limit = fileBlocksMax === undefined ? '' : `ulimit -f ${String(fileBlocksMax)}; `;
  const child = spawn('bash', ['-c', `${limit}exec "$@"`, 'victim', ...victim, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.split('\n').length > lines) child.kill('SIGKILL');
  });
  return new Promise((resolve) => child.on('close', () => resolve(text.split('\n').slice(0, -1))));
}

const shown = (lines: readonly string[], word: string): string[] =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

test('killed again and again, it has one root, and its log holds every certificate that left', async () => {
  const home = join(directory, 'killed');
  const lines: string[] = [];
  for (const number of [0, 1, 2, 5, 3]) lines.push(...(await run(home, 1000, number)));
  lines.push(...(await run(home, 1, 1000)));
  assert.equal(new Set(shown(lines, 'root')).size, 1);
  const log = await openIssuanceLog(join(home, 'issuers/internal/issued.jsonl'));
  const logged = new Set((await log.lines()).map(({ record }) => record.fingerprint));
  const left = shown(lines, 'leaf');
  assert.ok(left.length >= 8);
  assert.deepEqual(
    left.filter((each) => !logged.has(each)),
    [],
  );
  const serials = (await log.lines()).map(({ record }) => record.serial);
  assert.equal(new Set(serials).size, serials.length);
});

test('on a full disk it refuses, keeps a log that can be read, and goes on when there is space', async () => {
  const home = join(directory, 'full');
  // Files of at most 8 blocks of 1024 bytes: the log is full in the middle of a line.
  const lines = await run(home, 12, 1000, 8);
  const path = join(home, 'issuers/internal/issued.jsonl');
  assert.ok(shown(lines, 'leaf').length >= 1);
  assert.deepEqual([...new Set(shown(lines, 'refused'))], ['ca-unavailable']);
  assert.ok(readFileSync(path, 'utf8').endsWith('}\n'), 'no part of a line stays');
  lines.push(...(await run(home, 2, 1000)));
  const log = await openIssuanceLog(path);
  assert.deepEqual(
    (await log.lines()).map(({ record }) => record.fingerprint),
    shown(lines, 'leaf'),
  );
  assert.deepEqual(readdirSync(join(home, 'issuers/internal')).sort(), [
    'intermediate.pem',
    'issued.jsonl',
    'root.pem',
  ]);
});
