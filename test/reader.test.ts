/** The reader of declarations loads schemas without the plug-ins they belong to: the two lists must say the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIssuerPlugins } from '../daemon/issuers/index.ts';
import { issuerSchemas } from '../daemon/issuers/schemas.ts';
import { createTargetPlugins } from '../daemon/targets/index.ts';
import { endpointSchemas } from '../daemon/targets/schemas.ts';
import { builtIns, documentReader } from '../daemon/reader.ts';

const schemasOf = (plugins: readonly { readonly kind: string; readonly schema: unknown }[]): object =>
  Object.fromEntries(plugins.map(({ kind, schema }) => [kind, schema]));

test('every issuer and target has its schema in the list of schemas', () => {
  assert.deepEqual(issuerSchemas, schemasOf(createIssuerPlugins()));
  assert.deepEqual(endpointSchemas, schemasOf(createTargetPlugins({ pool: null })));
});

test('everything that is built in can be read', () => {
  for (const { path, problems, documents } of builtIns(documentReader())) {
    assert.deepEqual(problems, [], path);
    assert.ok(documents.length > 0, path);
  }
});
