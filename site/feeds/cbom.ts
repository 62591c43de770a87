/** The inventory of cryptography as a CycloneDX 1.6 CBOM (ECMA-424): certificates, their public keys and the algorithms behind them. */
import { createHash } from 'node:crypto';
import type { IssuedRecord, Timestamp } from '../../daemon/core/record-format.ts';
import { limits } from '../../daemon/limits.ts';
import { version } from '../../daemon/version.ts';
import { compareText } from '../facts/order.ts';
import { clean } from '../src/lib/clean.ts';
import { createLinks } from '../src/lib/links.ts';
import { certificateId, cleanJson } from '../src/lib/model.ts';
import { algorithmAsset } from './algorithms.ts';
import type { DataFile, FeedInput } from './feed.ts';
import { isInstant } from './instants.ts';
import { installationId, scopesOf, type Scope } from './scope.ts';

/** `cbom.json`, of everything and of each team. Nothing for the public. */
export function* cboms(input: FeedInput): Generator<DataFile> {
  if (input.model.redaction === 'public') return;
  const scopes = scopesOf(input);
  const tooMany = input.estate.certificates.length > limits.site.cbomCertificatesMax;
  for (const scope of scopes) {
    const parts =
      tooMany && scope.team === null
        ? scopes.filter((each) => each.team !== null && each.certificates.length > 0)
        : [];
    yield {
      path: `${scope.folder}cbom.json`,
      text: bomText(input, scope, parts),
      feed: { title: `Cryptographic bill of materials: ${scope.words}`, kind: 'cbom', team: scope.team },
    };
  }
}

/** One component a line. With `parts` it holds algorithms only and refers to the BOMs of the teams: 100,000 certificates in one file are read by no tool. */
function bomText({ model, base }: FeedInput, scope: Scope, parts: readonly Scope[]): string {
  const { at } = model.generatedFrom;
  const algorithms = new Map<string, string>();
  const components: string[] = [];
  for (const record of scope.certificates)
    for (const { endpoint, issued } of record.installations) {
      if (issued === null) continue;
      noteAlgorithm(algorithms, issued.keyAlgorithm, issued.keyBits);
      noteAlgorithm(algorithms, issued.signatureAlgorithm, null);
      if (parts.length > 0) continue;
      const assets = assetsOf(installationId(certificateId(record), endpoint), issued, at);
      components.push(assets.map(cleanJson).join(',\n'));
    }
  const listed = [...algorithms].sort(([a], [b]) => compareText(a, b)).map(([, each]) => each);
  const links = createLinks(base);
  const references = parts.map(({ folder }) => ({ type: 'bom', url: links.to(`${folder}cbom.json`) }));
  const tail = references.length === 0 ? '' : `,"externalReferences":${JSON.stringify(references)}`;
  return `${JSON.stringify(headOf(model.generatedFrom, scope)).slice(0, -1)},"components":[\n${[...listed, ...components].join(',\n')}\n]${tail}}\n`;
}

function headOf({ state, at }: FeedInput['model']['generatedFrom'], scope: Scope): object {
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(`${state} ${at} ${scope.team ?? ''}`)}`,
    version: 1,
    metadata: {
      timestamp: at,
      tools: { components: [{ type: 'application', name: 'renewd', version }] },
      component: { type: 'application', name: scope.words, 'bom-ref': 'estate' },
      properties: [{ name: 'renewd:state', value: state === '' ? 'none' : state }],
    },
  };
}

function algorithmRef(name: string): string {
  return `algorithm:${clean(name, limits.site.keyMaxChars)}`;
}

function noteAlgorithm(algorithms: Map<string, string>, name: string, bits: number | null): void {
  const ref = algorithmRef(name);
  if (!algorithms.has(ref)) algorithms.set(ref, cleanJson(algorithmAsset(ref, name, bits)));
}

function assetsOf(installation: string, issued: IssuedRecord, at: Timestamp): readonly object[] {
  const key = `key:${installation}`;
  const { subject, issuer, notBefore, notAfter, fingerprint, spki, keyBits } = issued;
  return [
    {
      type: 'cryptographic-asset',
      'bom-ref': `certificate:${installation}`,
      name: installation,
      // What is no SHA-256 is no hash.
      hashes: /^[0-9a-f]{64}$/i.test(fingerprint) ? [{ alg: 'SHA-256', content: fingerprint }] : undefined,
      cryptoProperties: {
        assetType: 'certificate',
        certificateProperties: {
          subjectName: subject === '' ? issued.dnsNames.join(' ') || installation : subject,
          issuerName: issuer,
          notValidBefore: isInstant(notBefore) ? notBefore : undefined,
          notValidAfter: isInstant(notAfter) ? notAfter : undefined,
          signatureAlgorithmRef: algorithmRef(issued.signatureAlgorithm),
          subjectPublicKeyRef: key,
          certificateFormat: 'X.509',
        },
      },
    },
    {
      type: 'cryptographic-asset',
      'bom-ref': key,
      name: `public key of ${installation}`,
      cryptoProperties: {
        assetType: 'related-crypto-material',
        relatedCryptoMaterialProperties: {
          type: 'public-key',
          id: spki,
          state: notBefore > at ? 'pre-activation' : notAfter < at ? 'deactivated' : 'active',
          size: keyBits > 0 ? keyBits : undefined,
          algorithmRef: algorithmRef(issued.keyAlgorithm),
        },
      },
    },
  ];
}

/** A name-based UUID (RFC 9562, version 5 by form): the same commit and instant give the same one, another build another, as CycloneDX asks for. */
function uuidOf(text: string): string {
  const hash = createHash('sha1').update(`renewd cbom ${text}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
