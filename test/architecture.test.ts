/** The rules of the house that a compiler does not check: who may import whom, one door per package, purity of core. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

/** Package to the only folder (or file) that may import it. */
const doors: Readonly<Record<string, string>> = {
  'isomorphic-git': 'demo/',
  '@marcbachmann/cel-js': 'daemon/expressions/',
  yaml: 'daemon/documents/',
  ajv: 'daemon/documents/',
  ssh2: 'daemon/ssh/',
  '@peculiar/x509': 'daemon/x509/',
  'reflect-metadata': 'daemon/x509/',
  handlebars: 'daemon/templates/',
  'age-encryption': 'daemon/custody/',
  openpgp: 'daemon/git/openpgp.ts',
  'node:sqlite': 'daemon/journal/',
  pino: 'daemon/log.ts',
};

/** Rooms from the inside out: a file may import from its own room and from rooms listed for it. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ports: ['core', 'record-text', 'shown-path'],
  documents: ['core', 'ports', 'limits', 'expressions', 'said-text'],
  expressions: ['core', 'limits'],
  git: ['core', 'ports', 'limits', 'record-text', 'make-directory', 'said-text', 'system-trouble'],
  ssh: ['core', 'ports', 'limits', 'said-text'],
  tls: ['core', 'ports', 'limits', 'x509'],
  x509: ['core', 'ports', 'limits', 'said-text'],
  acme: ['core', 'ports', 'limits', 'x509', 'said-text'],
  records: ['core', 'ports', 'limits', 'git', 'said-text'],
  templates: ['core', 'ports', 'limits'],
  journal: ['core', 'ports', 'limits', 'record-text', 'make-directory', 'system-trouble', 'said-text'],
  custody: ['core', 'ports', 'limits', 'make-directory', 'system-trouble'],
  issuers: ['core', 'ports', 'limits', 'acme', 'x509', 'make-directory', 'system-trouble', 'said-text'],
  solvers: ['core', 'ports', 'limits'],
  targets: ['core', 'ports', 'limits', 'ssh', 'templates', 'x509', 'said-text'],
};

interface SourceFile {
  readonly path: string;
  readonly imports: readonly string[];
  readonly text: string;
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s+['"]([^'"]+)['"]/g;

function readSources(pattern: string): SourceFile[] {
  return globSync(pattern).map((path) => {
    const text = readFileSync(path, 'utf8');
    const imports = [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
    return { path, imports, text };
  });
}

const sources = readSources('daemon/**/*.ts');
const siteSources = readSources('site/**/*.ts');

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

test('the sources are found', () => {
  assert.ok(sources.length > 5);
});

test('where a turn fans out, whatever is thrown becomes the failure of one', () => {
  const fans = ['observe', 'apply', 'operation', 'jobs', 'publications', 'judge', 'proofs', 'chain-ends']
    .map((name) => `daemon/shell/${name}.ts`)
    .concat('daemon/commands/doctor.ts', 'daemon/commands/site-keeper.ts', 'daemon/shell/withdrawn.ts');
  for (const path of fans) {
    const text = sources.find((file) => file.path === path)?.text ?? assert.fail(`${path} is gone`);
    assert.doesNotMatch(
      text,
      /instanceof OperationError\)\) throw/,
      `${path}: use daemon/shell/unexpected.ts`,
    );
    assert.match(text, /from '(?:\.|\.\.\/shell)\/unexpected\.ts'/, path);
  }
});

