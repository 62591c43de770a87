/** The pages of the same certificates as a site of Hugo: one Markdown file each with the record as front matter, one template that shows what ours shows. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { siteRecord } from './site-estate.ts';

const nav = [
  'Posture',
  'Certificates',
  'Expiry',
  'Teams',
  'Policies',
  'Audit',
  'Request',
  'Findings',
  'Drift',
  'Endpoints',
  'Cryptography',
  'Maturity',
  'Catalogue',
  'Data and feeds',
  'About',
];

const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ .Title }} · renewd</title><link rel="stylesheet" href="/site.css"></head>
<body><header><nav><ul>${nav.map((each) => `<li><a href="/${each.toLowerCase()}/">${each}</a></li>`).join('')}</ul></nav></header>
<main>{{ $r := .Params.record }}
<p><a href="/certificates/">Certificates</a> / <a href="/teams/{{ $r.metadata.team }}/">{{ $r.metadata.team }}</a></p>
<h1>{{ $r.metadata.name }}</h1><p>{{ $r.status }} since <time datetime="{{ $r.since }}">{{ $r.since }}</time></p>
{{ range $r.findings }}<article><p>{{ .severity }} <code>{{ .code }}</code> since {{ .since }}</p><p>{{ .message }}</p><p>{{ .remedy }}</p><dl><div><dt>Expected</dt><dd>{{ .expected }}</dd></div><div><dt>Observed</dt><dd>{{ .observed }}</dd></div></dl></article>{{ end }}
<section><h2>Where it is installed</h2>{{ range $r.installations }}<article><h3><a href="/endpoints/{{ .endpoint }}/">{{ .endpoint }}</a> {{ .status }}</h3>
<table><caption>What clients see at each address</caption><thead><tr><th>Address</th><th>Asked for</th><th>Seen</th><th>Fingerprint</th><th>Since</th></tr></thead><tbody>{{ range .addresses }}<tr><th>{{ .address }}</th><td>{{ .serverName }}</td><td>{{ .result }}</td><td>{{ .fingerprint }}</td><td>{{ .since }}</td></tr>{{ end }}</tbody></table>
<dl>{{ with .issued }}<div><dt>Valid</dt><dd>{{ .notBefore }} to {{ .notAfter }}</dd></div><div><dt>Proved served</dt><dd>{{ .provedAt }}</dd></div><div><dt>Installed</dt><dd>{{ .installedAt }}</dd></div><div><dt>Why</dt><dd>{{ .because }}, from {{ .issuedBy }}</dd></div><div><dt>Generation</dt><dd>{{ .generation }}</dd></div><div><dt>Subject</dt><dd>{{ .subject }}</dd></div><div><dt>Issued by</dt><dd>{{ .issuer }}</dd></div><div><dt>Names in it</dt><dd><ul>{{ range .dnsNames }}<li>{{ . }}</li>{{ end }}</ul></dd></div><div><dt>Key</dt><dd>{{ .keyAlgorithm }}, {{ .keyBits }} bits; signed with {{ .signatureAlgorithm }}</dd></div><div><dt>Serial</dt><dd>{{ .serial }}</dd></div><div><dt>SHA-256</dt><dd>{{ .fingerprint }}</dd></div><div><dt>Public key</dt><dd>{{ .spki }}</dd></div>{{ end }}</dl></article>{{ end }}</section>
<section><h2>What is declared</h2>{{ with $r.declaration }}<dl><div><dt>Names</dt><dd><ul>{{ range .dnsNames }}<li>{{ . }}</li>{{ end }}</ul></dd></div><div><dt>Issuer</dt><dd>{{ .issuer }}</dd></div><div><dt>Key</dt><dd>{{ .keyAlgorithm }}</dd></div><div><dt>On drift</dt><dd>{{ .drift }}</dd></div><div><dt>State</dt><dd>{{ .state }}</dd></div><div><dt>File</dt><dd><code>{{ .file }}</code></dd></div><div><dt>Blob</dt><dd><code>{{ .blob }}</code></dd></div></dl>{{ end }}</section>
</main><footer><p>Built from the records.</p></footer></body></html>
`;

/** Writes the source of the site into a directory. IO. */
export function makeHugoSite(directory: string, certificates: number): void {
  mkdirSync(join(directory, 'layouts/_default'), { recursive: true });
  writeFileSync(
    join(directory, 'config.toml'),
    'baseURL = "/"\ndisableKinds = ["taxonomy", "term", "RSS", "sitemap", "home", "section"]\n',
  );
  writeFileSync(join(directory, 'layouts/_default/single.html'), page);
  for (let index = 0; index < certificates; index++) {
    const record = siteRecord(index, certificates);
    const { team, name } = record.metadata;
    mkdirSync(join(directory, 'content/certificates', team), { recursive: true });
    writeFileSync(
      join(directory, 'content/certificates', team, `${name}.md`),
      `${JSON.stringify({ title: `${team}/${name}`, record }, null, 1)}\n`,
    );
  }
}
