/** What counts as a difference of two declarations: every field but the named exceptions, and every value as it is, whatever it holds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { differingFields, notCompared } from '../../daemon/core/certificate-difference.ts';
import type { Certificate, Installation } from '../../daemon/core/model.ts';
import { certificateSchema } from '../../daemon/documents/schemas/certificate.ts';
import { documentReader } from '../../daemon/reader.ts';
import { places } from '../schema-places.ts';
import { certificate, installation } from './sample.ts';

type Tree = Readonly<Record<string, unknown>>;
const reader = documentReader();

function read(document: Tree): Certificate {
  const bytes = Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
  const path = 'inventory/certificates/web/shop.yaml';
  const { documents, problems } = reader.parseFile({ path, oid: 'b'.repeat(40), bytes });
  assert.deepEqual(
    problems.map((each) => each.message),
    [],
  );
  const [resource] = documents;
  assert.ok(resource?.kind === 'Certificate');
  return resource;
}

const serves = { address: 'shop.example.com:443', serverName: 'shop.example.com' };
const installed = {
  endpoint: 'web-01',
  profile: 'store',
  parameters: { key: '/etc/tls/shop.key' },
  placement: 'link',
  serves: [serves],
};
const base = {
  apiVersion: 'renewd/v1',
  kind: 'Certificate',
  metadata: { name: 'shop', team: 'web', labels: { env: 'prod' } },
  spec: {
    dnsNames: ['shop.example.com'],
    ipAddresses: ['192.0.2.1'],
    issuer: 'internal-ca',
    key: { algorithm: 'ecdsa-p256' },
    usages: ['serverAuth'],
    lifetime: '47d',
    renewAt: '2/3',
    reissue: { before: '2026-11-28T11:05:00Z', because: 'a copy' },
    drift: 'enforce',
    state: 'present',
    released: ['web-09'],
    installations: [installed],
  },
};

const set =
  (name: string, value: unknown): ((document: typeof base) => Tree) =>
  (document) => ({ ...document, spec: { ...document.spec, [name]: value } });
const placed = (changes: Tree): ReturnType<typeof set> =>
  set('installations', [{ ...installed, ...changes }]);

/** One change of each place of the schema, and the field in which it is seen; null: `apiVersion` and such, which have one value, or make another certificate. */
const changes: Readonly<Record<string, readonly [string, (document: typeof base) => Tree] | null>> = {
  apiVersion: null,
  kind: null,
  'metadata.name': null,
  'metadata.team': null,
  'metadata.labels.*': [
    'labels',
    (document) => ({ ...document, metadata: { ...document.metadata, labels: { env: 'dev' } } }),
  ],
  'spec.dnsNames[]': ['names', set('dnsNames', ['shop.example.com', 'www.example.com'])],
  'spec.ipAddresses[]': ['names', set('ipAddresses', ['192.0.2.2'])],
  'spec.issuer': ['issuer', set('issuer', 'other-ca')],
  'spec.key.algorithm': ['key', set('key', { algorithm: 'rsa-3072' })],
  'spec.usages[]': ['usages', set('usages', ['serverAuth', 'clientAuth'])],
  'spec.lifetime': ['lifetime', set('lifetime', '46d')],
  'spec.renewAt': ['renewAt', set('renewAt', 0.5)],
  'spec.reissue.before': [
    'reissue',
    set('reissue', { ...base.spec.reissue, before: '2026-11-28T11:05:01Z' }),
  ],
  'spec.reissue.because': ['reissue', set('reissue', { ...base.spec.reissue, because: 'another' })],
  'spec.drift': ['drift', set('drift', 'report')],
  'spec.state': ['state', set('state', 'retired')],
  'spec.released[]': ['released', set('released', ['web-09', 'web-08'])],
  'spec.installations[].endpoint': ['installations', placed({ endpoint: 'web-02' })],
  'spec.installations[].profile': ['installations', placed({ profile: 'nginx' })],
  'spec.installations[].parameters.*': ['installations', placed({ parameters: { key: '/etc/tls/other' } })],
  'spec.installations[].placement': ['installations', placed({ placement: 'copy' })],
  'spec.installations[].serves[]': ['installations', placed({ serves: ['shop.example.com:8443'] })],
  'spec.installations[].serves[].address': [
    'installations',
    placed({ serves: [{ ...serves, address: 'web.example.com:443' }] }),
  ],
  'spec.installations[].serves[].serverName': [
    'installations',
    placed({ serves: [{ ...serves, serverName: 'www.example.com' }] }),
  ],
};

const fieldsOf = (before: Certificate, after: Certificate): string[] =>
  differingFields(before, after).map((each) => each.field);