test('directories are made by the one function that always ends', () => {
  const wrong = [...sources, ...siteSources].filter(({ text }) => /mkdir(Sync)?\([^;]*recursive/.test(text));
  assert.deepEqual(
    wrong.map(({ path }) => path),
    [],
    'use makeDirectory of daemon/make-directory.ts',
  );
});

test('an SSH key pair is made by the one function that makes whole ones', () => {
  const all = [...sources, ...readSources('demo/**/*.ts'), ...readSources('test/**/*.ts')];
  const wrong = all.filter(({ text }) => /utils\.generateKeyPair/.test(text)).map(({ path }) => path);
  assert.deepEqual(wrong, ['demo/ssh-key-pair.ts'], 'use makeSshKeyPair: ssh2 drops a first byte of zero');
});

test('each package has one door', () => {
  const wrong = sources.flatMap((file) =>
    file.imports
      .map(packageOf)
      .filter((name) => doors[name] !== undefined && !file.path.startsWith(doors[name]))
      .map((name) => `${file.path} imports ${name}; its door is ${doors[name] ?? ''}`),
  );
  assert.deepEqual(wrong, []);
});

test('every package that the daemon imports is a declared dependency', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const wrong = sources.flatMap((file) =>
    file.imports
      .filter((specifier) => !specifier.startsWith('.'))
      .map(packageOf)
      .filter((name) => !name.startsWith('node:') && manifest.dependencies[name] === undefined)
      .map((name) => `${file.path}: ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test('core is pure: it imports only core, and reads neither clock nor randomness', () => {
  for (const file of sources.filter((source) => source.path.startsWith('daemon/core/'))) {
    for (const specifier of file.imports) {
      const target = normalize(join(dirname(file.path), specifier));
      assert.ok(
        specifier.startsWith('.') && target.startsWith('daemon/core/'),
        `${file.path} imports ${specifier}`,
      );
    }
    const code = file.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    assert.doesNotMatch(code, /Date\.now|new Date\(\)|Math\.random|performance\.|crypto\./, file.path);
    assert.doesNotMatch(code, /\basync\b|\bawait\b|\bPromise\b/, `${file.path} is asynchronous`);
  }
});

test('rooms import only rooms further in', () => {
  const wrong: string[] = [];
  for (const file of sources) {
    const room = file.path.split('/')[1] ?? '';
    const allowed = mayImport[room];
    if (allowed === undefined) continue;
    for (const specifier of file.imports.filter((each) => each.startsWith('.'))) {
      const target = normalize(join(dirname(file.path), specifier));
      const other = (target.split('/')[1] ?? '').replace(/\.ts$/, '');
      if (other !== room && !allowed.includes(other)) wrong.push(`${file.path} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('plug-ins never import each other', () => {
  for (const room of ['issuers', 'solvers', 'targets']) {
    for (const file of sources.filter((source) => source.path.startsWith(`daemon/${room}/`))) {
      if (file.path.endsWith('/index.ts')) continue;
      for (const specifier of file.imports) {
        assert.doesNotMatch(
          specifier,
          /^\.\/(?!.*\/)[a-z0-9-]+\.ts$/,
          `${file.path} imports its sibling ${specifier}`,
        );
      }
    }
  }
});

test('relative imports name files that exist', () => {
  for (const file of sources) {
    for (const specifier of file.imports.filter((each) => each.startsWith('.'))) {
      assert.ok(existsSync(join(dirname(file.path), specifier)), `${file.path} imports ${specifier}`);
    }
  }
});

test('commands write files by one function, which follows no link on the way', () => {
  for (const file of sources.filter(({ path }) => path.startsWith('daemon/commands/'))) {
    if (file.path.endsWith('/write-inside.ts')) continue;
    assert.doesNotMatch(
      file.text,
      /\b(writeFile|writeFileSync|appendFile|appendFileSync|createWriteStream|copyFile|copyFileSync|openSync)\b/,
      file.path,
    );
  }
});

test('builtin modules are imported with node:', () => {
  for (const file of sources) {
    for (const specifier of file.imports)
      assert.ok(
        specifier.startsWith('node:') || !builtinModules.includes(specifier),
        `${file.path}: ${specifier}`,
      );
  }
});

/**
 * Files that may hand bytes to a parser of keys and certificates, and what those bytes are. Node and @peculiar/x509 look for PEM before they
 * read DER, and so find what is hidden inside: foreign bytes go through `daemon/x509/parse.ts`, which compares what was found with what was given.
 */
const parserDoors: Readonly<Record<string, string>> = {
  'daemon/x509/parse.ts': 'the door',
  'daemon/x509/parse-for-signing.ts': 'the door to the package that signs',
  'daemon/x509/sign.ts': 'the key of our own CA, from custody',
  'daemon/acme/jws.ts': 'the key of our own account, from custody',
  'daemon/git/signature.ts': 'the signing key that the operator gave',
  'daemon/git/openssh-key.ts': 'numbers of the signing key that the operator gave, as JWK',
  'daemon/ssh/public-half.ts': 'private keys of the operator, to see whether two are the same',
  'daemon/git/sshsig.ts': 'the public half of our own signing key',
  'daemon/git/ssh-public-key.ts': 'numbers that were read from an SSH key, as JWK',
};

test('foreign bytes reach the parsers of Node and packages through one door', () => {
  const parsers =
    /\bnew (?:X509Certificate|X509Crl|Pkcs10CertificateRequest|PublicKey|PemConverter|X509Certificates)\b|\b(?:createPublicKey|createPrivateKey|Pkcs10CertificateRequest|X509Crl)\(|\bX509ChainBuilder\b|\bAsnConvert\b|\bPemConverter\b/;
  for (const { path, text } of [...sources, ...siteSources]) {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    if (parserDoors[path] === undefined) assert.doesNotMatch(code, parsers, path);
    else assert.match(code, parsers, `${path} needs no place in the list any more`);
  }
});

test('roots that Node verifies servers by are read by our reader first', () => {
  const makers = sources.filter(({ text }) => /\bas TrustedRoots\b/.test(text)).map(({ path }) => path);
  assert.deepEqual(makers, ['daemon/x509/roots.ts']);
  // The brand is a type: who hands roots to Node takes `TrustedRoots`, and text is none.
  for (const path of ['daemon/acme/transport.ts', 'daemon/git/http-transport.ts'])
    assert.match(
      readFileSync(path, 'utf8'),
      /: (TrustedRoots|\(\(\) => Promise<TrustedRoots>\)) \| null/,
      path,
    );
});

test('no default exports, enums, any or vague file names', () => {
  for (const file of sources) {
    const code = file.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    assert.doesNotMatch(code, /export default|\benum \w|: any\b|as any\b/, file.path);
    assert.doesNotMatch(file.path, /(util|helper|manager|handler|misc|common)s?\b/, file.path);
  }
});

test('every file of the daemon opens with a sentence that says what it is for', () => {
  for (const file of sources) assert.match(file.text, /^(#!.*\n)?\/\*\*/, file.path);
});

const pages = globSync('site/**/*.astro').map((path) => ({ path, text: readFileSync(path, 'utf8') }));

/** Packages that a part of the site may import. */
const siteDoors: Readonly<Record<string, string>> = {
  astro: 'site/render.ts',
  rolldown: 'site/scripts.ts',
  'ical-generator': 'site/feeds/',
  'd3-array': 'site/src/lib/charts/',
  'd3-scale': 'site/src/lib/charts/',
  'd3-shape': 'site/src/lib/charts/',
  // Types of errors only; the validator itself is generated.
  ajv: 'site/src/lib/request-problems.ts',
};

test('pages write no raw HTML: markup.astro is the only door, and what could act is not written at all', () => {
  assert.ok(pages.length > 20);
  for (const { path, text } of pages) {
    if (path !== 'site/src/parts/markup.astro') assert.doesNotMatch(text, /set:html|set:text/, path);
    assert.doesNotMatch(text, /define:vars|<style|\sstyle=|\son[a-z]+=|javascript:/, path);
    // Anywhere below the front matter: an arrow in another attribute would end a search for the end of the tag.
    assert.doesNotMatch(text.replace(/^---[\s\S]*?^---/m, ''), /\{\s*\.\.\./, `${path} spreads attributes`);
    assert.doesNotMatch(text, /\s(?:href|src|action)="\//, `${path} has an address without its base`);
    if (!/parts\/(page|script)\.astro$/.test(path)) assert.doesNotMatch(text, /is:inline|<script/, path);
  }
});

test('scripts of pages make nodes, never HTML, and no code', () => {
  const scripts = [
    ...readSources('site/src/client/**/*.ts').map(({ path, text }) => ({ path, text })),
    { path: 'site/public/site.js', text: readFileSync('site/public/site.js', 'utf8') },
  ];
  assert.ok(scripts.length > 4);
  for (const { path, text } of scripts)
    assert.doesNotMatch(
      text,
      /innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|\beval\(|\bFunction\(|DOMParser|createContextualFragment|srcdoc|javascript:|set(?:Timeout|Interval)\(['"`]/,
      path,
    );
});

test('facts and feeds of the site are pure, pages read only what is loaded, and each package has its door', () => {
  for (const { path, imports } of siteSources) {
    const outside = imports.filter((each) => !each.startsWith('.') && !each.startsWith('virtual:'));
    for (const specifier of outside) {
      const name = packageOf(specifier);
      if (siteDoors[name] !== undefined)
        assert.ok(path.startsWith(siteDoors[name]), `${path} imports ${name}`);
      else assert.ok(name.startsWith('node:'), `${path} imports ${name}`);
    }
    const node = outside.filter((each) => each.startsWith('node:'));
    const inBrowser =
      /^site\/src\/(details|client)\//.test(path) ||
      (path.startsWith('site/src/lib/') && !path.endsWith('/loaded.ts'));
    if (inBrowser) assert.deepEqual(node, [], path);
    // A digest is a pure function of its text; nothing else of Node is.
    if (/^site\/(facts|feeds)\//.test(path))
      assert.deepEqual(
        node.filter((each) => each !== 'node:crypto'),
        [],
        path,
      );
    if (/^site\/(facts|feeds)\//.test(path))
      assert.doesNotMatch(
        readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''),
        /Date\.now|new Date\(\)|Math\.random/,
        path,
      );
  }
});

/** Rooms of the site and the rooms each may import beside itself. Pages get everything from `loaded.ts`: they read no file, no Git and no record. */
const siteRooms: Readonly<Record<string, readonly string[]>> = {
  'site/src/pages': ['site/src/lib', 'site/src/parts', 'daemon/core', 'daemon/limits.ts'],
  'site/src/parts': ['site/src/lib'],
  'site/src/client': ['site/src/lib', 'site/src/details', 'daemon/limits.ts'],
  'site/src/details': ['site/src/lib', 'site/facts', 'daemon/core'],
  'site/facts': ['site/src', 'daemon/core', 'daemon/limits.ts', 'daemon/documents', 'daemon/commands'],
  'site/feeds': [
    'site/facts',
    'site/src',
    'daemon/core',
    'daemon/limits.ts',
    'daemon/documents',
    'daemon/commands',
    'daemon/version.ts',
  ],
};

test('rooms of the site import only rooms further in', () => {
  const wrong: string[] = [];
  const files = [...siteSources, ...readSources('site/**/*.astro')];
  for (const { path, imports } of files) {
    const room = Object.keys(siteRooms).find((each) => path.startsWith(`${each}/`));
    if (room === undefined) continue;
    for (const specifier of imports.filter((each) => !each.startsWith('virtual:'))) {
      if (!specifier.startsWith('.')) {
        if (path.endsWith('.astro')) wrong.push(`${path} imports ${specifier}`);
        continue;
      }
      const target = normalize(join(dirname(path), specifier));
      const allowed = [room, ...(siteRooms[room] ?? [])];
      if (!allowed.some((each) => target === each || target.startsWith(`${each}/`)))
        wrong.push(`${path} imports ${target}`);
    }
  }
  assert.ok(files.some(({ path, imports }) => path.endsWith('.astro') && imports.length > 3));
  assert.deepEqual(wrong, []);
});

test('every file of the site opens with a sentence that says what it is for', () => {
  for (const { path, text } of [...siteSources, ...pages]) {
    if (path.endsWith('.d.ts')) continue;
    assert.match(text, /^(---\n)?\/\*\*/, path);
  }
});

const codeOf = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

/** Plain errors that end the process, each reached only by a mistake of the program: never by what a file, a server or a person says. Everything else is an OperationError. */
const mistakes: readonly string[] = [
  'daemon/acme/jws.ts: an account key must be on P-256',
  'daemon/custody/custody.ts: not a name of a key: ${JSON.stringify(name)}',
  'daemon/documents/convert.ts: no such kind: ${document.kind}',
  'daemon/core/record.ts: ${assessment.installation} is not of ${certificate.id}',
  'daemon/core/timestamp.ts: not a timestamp: ${text}',
  'daemon/git/publish.ts: a pack with a commit is not empty',
  'daemon/git/pkt-line.ts: a packet holds at most 65516 bytes',
  'daemon/git/refs.ts: ${name} is no reference name',
  'daemon/shell/apply.ts: operation ${operation.id} was proved without a certificate',
  "daemon/shell/issue.ts: operation ${operation.id} is at '${operation.step}' without a CSR",
  'daemon/shell/jobs.ts: no installation ${action.installation}',
  'daemon/shell/jobs.ts: ${installation.id} has a placement without endpoint or profile',
  "daemon/shell/operation.ts: operation ${operation.id} is past 'issued' without a certificate",
  'daemon/targets/ssh.ts: a target without a pool of connections cannot be used',
  'daemon/x509/sign.ts: the key of the CA is not PEM',
];

/** Files whose plain errors are caught in the same file or by their only caller, which turns them into a verdict, a problem or an OperationError. */
const caughtWhereThrown: readonly string[] = [
  'daemon/acme/transport.ts',
  'daemon/expressions/custom-rule.ts',
  'daemon/expressions/expression.ts',
  'daemon/git/openssh-key.ts',
  'daemon/git/revocation-list.ts',
  'daemon/git/revoked-keys.ts',
  'daemon/git/ssh-certificate.ts',
  'daemon/git/ssh-public-key.ts',
  'daemon/git/sshsig.ts',
  'daemon/journal/journal.ts',
  'daemon/shell/records.ts',
];

test('nothing from outside ends the process: a plain error is a mistake of the program, and each is listed', () => {
  const found = sources.flatMap(({ path, text }) =>
    [...codeOf(text).matchAll(/throw new (?:Range|Type|Syntax)?Error\(\s*[`']([^`]*?)[`'],?\s*\)/g)].map(
      ([, message = '']) => `${path}: ${message}`,
    ),
  );
  const unlisted = found.filter(
    (each) => !mistakes.includes(each) && !caughtWhereThrown.some((path) => each.startsWith(`${path}: `)),
  );
  assert.deepEqual(unlisted, []);
});

test('a signature is judged at one door for records and one for changes: a date that a commit carries is no time to judge it at', () => {
  const judges: Readonly<Record<string, readonly string[]>> = {
    // Along the line of the records, where time does not go backwards.
    verifyCommitSignature: ['daemon/git/signature.ts', 'daemon/records/signed-line.ts'],
    // At the time the daemon first saw a commit, which the records say.
    createSignatureJudge: ['daemon/git/commit-signature.ts', 'daemon/shell/new-commits.ts'],
    verifySshSignature: [
      'daemon/git/commit-signature.ts',
      'daemon/git/signature.ts',
      'daemon/git/ssh-certificate.ts',
      'daemon/git/ssh-public-key.ts',
    ],
  };
  for (const [judge, only] of Object.entries(judges))
    assert.deepEqual(
      [...sources, ...siteSources]
        .filter(({ text }) => new RegExp(`\\b${judge}\\b`).test(codeOf(text)))
        .map(({ path }) => path)
        .sort(),
      only,
    );
  for (const { path, text } of [...sources, ...siteSources])
    assert.doesNotMatch(codeOf(text), /export \* from '[^']*(?:signature|ssh-public-key)\.ts'/, path);
});

test('text gets into records by one door, and no other file can say that a text is clean', () => {
  const makers = sources.filter(({ text }) => /as (?:unknown as )?RecordText/.test(codeOf(text)));
  assert.deepEqual(
    makers.map(({ path }) => path),
    ['daemon/record-text.ts'],
  );
  // Types keep a plain string out of a publish; failures and journal entries pass through on their own.
  const publish = sources.find(({ path }) => path === 'daemon/git/publish.ts')?.text ?? '';
  assert.match(publish, /readonly edit: .*RecordText \| null/);
  assert.match(publish, /readonly message: .* => RecordText;/);
  assert.match(publish, /readonly trailers: .*RecordText/);
});

test('text from outside is cut by one door, which withholds secrets before: half a key no longer looks like one', () => {
  // By a bound that is named as one of characters, or by a number above the 40 digits of an id.
  const cutting =
    /\.(?:slice|substring|substr)\([^()]*(?:\b\w*[mM]axChar(?:s|acters)\b|\b(?:4[1-9]|[5-9]\d|\d{3,})\b)[^()]*\)/;
  for (const cut of [
    'said.slice(0, 300)',
    'a.trim().slice(0, limits.git.remoteWordsMaxChars)',
    'b.slice(-600)',
  ])
    assert.match(cut, cutting);
  const found = sources.filter(({ text }) => cutting.test(codeOf(text))).map(({ path }) => path);
  // Each of these withholds first, in the same function.
  assert.deepEqual(found.sort(), ['daemon/log.ts', 'daemon/said-text.ts']);
  const makers = sources.filter(({ text }) => /as (?:unknown as )?SaidText/.test(codeOf(text)));
  assert.deepEqual(
    makers.map(({ path }) => path),
    ['daemon/said-text.ts'],
  );
  // What a program said gets its type where it is read to its end, so nobody has it with a secret in it.
  const output = sources.find(({ path }) => path === 'daemon/ssh/command-output.ts')?.text ?? '';
  assert.match(output, /readonly stderr: SaidText;/);
  const wire = sources.find(({ path }) => path === 'daemon/git/pkt-line.ts')?.text ?? '';
  assert.match(wire, /function remoteWords\(text: SaidText, /);
  // Bytes of the other channel are for our readers; who makes words of them asks for the same type.
  const readers = sources.filter(({ text }) => /(?<!process\.)\bstdout\b/.test(codeOf(text)));
  assert.deepEqual(readers.map(({ path }) => path).sort(), [
    'daemon/ssh/command-output.ts',
    'daemon/targets/ssh.ts',
  ]);
});

/** Calls that throw on data a stranger can choose: a date out of range, a broken escape, text that is no URL. */
const throwing: readonly {
  readonly call: RegExp;
  readonly instead: string;
  readonly only: readonly string[];
}[] = [
  {
    call: /\.toISOString\(/,
    instead: 'timestamp() of core/timestamp.ts, which has a text for every number',
    only: [
      'daemon/core/timestamp.ts',
      'daemon/core/period.ts',
      'daemon/documents/convert-policy.ts',
      'daemon/log.ts',
      // Inside the range: what Date.parse has read.
      'daemon/records/shape.ts',
      'daemon/commands/evidence/pack.ts',
      'site/src/lib/inventory-query.ts',
    ],
  },
  {
    call: /new URL\(/,
    instead: 'URL.parse(), which gives null',
    only: ['daemon/git/http-transport.ts', 'daemon/config-checks.ts'],
  },
  {
    call: /decodeURIComponent\(/,
    instead: 'decodedPart() of git/transport.ts',
    only: ['daemon/git/transport.ts', 'daemon/http/static.ts'],
  },
];

test('calls that throw on data are made in few places', () => {
  for (const { call, instead, only } of throwing)
    for (const { path, text } of [
      ...sources,
      ...siteSources.filter((each) => !each.path.startsWith('site/src/client/')),
    ])
      if (!only.includes(path)) assert.doesNotMatch(codeOf(text), call, `${path}: use ${instead}`);
});

test('connections are opened by these files alone, and a look at an address goes by the judge of addresses', () => {
  const opens = /\b(?:connect(?:Tcp|Tls)?|createConnection|httpsRequest|httpRequest|fetch)\b/;
  const modules = [
    'node:net',
    'node:tls',
    'node:http',
    'node:https',
    'node:http2',
    'node:dgram',
    'node:dns',
    'node:dns/promises',
  ];
  const found = sources
    .filter(
      ({ path, imports, text }) =>
        !path.startsWith('daemon/core/') &&
        imports.some((each) => modules.includes(each)) &&
        new RegExp(
          `import (?!type)[^;]*${opens.source}[^;]*from 'node:|import (?!type)[^;]*\\b(?:request|lookup|resolve4|resolve6)\\b[^;]*from 'node:`,
        ).test(text),
    )
    .map((each) => each.path);
  assert.deepEqual(found.sort(), [
    // The CA that an Issuer names.
    'daemon/acme/transport.ts',
    // The repository of the configuration.
    'daemon/git/http-transport.ts',
    // Addresses of certificates: each is judged by core/reach.ts.
    'daemon/tls/connection.ts',
    'daemon/tls/prober.ts',
  ]);
  const connection = sources.find(({ path }) => path === 'daemon/tls/connection.ts')?.text ?? '';
  assert.match(connection, /refuseAddress\(address, own, reach\)/);
  assert.deepEqual(
    sources.filter(({ text }) => /\bfetch\(['"`]|globalThis\.fetch/.test(text)).map(({ path }) => path),
    [],
  );
});

test('no pattern looks for a run at the end of text from outside: it would try every run anew from each of its places', () => {
  const trailing = /\.replace(?:All)?\(\s*\/(?!\^)(?:[^/\n\\]|\\.)*\+\$\//;
  assert.match("x.replace(/\\s+$/, '')", trailing);
  const found = sources.filter(({ text }) => trailing.test(codeOf(text))).map(({ path }) => path);
  // Addresses and prefixes that the operator wrote, as the words of commands are; paths of declarations, which their schema bounds.
  const operators = [
    'daemon/config.ts',
    'daemon/core/placement.ts',
    'daemon/git/http-transport.ts',
    'daemon/git/tree-diff.ts',
  ];
  assert.deepEqual(
    found.filter((path) => !operators.includes(path) && !path.startsWith('daemon/commands/')),
    [],
  );
});

test('which declarations a commit changes is said by one function, for rights, makers, merges and what is applied', () => {
  const judging = sources.filter(({ path }) => path.startsWith('daemon/shell/'));
  const asking = (pattern: RegExp): string[] =>
    judging.filter(({ text }) => pattern.test(codeOf(text))).map(({ path }) => path);
  // Compared in full: to see whether trees can be read, to hand them to that function, and at the first start.
  assert.deepEqual(asking(/\.changes\([^;]*declaredPrefixes/).toSorted(), [
    'daemon/shell/advance.ts',
    'daemon/shell/declared-changes.ts',
    'daemon/shell/first-start.ts',
    'daemon/shell/leave-behind.ts',
  ]);
  assert.deepEqual(asking(/\bisDeclared\(/).toSorted(), [
    'daemon/shell/declared-changes.ts',
    'daemon/shell/first-start.ts',
    'daemon/shell/in-force.ts',
  ]);
});

test('a change is judged on the way along the branch, again, apart, or for somebody who asks, and nowhere else in its own way', () => {
  const judges = sources.filter(({ text }) => /\bjudgeOnTop\(/.test(codeOf(text))).map(({ path }) => path);
  assert.deepEqual(judges.sort(), [
    'daemon/commands/change-request.ts',
    'daemon/shell/advance.ts',
    'daemon/shell/judge-apart.ts',
    'daemon/shell/judge-change.ts',
    'daemon/shell/reconsider.ts',
  ]);
});

test('that a forge is nobody is said by one function, for makers, approvers, reviewers and who takes the place of a request', () => {
  const compared = /\bforges\b[^;\n]*\.(?:includes|has|some|find|indexOf)\(/;
  const found = sources.filter(({ text }) => compared.test(codeOf(text))).map(({ path }) => path);
  assert.deepEqual(
    found.filter((path) => path.startsWith('daemon/') && path !== 'daemon/core/signers.ts'),
    [],
  );
});

test('references are asked for by name: all of them only where a beginning of an id is looked for', () => {
  const found = sources.filter(({ text }) => /\.advertise\(\s*[\w.]+\s*,?\s*\)/.test(codeOf(text)));
  assert.deepEqual(
    found.map(({ path }) => path).filter((path) => path.startsWith('daemon/')),
    [],
  );
});

test('a placement is made in one place', () => {
  const makers = sources
    .filter(({ text }) => /\bas (?:unknown as )?Placement\b/.test(text))
    .map(({ path }) => path);
  assert.deepEqual(makers, ['daemon/core/placement.ts']);
});

test('patterns from outside become no regular expressions, but for those of profiles, which their owners write', () => {
  const found = sources.filter(({ text }) => /new RegExp\(/.test(codeOf(text))).map(({ path }) => path);
  const ours = [
    'daemon/commands/request/answers.ts',
    'daemon/core/dns-name.ts',
    'daemon/core/placement.ts',
    'daemon/documents/convert-profile.ts',
    'daemon/documents/schema-errors.ts',
    'daemon/records/paths.ts',
  ];
  assert.deepEqual(
    found.filter((path) => !ours.includes(path)),
    [],
  );
});

test('the path of an entry of a log of issuance is made in one place, which refuses what is no serial', () => {
  const serials = sources.filter(({ text }) => /\$\{[a-zA-Z.]*serial\}\.json/.test(codeOf(text)));
  assert.deepEqual(
    serials.map(({ path }) => path),
    ['daemon/core/issuance.ts'],
  );
});

test('node:crypto verifies certificates in one place, which bounds what a hostile key costs', () => {
  const doors = ['daemon/x509/parse.ts'];
  const wrong = sources.filter(
    ({ path, text }) => !doors.includes(path) && /\.verify\([^)]*publicKey/.test(text),
  );
  assert.deepEqual(
    wrong.map(({ path }) => path),
    [],
  );
});

test('no regular expression is made of a text that a document or somebody else wrote', () => {
  // Each of these makes one of constants of the same room.
  const constant = [
    'daemon/records/paths.ts',
    'daemon/core/dns-name.ts',
    'daemon/commands/request/answers.ts',
    'daemon/documents/schema-errors.ts',
  ];
  const made = [...sources, ...siteSources].filter(({ text }) => /\bRegExp\(/.test(text));
  assert.deepEqual(made.map(({ path }) => path).sort(), constant.sort());
});

test('numbers of things are written by one function, which knows what one of them is called', () => {
  const things =
    'actions|installations|certificates|changes|files|findings|commits|entries|problems|errors|warnings|endpoints|documents|records|addresses|names';
  const counted = new RegExp(`\\$\\{(?:String\\()?[^{}]*\\)?\\} (?:${things})\\b[^:]*?[\`$.,;]`, 'g');
  const wrong = sources.flatMap(({ path, text }) =>
    [...codeOf(text).matchAll(counted)]
      .map(([found]) => found)
      // A bound is never one.
      .filter(
        (found) =>
          /length|size|count|[a-z]s\)\}/i.test(found.slice(0, found.indexOf('}'))) &&
          !/limits\.|[mM]ax\b/.test(found),
      )
      .map((found) => `${path}: ${found}`),
  );
  assert.deepEqual(wrong, []);
});

test('joined texts are for people: nothing is compared by one or found by one, since a value may hold what separates values', () => {
  const joined = String.raw`\.join\(`;
  const several = String.raw`\x60[^\x60\n]*\$\{[^\x60\n]*\}[^\x60\n]*\$\{[^\x60\n]*\x60`;
  const forms: readonly RegExp[] = [
    // Compared: beside a sign of comparison, or as what a comparing function is given.
    new RegExp(String.raw`${joined}[^()]*\)\s*(?:[=!]==|[<>]=?)|[=!]==(?!\s*\d)[\w.[\]\s()]*${joined}`, 'g'),
    new RegExp(String.raw`(?:${several})\s*[=!]==|[=!]==\s*${several}`, 'g'),
    new RegExp(String.raw`(?<![.\w])(?:compare|same)\w*\([^;{]*(?:${joined}|${several})`, 'g'),
    // Put in order and joined: one text for one set.
    new RegExp(String.raw`\.sort\([^()]*\)\s*${joined}`, 'g'),
    // Found by: the key of a map or a member of a set, at once or by a name.
    new RegExp(String.raw`\.(?:get|set|has|add|delete|includes|indexOf|startsWith)\(\s*${several}`, 'g'),
    new RegExp(String.raw`\.(?:get|set|has|add|delete)\([^;,()]*(?:\([^()]*\)[^;,()]*)*?${joined}`, 'g'),
    new RegExp(String.raw`new (?:Map|Set)\([^;]*?${several}`, 'g'),
    new RegExp(
      String.raw`\b\w*(?:[kK]ey|[iI]dentity|[mM]arks?)(?:Of)?\s*=\s(?!==)(?:\([^;]*?=>\s)?[^;=]{0,120}?(?:${joined}|${several})`,
      'g',
    ),
  ];
  /** Each with what makes it one text for one thing. */
  const known: Readonly<Record<string, string>> = {
    'daemon/audit/certificates.ts: record.metadata.team': 'Names hold no slash.',
    'daemon/audit/changes.ts: commit.slice': 'A claim is added in words; it is no member of a set.',
    'daemon/audit/state-history.ts: record.metadata.team': 'Names hold no slash.',
    'daemon/core/certificate-difference.ts: .sort().join(': 'Shown where the values differ.',
    'daemon/core/change-rights.ts: .sort().join(': 'Words of a message.',
    'daemon/core/need.ts: each.policy': 'Names of policies hold no #; it is a format of records.',
    'daemon/core/need.ts: policy': 'Names of policies hold no #; it is a format of records.',
    'daemon/git/listed-keys.ts: sshFingerprint': 'Bytes that are no key; the fingerprint has one length.',
    'daemon/git/local-config.ts: section': 'The name of a setting holds no dot, so the last one separates.',
    'daemon/records/past.ts: id': 'Names hold no @.',
    'daemon/records/read.ts: record.metadata.team': 'Names hold no slash.',
    'daemon/shell/publish.ts: record.metadata.team': 'Names hold no slash.',
    'daemon/shell/publish.ts: each.metadata.team': 'Names hold no slash.',
    'daemon/solvers/standalone.ts: host': 'A port holds no colon, so the last one separates.',
  };
  const found = sources.flatMap(({ path, text }) =>
    forms.flatMap((form) =>
      [...codeOf(text).matchAll(form)].map(
        ([each]) => `${path}: ${/\$\{(?:String\()?([\w.]+)/.exec(each)?.[1] ?? each}`,
      ),
    ),
  );
  assert.deepEqual(
    [...new Set(found)].sort(),
    Object.keys(known).sort(),
    'use sameSet, sameValue and keyOf of daemon/core/same.ts',
  );
});
