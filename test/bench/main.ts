/** `npm run bench [name ...]`: runs the benchmarks and prints a table in Markdown: ours, the peer, the ratio. Writes nothing. */
import { cpus, release } from 'node:os';
import type { Row } from './row.ts';

const benches: Readonly<Record<string, () => Promise<{ run: () => Promise<readonly Row[]> }>>> = {
  turn: () => import('./turn.ts'),
  load: () => import('./load.ts'),
  'git-records': () => import('./git-records.ts'),
  policy: () => import('./policy.ts'),
  check: () => import('./check.ts'),
  site: () => import('./site.ts'),
};

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (benches[name] === undefined) {
    process.stderr.write(`there is no benchmark ${name}; there are ${Object.keys(benches).join(', ')}\n`);
    process.exit(64);
  }
}

const number = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);

process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, Linux ${release()}, ${String(cpus().length)} x ${cpus()[0]?.model ?? 'unknown'}\n`,
);
for (const [name, load] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(
    `\n## ${name}\n\n| what | ours | peer | ratio | |\n| --- | ---: | ---: | ---: | --- |\n`,
  );
  for (const each of await (await load()).run()) {
    const peer = each.peer === null ? '' : `${number(each.peer)} ${each.unit}`;
    const ratio = each.ratio === null ? '' : `${number(each.ratio)}x`;
    process.stdout.write(
      `| ${each.name} | ${number(each.ours)} ${each.unit} | ${peer} | ${ratio} | ${each.note ?? ''} |\n`,
    );
  }
}
