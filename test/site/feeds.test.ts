/** The files of data, each read by a program that is not ours or as strictly as its standard asks. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, mock, test } from 'node:test';
import { Ajv } from 'ajv';
import type { StatusCounts } from '../../site/src/lib/model.ts';
import { limits } from '../../daemon/limits.ts';
import { algorithmAsset } from '../../site/feeds/algorithms.ts';
import { badgeWords } from '../../site/feeds/badge.ts';
import { cboms } from '../../site/feeds/cbom.ts';
import { inventoryColumns } from '../../site/feeds/inventory.ts';
import { certificatesSchema, summarySchema } from '../../site/feeds/schemas.ts';
import { siteRecord } from '../bench/site-estate.ts';
import { filesOf, inputOf, readCsv, readXml, textOf } from './feed-readers.ts';
import { emptySources, sampleModel, sampleSources } from './sample-model.ts';

/** Made once: it costs a third of a second. */
const sources = sampleSources();

const sample = filesOf(sources);
const teams = ['freight', 'intranet', 'passenger', 'signalling', 'web'];
const names = [
  'atom.xml',
  'badge.svg',
  'calendar.ics',
  'cbom.json',
  'certificates.csv',
  'certificates.json',
  'summary.json',
];

describe('files of data', () => {
  test('are there for everything and for each team, under the same names', () => {
    const expected = [...names, ...teams.flatMap((team) => names.map((name) => `teams/${team}/${name}`))];
    const schemas = ['certificates.schema.json', 'summary.schema.json'];
    assert.deepEqual([...sample.keys()].sort(), [...expected, ...schemas].sort());
    for (const { path, feed } of sample.values())
      assert.equal(feed?.team ?? null, /^teams\/(\w+)\//.exec(path)?.[1] ?? null, path);
  });

  test('are there for a team that has no certificate yet', () => {
    const [first] = sources.declared.teams;
    assert.ok(first !== undefined);
    const declared = { ...sources.declared, teams: [...sources.declared.teams, { ...first, name: 'new' }] };
    const files = filesOf({ ...sources, declared });
    for (const name of names) assert.ok(files.has(`teams/new/${name}`), name);
  });

  test('are the same bytes whatever the clock, the time zone and the order of the records', () => {
    const zone = process.env['TZ'];
    mock.timers.enable({ apis: ['Date'], now: Date.parse('2031-01-01T00:00:00Z') });
    process.env['TZ'] = 'Pacific/Kiritimati';
    try {
      const certificates = sources.records.certificates.toReversed();
      assert.deepEqual(filesOf({ ...sources, records: { ...sources.records, certificates } }), sample);
      process.env['TZ'] = 'America/Los_Angeles';
      assert.deepEqual(filesOf(sources), sample);
    } finally {
      mock.timers.reset();
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });

  test('for the public are numbers only', () => {
    const files = filesOf({ ...sources, settings: { ...sources.settings, redaction: 'public' } });
    const shown = [
      'badge.svg',
      'summary.json',
      ...teams.flatMap((team) => [`teams/${team}/badge.svg`, `teams/${team}/summary.json`]),
    ];
    assert.deepEqual([...files.keys()].sort(), [...shown, 'summary.schema.json'].sort());
    for (const { text } of files.values()) assert.doesNotMatch(text, /kestrel|customs|gw-utrecht|@/);
  });
});

describe('JSON', () => {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true });
  /** Ours must hold no field that the schema does not name, though readers have to let them pass. */
  const closed = (schema: unknown): unknown =>
    typeof schema !== 'object' || schema === null || Array.isArray(schema)
      ? Array.isArray(schema)
        ? schema.map(closed)
        : schema
      : {
          ...Object.fromEntries(Object.entries(schema).map(([name, each]) => [name, closed(each)])),
          ...('properties' in schema ? { additionalProperties: false } : {}),
        };
  const validators = {
    'summary.json': ajv.compile(closed(summarySchema) as object),
    'certificates.json': ajv.compile(closed(certificatesSchema) as object),
  };

  test('keeps to its published schemas: of everything, of teams, of nothing, for the public', () => {
    const { settings } = sources;
    const shown = filesOf({ ...sources, settings: { ...settings, redaction: 'public' } });
    let count = 0;
    for (const files of [sample, shown, filesOf(emptySources())])
      for (const { path, text } of files.values()) {
        const validate = validators[path.slice(path.lastIndexOf('/') + 1) as 'summary.json'];
        if (validate === undefined) continue;
        assert.ok(validate(JSON.parse(text)), `${path} ${JSON.stringify(validate.errors)}`);
        count++;
      }
    assert.equal(count, 12 + 6 + 2);
    assert.deepEqual(JSON.parse(textOf(sample, 'summary.schema.json')), summarySchema);
    assert.deepEqual(JSON.parse(textOf(sample, 'certificates.schema.json')), certificatesSchema);
  });

  test('says the numbers of the pages, and where the files of a team are', () => {
    interface Summary {
      readonly needPerson: number;
      readonly certificates: number;
      readonly counts: StatusCounts;
      readonly facts: object;
      readonly trend: readonly { readonly needPerson: number | null }[];
      readonly teams: readonly {
        readonly team: string;
        readonly folder: string;
        readonly needPerson: number;
      }[];
    }
    const summary = JSON.parse(textOf(sample, 'summary.json')) as Summary;
    assert.deepEqual([summary.needPerson, summary.certificates], [7, 19]);
    assert.equal(summary.trend.at(-1)?.needPerson, 7);
    assert.deepEqual(summary.facts, {
      at: '2026-11-21T08:55:12Z',
      staleAt: '2026-11-21T11:55:12Z',
      stale: false,
    });
    for (const { team, folder, needPerson } of summary.teams) {
      const own = JSON.parse(textOf(sample, `${folder}summary.json`)) as Summary & { readonly team: string };
      assert.deepEqual(
        [own.team, own.needPerson, own.trend.at(-1)?.needPerson],
        [team, needPerson, needPerson],
      );
    }
  });
});