describe('two declarations of one certificate differ', () => {
  test('in every field of the schema', () => {
    assert.deepEqual(
      Object.keys(changes).sort(),
      places(certificateSchema).sort(),
      'a field nobody answers for',
    );
    const own = read(base);
    for (const [place, change] of Object.entries(changes)) {
      if (change === null) continue;
      const [field, make] = change;
      const found = differingFields(own, read(make(base)));
      assert.deepEqual(
        found.map((each) => each.field),
        [field],
        place,
      );
      assert.notEqual(found[0]?.before, found[0]?.after, `${place} is not shown`);
    }
  });

  test('where a field that may be left out is left out', () => {
    const own = read(base);
    const without = (name: string): Certificate =>
      read({ ...base, spec: Object.fromEntries(Object.entries(base.spec).filter(([key]) => key !== name)) });
    for (const name of ['ipAddresses', 'lifetime', 'renewAt', 'reissue', 'released'])
      assert.equal(fieldsOf(own, without(name)).length, 1, name);
    const { placement: _, ...silent } = installed;
    assert.deepEqual(fieldsOf(own, read(set('installations', [silent])(base))), ['installations']);
    // What says nothing of it and what says that there is none is one.
    assert.deepEqual(fieldsOf(without('released'), read(set('released', [])(base))), []);
  });

  test('in no more than the named exceptions when each field of the values is another', () => {
    const own = read(base);
    const [at] = own.installations;
    assert.ok(at !== undefined);
    const seen = (changed: Certificate): boolean => differingFields(own, changed).length > 0;
    const unseen = [
      Object.keys(own).filter((field) => !seen({ ...own, [field]: null, ...emptied(field) })),
      Object.keys(at).filter(
        (field) => !seen({ ...own, installations: [{ ...at, [field]: null, ...emptied(field) }] }),
      ),
    ];
    assert.deepEqual(unseen[0]?.sort(), [...notCompared.Certificate.keys()].sort());
    assert.deepEqual(unseen[1]?.sort(), [...notCompared.Installation.keys()].sort());
  });

  test('in the first of their names, which becomes the common name, and not in the order of the others', () => {
    const own = certificate({ dnsNames: ['a.example.com', 'b.example.com', 'c.example.com'] });
    assert.deepEqual(
      differingFields(own, { ...own, dnsNames: ['b.example.com', 'a.example.com', 'c.example.com'] }),
      [{ field: 'firstName', before: 'a.example.com', after: 'b.example.com' }],
    );
    assert.deepEqual(
      fieldsOf(own, { ...own, dnsNames: ['a.example.com', 'c.example.com', 'b.example.com'] }),
      [],
    );
    assert.deepEqual(fieldsOf(own, { ...own, dnsNames: ['d.example.com'] }), ['names']);
  });

  test('in lifetimes that read alike, and it is seen how', () => {
    const own = certificate({ lifetimeMs: 90_061_000 });
    const [found] = differingFields(own, { ...own, lifetimeMs: 90_062_000 });
    assert.equal(found?.before, '{"lifetimeMs":90061000}');
    assert.equal(found?.after, '{"lifetimeMs":90062000}');
  });
});

/** Lists and maps have no null. */
function emptied(field: string): Partial<Certificate & Installation> {
  if (['dnsNames', 'ipAddresses', 'usages', 'installations', 'serves'].includes(field))
    return { [field]: [] };
  if (['labels', 'parameters', 'key'].includes(field)) return { [field]: {} };
  return field === 'lifetimeMs'
    ? { lifetimeMs: 1 }
    : field === 'reissue'
      ? { reissue: { before: 1, because: '' } }
      : {};
}

describe('values that hold what separates values', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', '=', ', ', '; ', ' ', '"', '/', ':', 'env=prod'), { maxLength: 5 })
    .map((parts) => parts.join(''));
  const map = fc.dictionary(fc.constantFrom('a', 'b', 'env'), text, { maxKeys: 3 });
  const alike = (left: unknown, right: unknown): boolean => {
    try {
      assert.deepEqual(left, right);
      return true;
    } catch {
      return false;
    }
  };
  const members = (each: Readonly<Record<string, string>>): unknown =>
    Object.keys(each)
      .sort()
      .map((name) => [name, each[name]]);

  test('make no other labels the same, nor the same labels others', () => {
    fc.assert(
      fc.property(map, map, (before, after) => {
        const found = differingFields(certificate({ labels: before }), certificate({ labels: after }));
        assert.equal(found.length === 0, alike(members(before), members(after)));
        for (const each of found) assert.notEqual(each.before, each.after);
      }),
      { numRuns: 2000 },
    );
  });

  test('make no other installations the same, nor the same installations others', () => {
    const one = fc.record({
      endpoint: fc.constantFrom('web-01', 'web-02'),
      parameters: map,
      serves: fc.array(fc.record({ host: fc.constant('a'), port: fc.constant(443), serverName: text }), {
        maxLength: 2,
      }),
    });
    const all = fc.array(one, { minLength: 1, maxLength: 2 });
    const plain = (
      list: readonly {
        endpoint: string;
        parameters: Readonly<Record<string, string>>;
        serves: readonly { serverName: string }[];
      }[],
    ): unknown =>
      list
        .map((each) =>
          JSON.stringify([
            each.endpoint,
            members(each.parameters),
            each.serves.map((seen) => seen.serverName).sort(),
          ]),
        )
        .sort();
    fc.assert(
      fc.property(all, all, (before, after) => {
        const of = (list: typeof before): Certificate =>
          certificate({ installations: list.map((each) => ({ ...installation, ...each })) });
        assert.equal(differingFields(of(before), of(after)).length === 0, alike(plain(before), plain(after)));
      }),
      { numRuns: 2000 },
    );
  });

  test('are two sets of labels, and two sets of installations, that were one text', () => {
    const label = certificate({ labels: { a: 'x, env=prod' } });
    assert.deepEqual(differingFields(label, { ...label, labels: { a: 'x', env: 'prod' } }), [
      { field: 'labels', before: 'a="x, env=prod"', after: 'a=x, env=prod' },
    ]);
    const at = (endpoint: string, parameters: Record<string, string>): Installation => ({
      ...installation,
      endpoint,
      profile: 'store',
      parameters,
      serves: [],
    });
    const hidden = certificate({ installations: [at('web-01', { a: 'x; web-02 store' })] });
    const shown = certificate({ installations: [at('web-01', { a: 'x' }), at('web-02', {})] });
    assert.deepEqual(differingFields(hidden, shown), [
      {
        field: 'installations',
        before: 'web-01 store a="x; web-02 store"',
        after: 'web-01 store a=x; web-02 store',
      },
    ]);
  });
});
