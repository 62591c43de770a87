/** The evidence pack as one page to print: no scripts, nothing loaded from elsewhere, every text escaped. Pure. */
import { counted } from '../../core/count.ts';
import type { EvidencePack } from './pack.ts';
import { evidenceFigures, evidenceTables, type EvidenceTable } from './tables.ts';

/** Text inside HTML: markup escaped, invisible characters left out. Pure. */
export function htmlText(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

const h = htmlText;

const style = `
:root { color-scheme: light; --ink: #16191d; --dim: #5b6570; --line: #d5dae0; --bad: #a4262c; --good: #1c6b3a; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 72rem; color: var(--ink); background: #fff; font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2.4rem 0 .5rem; }
p { max-width: 68ch; margin: .4rem 0; } .dim { color: var(--dim); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .8rem 1.5rem; margin: 1.2rem 0; }
dt { font-size: 1.6rem; font-weight: 650; line-height: 1.2; font-variant-numeric: tabular-nums; } dd { margin: 0; color: var(--dim); }
dl > div { border-top: 2px solid var(--ink); padding-top: .4rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 12.5px; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
td.hex { font: 11px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; min-width: 9rem; } td.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
th { white-space: nowrap; font-weight: 600; } td.word { white-space: nowrap; }
.refused, .failing, .expired, .drift, .blocked, .overdue, .error, .critical, .ended { color: var(--bad); font-weight: 600; }
.accepted, .ok, .done { color: var(--good); font-weight: 600; }
code { font: 12px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; } pre { background: #f4f6f8; padding: .7rem; white-space: pre-wrap; }
@media print { body { padding: 0; max-width: none; font-size: 10pt; } h2 { break-after: avoid; } tr { break-inside: avoid; } @page { margin: 15mm; size: A4 landscape; } }
`;

/** The page. The same pack gives the same bytes. */
export function evidencePage(pack: EvidencePack): string {
  const title = `Certificates ${pack.period}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${h(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${h(title)}</h1>
<p>${h(sentence(pack))}</p>
<p class="dim">${h(spanOf(pack))}</p>
<dl>
${evidenceFigures(pack)
  .map(([figure, meaning]) => `<div><dt>${h(figure)}</dt><dd>${h(meaning)}</dd></div>`)
  .join('\n')}
</dl>
${evidenceTables(pack).map(tableSection).join('\n')}
${reasonsSection(pack)}
${verifySection(pack)}
</body>
</html>
`;
}

function sentence({ certificates, findings, changes }: EvidencePack): string {
  const bad = certificates.filter((each) => !['ok', 'retired'].includes(each.status)).length;
  const open = findings.filter((each) => each.severity !== 'info').length;
  const state =
    bad === 0
      ? `In order: ${counted(certificates.length, 'certificate')}, which is all`
      : `Not in order: ${String(bad)} of ${counted(certificates.length, 'certificate')}`;
  const refused = changes.filter((each) => each.outcome === 'refused').length;
  return `${state} at the end of the data, with ${counted(open, 'open finding')}. Judged: ${counted(changes.length, 'change')} of declarations, ${String(refused)} of them refused.`;
}

function spanOf({ from, until, complete }: EvidencePack): string {
  const words = complete ? 'the whole period' : 'the period is not over: this is what is known so far';
  return `${from.slice(0, 10)} to ${until.slice(0, 16).replace('T', ' ')} UTC, ${words}.`;
}

function tableSection({ name, title, heads, rows }: EvidenceTable): string {
  if (rows.length === 0)
    return `<section><h2 id="${h(name)}">${h(title)}</h2><p class="dim">None.</p></section>`;
  const head = heads.map((each) => `<th scope="col">${h(each)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n');
  return `<section><h2 id="${h(name)}">${h(title)}</h2><div class="scroll"><table><thead><tr>${head}</tr></thead>
<tbody>
${body}
</tbody></table></div></section>`;
}

/** Words that stand for a state are shown as such; everything else is text. */
const stateWords =
  /^(accepted|refused|waiting|trusted|ok|failing|expired|drift|blocked|overdue|error|critical|warning|done|open|ended)$/;

function cell(text: string): string {
  if (/^[0-9a-f]{16,}$/.test(text)) return `<td class="hex">${text}</td>`;
  if (/^20\d{2}-\d{2}-\d{2}T[0-9:]{8}Z$/.test(text))
    return `<td class="time">${text.slice(0, 16).replace('T', ' ')}</td>`;
  if (/^20\d{2}-\d{2}-\d{2} \d{2}:\d{2}$/.test(text)) return `<td class="time">${text}</td>`;
  return stateWords.test(text) ? `<td class="word ${text}">${text}</td>` : `<td>${h(text)}</td>`;
}

function reasonsSection({ metrics }: EvidencePack): string {
  const reasons = metrics.deniedReasons
    .map((each) => `<li>${h(each.reason)}: ${String(each.count)}</li>`)
    .join('');
  const teams = metrics.adoption
    .map(
      (each) =>
        `<li>${h(each.team)}: ${counted(each.certificates, 'certificate')}, ${String(each.automated)} of ${counted(each.installations, 'installation')} automated</li>`,
    )
    .join('');
  return `<section><h2>Why requests were denied</h2>${reasons === '' ? '<p class="dim">None was.</p>' : `<ul>${reasons}</ul>`}</section>
<section><h2>Adoption by team</h2>${teams === '' ? '<p class="dim">No team has certificates.</p>' : `<ul>${teams}</ul>`}</section>`;
}

function verifySection({ commits, period }: EvidencePack): string {
  return `<section><h2>Check it yourself</h2>
<p>Everything on this page comes from two branches of one repository. With a clone and no network:</p>
<pre><code>renewd audit --repo &lt;clone&gt;
renewd report --period ${h(period)} --out again   # the same bytes</code></pre>
<p class="dim">Declarations ${h(commits.declarations ?? 'none')}<br>records before ${h(commits.recordsBefore ?? 'none')}<br>records after ${h(commits.recordsAfter ?? 'none')}</p>
</section>`;
}