test('tables of certificates have each once, the same as CSV and as JSON', () => {
  for (const folder of ['', ...teams.map((team) => `teams/${team}/`)]) {
    const [heads = [], ...rows] = readCsv(textOf(sample, `${folder}certificates.csv`));
    const { certificates } = JSON.parse(textOf(sample, `${folder}certificates.json`)) as {
      readonly certificates: readonly Record<string, string | readonly string[] | null>[];
    };
    const asCells = certificates.map((each) =>
      heads.map((head) => {
        const value = each[head] ?? '';
        return typeof value === 'string' ? value : value.join(' ');
      }),
    );
    assert.deepEqual(rows, asCells);
    assert.deepEqual(heads, Object.keys(certificates[0] ?? {}));
    assert.equal(certificates.length, folder === '' ? 19 : rows.length);
  }
  const [, shop] = readCsv(textOf(sample, 'teams/web/certificates.csv'));
  assert.equal(shop?.[0], 'web/shop');
});

describe('a badge', () => {
  const model = sampleModel();
  const none = Object.fromEntries(Object.keys(model.posture.counts).map((each) => [each, 0])) as StatusCounts;
  const old = { ...model, generatedFrom: { ...model.generatedFrom, at: '2026-11-21T11:55:13Z' } };

  test('says the worst, the day, and that facts are old; it is never in order without knowing', () => {
    const day = 'on 2026-11-21';
    const cases: readonly [StatusCounts, string, string][] = [
      [model.posture.counts, `7 need a person ${day}`, 'critical'],
      [{ ...none, unknown: 1, ok: 9 }, `1 needs a person ${day}`, 'unknown'],
      [{ ...none, drift: 1, 'non-compliant': 1 }, `2 need a person ${day}`, 'drift'],
      [{ ...none, ok: 5, 'renewal-due': 1 }, `5 in order ${day}`, 'ok'],
      [{ ...none, pending: 1 }, `none needs a person ${day}`, 'planned'],
      [{ ...none, 'renewal-due': 1 }, `none needs a person ${day}`, 'planned'],
      [none, 'none yet', 'unknown'],
    ];
    for (const [counts, words, tone] of cases) assert.deepEqual(badgeWords(model, counts), { words, tone });
    assert.deepEqual(badgeWords(old, { ...none, ok: 5 }), {
      words: 'facts of 2026-11-21 are old',
      tone: 'unknown',
    });
    assert.equal(
      badgeWords({ ...model, dataAge: { ...model.dataAge, at: null } }, { ...none, ok: 5 }).tone,
      'unknown',
    );
  });

  test('is an image with a title, and loads nothing', () => {
    const svg = readXml(textOf(sample, 'teams/web/badge.svg'));
    assert.deepEqual(
      [svg.name, svg.attributes.get('xmlns'), svg.attributes.get('role')],
      ['svg', 'http://www.w3.org/2000/svg', 'img'],
    );
    const title = svg.children.find((each) => each.name === 'title')?.text;
    assert.equal(title, 'certificates of web: 2 need a person on 2026-11-21');
    assert.equal(title, svg.attributes.get('aria-label'));
    assert.doesNotMatch(textOf(sample, 'badge.svg'), /href|url\(|style/);
  });
});

describe('the CBOM', () => {
  const schemas = 'node_modules/@cyclonedx/cyclonedx-library/res/schema';
  const read = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(join(schemas, name), 'utf8')) as Record<string, unknown>;
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const name of ['spdx.SNAPSHOT.schema.json', 'jsf-0.82.SNAPSHOT.schema.json'])
    ajv.addSchema({ ...read(name), $id: `http://cyclonedx.org/schema/${name}` });
  const validate = ajv.compile(read('bom-1.6.SNAPSHOT.schema.json'));
  const bomOf = (
    text: string,
  ): { readonly components: Record<string, unknown>[]; readonly serialNumber: string } => {
    const bom: unknown = JSON.parse(text);
    assert.ok(validate(bom), JSON.stringify(validate.errors?.slice(0, 3)));
    return bom as ReturnType<typeof bomOf>;
  };

  test('keeps to the schema of CycloneDX 1.6, and every reference leads to a component', () => {
    const serials = new Set<string>();
    for (const { path, text } of [...sample.values()].filter((each) => each.path.endsWith('cbom.json'))) {
      const bom = bomOf(text);
      const refs = new Set(bom.components.map((each) => each['bom-ref']));
      assert.equal(refs.size, bom.components.length, path);
      for (const [, ref] of JSON.stringify(bom).matchAll(/"\w+Ref":"([^"]+)"/g))
        assert.ok(refs.has(ref), ref);
      serials.add(bom.serialNumber);
    }
    assert.equal(serials.size, 1 + teams.length, 'each has a number of its own');
    assert.equal(bomOf(textOf(filesOf(emptySources()), 'cbom.json')).components.length, 0);
  });

  test('of more certificates than the bound names those of the teams', () => {
    const count = limits.site.cbomCertificatesMax + 1;
    const certificates = Array.from({ length: count }, (_, index) => siteRecord(index, count));
    const input = inputOf({ ...sources, records: { ...sources.records, certificates } }, '/a/');
    const files = new Map([...cboms(input)].map((each) => [each.path, each]));
    const bom = bomOf(textOf(files, 'cbom.json')) as unknown as {
      readonly components: readonly { readonly cryptoProperties: { readonly assetType: string } }[];
      readonly externalReferences: readonly { readonly type: string; readonly url: string }[];
    };
    assert.deepEqual(
      new Set(bom.components.map((each) => each.cryptoProperties.assetType)),
      new Set(['algorithm']),
    );
    assert.equal(bom.externalReferences.length, 40, 'those of teams that have certificates');
    for (const { type, url } of bom.externalReferences) {
      assert.equal(type, 'bom');
      assert.ok(files.has(url.replace('/a/', '')), url);
    }
  });

  test('says of algorithms what standards say, and nothing of those it does not know', () => {
    const properties = (name: string, bits: number | null): unknown =>
      (JSON.parse(JSON.stringify(algorithmAsset('x', name, bits))) as { readonly cryptoProperties: object })
        .cryptoProperties;
    const key = ['keygen', 'sign', 'verify'];
    const expected: readonly [string, number | null, object, string | undefined][] = [
      [
        'ecdsa-p256',
        256,
        {
          parameterSetIdentifier: '256',
          curve: 'nist/P-256',
          cryptoFunctions: key,
          classicalSecurityLevel: 128,
          nistQuantumSecurityLevel: 0,
        },
        '1.2.840.10045.2.1',
      ],
      [
        'rsa-2048',
        2048,
        {
          parameterSetIdentifier: '2048',
          cryptoFunctions: key,
          classicalSecurityLevel: 112,
          nistQuantumSecurityLevel: 0,
        },
        '1.2.840.113549.1.1.1',
      ],
      [
        'ml-dsa-65',
        0,
        {
          parameterSetIdentifier: '65',
          cryptoFunctions: key,
          classicalSecurityLevel: 192,
          nistQuantumSecurityLevel: 3,
        },
        '2.16.840.1.101.3.4.3.18',
      ],
      [
        'slh-dsa-sha2-128s',
        0,
        { parameterSetIdentifier: 'sha2-128s', cryptoFunctions: key, nistQuantumSecurityLevel: 1 },
        undefined,
      ],
      [
        'sha256WithRSAEncryption',
        null,
        { cryptoFunctions: ['sign', 'verify'], nistQuantumSecurityLevel: 0 },
        '1.2.840.113549.1.1.11',
      ],
      ['1.3.6.1.4.1.99999.1', 0, { cryptoFunctions: key }, '1.3.6.1.4.1.99999.1'],
      ['__proto__', 0, { cryptoFunctions: key }, undefined],
    ];
    for (const [name, bits, algorithm, oid] of expected)
      assert.deepEqual(properties(name, bits), {
        assetType: 'algorithm',
        algorithmProperties: { primitive: 'signature', ...algorithm },
        ...(oid === undefined ? {} : { oid }),
      });
  });
});

test('the columns of the search fit into their budget at 10,000 certificates, and each has its place', async () => {
  const certificates = Array.from({ length: 10_000 }, (_, index) => siteRecord(index, 10_000));
  const columns = inventoryColumns(
    inputOf({ ...sources, records: { ...sources.records, certificates } }),
    new Set(['web/x']),
  );
  for (const [name, column] of Object.entries(columns.columns)) assert.equal(column.length, 10_000, name);
  const { gzipSync } = await import('node:zlib');
  const size = gzipSync(JSON.stringify(columns)).length;
  // Names are drawn at random here, which compresses worse than those of people.
  assert.ok(size <= 220 * 1024, `${String(Math.round(size / 1024))} KiB`);
});
