/** What each profile of judgement accepts, on certificates that are wrong in one place and whole in all others. Made by hand: no honest tool makes them. */
import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, test } from 'node:test';
import { judgeChain, type ChainQuestion } from '../../daemon/x509/chain.ts';
import { limits } from '../../daemon/limits.ts';
import {
  aki,
  basicConstraints,
  boolean,
  dnsName,
  ecdsaSha256,
  eku,
  generalizedTime,
  ia5,
  ids,
  integer,
  intermediate,
  keyUsage,
  leaf,
  nameConstraints,
  newKeys,
  newRsaKeys,
  root,
  rsaSha256,
  san,
  serverAuth,
  ski,
  subtrees,
  utcTime,
  type Changes,
  type ExtensionParts,
  type HandMade,
  type MakeOptions,
} from '../fixtures/certificate.ts';
import { der, name, oid, sequence } from '../fixtures/der.ts';

const now = Date.parse('2026-11-21T00:00:00Z');
const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

type Made = Pick<ChainQuestion, 'leaf'> & Partial<ChainQuestion>;
/** Verdicts of RFC 5280 and of the Baseline Requirements. */
type Expected = readonly ['yes' | 'no', 'yes' | 'no'];
const good: Expected = ['yes', 'yes'];
const bad: Expected = ['no', 'no'];
const badInPublic: Expected = ['yes', 'no'];

const anchor = root();

function verdicts(made: Made): Expected {
  const of = (profile: 'private' | 'public'): 'yes' | 'no' => {
    const { verdict, reason } = judgeChain({
      intermediates: [],
      anchors: [anchor.der],
      now,
      ...made,
      profile,
    });
    assert.equal(reason === null, verdict === 'trusted');
    return verdict === 'trusted' ? 'yes' : 'no';
  };
  return [of('private'), of('public')];
}

const withLeaf = (options: MakeOptions, more: Partial<ChainQuestion> = {}): Made => ({
  leaf: leaf(anchor, options).der,
  ...more,
});
const withMiddle = (
  options: MakeOptions,
  below: MakeOptions = {},
  more: Partial<ChainQuestion> = {},
): Made => {
  const middle = intermediate(anchor, options);
  return { leaf: leaf(middle, below).der, intermediates: [middle.der], ...more };
};
const withRoot = (options: MakeOptions, below: MakeOptions = {}, more: Partial<ChainQuestion> = {}): Made => {
  const top = root(options);
  return { leaf: leaf(top, below).der, anchors: [top.der], ...more };
};
const one = (extension: ExtensionParts): Changes => ({ [extension[0]]: extension });
const without = (id: string): Changes => ({ [id]: null });
const names = (...list: readonly Uint8Array[]): Changes => one(san(...list));
const mail = (text: string): Buffer => ia5(0x81, text);
const uri = (text: string): Buffer => ia5(0x86, text);
const ip = (...values: readonly number[]): Buffer => der(0x87, bytes(...values));
const permits = (...bases: readonly Uint8Array[]): Changes => one(nameConstraints(subtrees(0xa0, ...bases)));
const excludes = (...bases: readonly Uint8Array[]): Changes => one(nameConstraints(subtrees(0xa1, ...bases)));
const directory = (text: string): Buffer => der(0xa4, name(['2.5.4.3', text]));
const accessTo = (location: Uint8Array): ExtensionParts => [
  ids.aia,
  sequence(sequence(oid('1.3.6.1.5.5.7.48.2'), location)),
];
const policy = (...list: readonly string[]): ExtensionParts => [
  ids.policies,
  sequence(...list.map((each) => sequence(oid(each)))),
];

function pss(hash: string, digest: string, saltLength: number, options: MakeOptions = {}): MakeOptions {
  const hashId = sequence(oid(hash), der(0x05));
  return {
    ...options,
    algorithm: sequence(
      oid('1.2.840.113549.1.1.10'),
      sequence(
        der(0xa0, hashId),
        der(0xa1, sequence(oid('1.2.840.113549.1.1.8'), hashId)),
        der(0xa2, integer(saltLength)),
      ),
    ),
    sign: (body, key) => sign(digest, body, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }),
  };
}

const rsaRoot = root({ keys: newRsaKeys(), algorithm: rsaSha256 });
const belowRsa = (options: MakeOptions): Made => ({
  leaf: leaf(rsaRoot, options).der,
  anchors: [rsaRoot.der],
});
const rsaLeaf = (size: number, exponent?: number): Made => withLeaf({ keys: newRsaKeys(size, exponent) });
const edwards = generateKeyPairSync('ed25519');
const edRoot = root({
  keys: edwards,
  algorithm: sequence(oid('1.3.101.112')),
  sign: (body: Uint8Array, key: KeyObject) => sign(null, body, key),
});

const table: Readonly<Record<string, readonly (readonly [string, () => Made, Expected])[]>> = {
  'versions, serials and unique identifiers': [
    ['nothing wrong', () => withLeaf({}), good],
    ['nothing wrong, with an intermediate', () => withMiddle({}), good],
    ['version 2 with extensions', () => withLeaf({ version: 1 }), bad],
    ['version 1 with extensions', () => withLeaf({ version: 0 }), bad],
    ['version 4', () => withLeaf({ version: 3 }), bad],
    ['an intermediate of version 1', () => withMiddle({ version: 0, extensions: null }), bad],
    ['serial zero', () => withLeaf({ serial: bytes(0) }), bad],
    ['a root with serial zero', () => withRoot({ serial: bytes(0) }), bad],
    ['a negative serial', () => withLeaf({ serial: bytes(0x80) }), bad],
    ['a serial of 21 octets', () => withLeaf({ serial: Buffer.alloc(21, 1) }), bad],
    ['a serial of 20 octets', () => withLeaf({ serial: Buffer.alloc(20, 1) }), good],
    ['a serial that is not minimal', () => withLeaf({ serial: bytes(0, 1) }), bad],
    ['a serial without octets', () => withLeaf({ serial: bytes() }), bad],
    ['an issuer unique id', () => withLeaf({ beforeExtensions: [der(0x81, bytes(0, 1))] }), bad],
    ['something behind the extensions', () => withLeaf({ afterExtensions: [der(0xa4, bytes())] }), bad],
    ['an empty issuer', () => withRoot({ subject: name() }), bad],
  ],
  'times': [
    ['fractional seconds', () => withLeaf({ notBefore: generalizedTime('20200101000000.5Z') }), bad],
    ['an offset', () => withLeaf({ notAfter: utcTime('491231235959+0100') }), bad],
    ['no seconds', () => withLeaf({ notBefore: utcTime('2001010000Z') }), bad],
    ['GeneralizedTime before 2050', () => withLeaf({ notBefore: generalizedTime('20200101000000Z') }), bad],
    ['GeneralizedTime from 2050 on', () => withLeaf({ notAfter: generalizedTime('20500101000000Z') }), good],
    ['the time without a known end', () => withLeaf({ notAfter: generalizedTime('99991231235959Z') }), good],
    ['a day that does not exist', () => withLeaf({ notBefore: utcTime('200230000000Z') }), bad],
    ['an end before the beginning', () => withLeaf({ notBefore: utcTime('270101000000Z'), notAfter: utcTime('250101000000Z') }), bad],
    ['an expired intermediate', () => withMiddle({ notAfter: utcTime('210101000000Z') }), bad],
  ],
  'how extensions are written': [
    ['one twice', () => withLeaf({ extensions: [aki(anchor.keyId), san(dnsName('example.com')), san(dnsName('example.com')), eku(serverAuth)] }), bad],
    ['an empty list', () => withLeaf({ extensions: [] }), bad],
    ['a BOOLEAN without a value', () => withLeaf({ changes: one([ids.eku, sequence(oid(serverAuth)), der(0x01)]) }), bad],
    ['a BOOLEAN of 0x01', () => withLeaf({ changes: one([ids.ku, keyUsage(0)[1], boolean(1)]) }), bad],
    ['a CA flag of 0x01', () => withMiddle({ changes: one([ids.bc, sequence(boolean(1)), true]) }), bad],
    ['an explicit FALSE', () => withLeaf({ changes: one([ids.eku, sequence(oid(serverAuth)), boolean(0)]) }), good],
    ['unused bits that are set', () => withLeaf({ changes: one([ids.ku, der(0x03, bytes(7, 0x81)), true]) }), bad],
    ['unused bits beyond seven', () => withLeaf({ changes: one([ids.ku, der(0x03, bytes(8, 0x80)), true]) }), bad],
    ['zero bits at the end', () => withLeaf({ changes: one([ids.ku, der(0x03, bytes(0, 0x80)), true]) }), bad],
    ['unused bits in the signature', () => withLeaf({ unusedBits: 1 }), bad],
    ['key usage without any', () => withLeaf({ changes: one([ids.ku, der(0x03, bytes(0)), true]) }), bad],
    ['bytes behind an extension', () => withLeaf({ changes: one([ids.eku, Buffer.concat([sequence(oid(serverAuth)), bytes(5, 0)])]) }), bad],
    ['an unknown extension', () => withLeaf({ changes: one(['1.2.3.4', bytes(1)]) }), good],
    ['an unknown critical extension', () => withLeaf({ changes: one(['1.2.3.4', bytes(1), true]) }), bad],
    ['an unknown critical extension in an intermediate', () => withMiddle({ changes: one(['1.2.3.4', bytes(1), true]) }), bad],
    ['an unknown critical extension in the root', () => withRoot({ changes: one(['1.2.3.4', bytes(1), true]) }), bad],
    ['critical must-staple', () => withLeaf({ changes: one(['1.3.6.1.5.5.7.1.24', sequence(integer(5)), true]) }), bad],
    ['an access description', () => withLeaf({ changes: one(accessTo(uri('http://ca.example.com/ca.crt'))) }), good],
    ['access to nothing', () => withLeaf({ changes: one([ids.aia, sequence()]) }), bad],
    ['access that is no list', () => withLeaf({ changes: one([ids.aia, Buffer.from('malformed')]) }), bad],
    ['access without a place', () => withLeaf({ changes: one([ids.aia, sequence(sequence(oid('1.3.6.1.5.5.7.48.2')))]) }), bad],
    ['access to a URI that is none', () => withLeaf({ changes: one(accessTo(uri('no scheme'))) }), bad],
    ['distribution points without any', () => withLeaf({ changes: one([ids.crldp, sequence()]) }), bad],
    ['a distribution point of reasons alone', () => withLeaf({ changes: one([ids.crldp, sequence(sequence(der(0x81, bytes(1, 2))))]) }), bad],
    ['policies without any', () => withLeaf({ changes: one([ids.policies, sequence()]) }), bad],
    ['a policy twice', () => withLeaf({ changes: one(policy('1.2.3', '1.2.3')) }), bad],
  ],
  'what is critical': [
    ...([ids.aki, ids.ski, ids.aia] as const).map((id) => {
      const values = { [ids.aki]: aki(anchor.keyId)[1], [ids.ski]: ski(bytes(1))[1], [ids.aia]: accessTo(uri('http://a.example.com/'))[1] };
      return [`${id} in the leaf`, () => withLeaf({ changes: one([id, values[id], true]) }), bad] as const;
    }),
    ['a key identifier of a CA', () => withMiddle({ changes: one([ids.ski, ski(bytes(1))[1], true]) }, { changes: one(aki(bytes(1))) }), bad],
    ['basic constraints of a CA that are not', () => withMiddle({ changes: one([ids.bc, sequence(boolean(0xff))]) }), bad],
    ['basic constraints of a root that are not', () => withRoot({ changes: one([ids.bc, sequence(boolean(0xff))]) }), bad],
    ['name constraints that are not', () => withMiddle({ changes: one([ids.nc, nameConstraints(subtrees(0xa0, dnsName('example.com')))[1]]) }), bad],
    ['policy constraints that are not', () => withMiddle({ changes: one([ids.pc, sequence(der(0x80, bytes(5)))]) }), bad],
    ['a ban on any policy that is not', () => withMiddle({ changes: one([ids.inhibit, integer(1)]) }), bad],
    ['names with an empty subject that are not', () => withLeaf({ subject: name() }), bad],
    ['names with an empty subject that are', () => withLeaf({ subject: name(), changes: one([ids.san, sequence(dnsName('example.com')), true]) }), good],
    ['names beside a subject that are', () => withLeaf({ changes: one([ids.san, sequence(dnsName('example.com')), true]) }), badInPublic],
    ['purposes that are', () => withLeaf({ changes: one([ids.eku, sequence(oid(serverAuth)), true]) }), badInPublic],
  ],
  'CAs and leaves': [
    ['an intermediate without basic constraints', () => withMiddle({ changes: without(ids.bc) }), bad],
    ['an intermediate that is no CA', () => withMiddle({ changes: one([ids.bc, sequence(), true]) }), bad],
    ['an intermediate that may not sign certificates', () => withMiddle({ changes: one(keyUsage(0, 6)) }), bad],
    ['an intermediate without key usage', () => withMiddle({ changes: without(ids.ku) }), badInPublic],
    ['an intermediate without a key identifier', () => withMiddle({ changes: without(ids.ski) }), bad],
    ['an intermediate without that of its issuer', () => withMiddle({ changes: without(ids.aki) }), bad],
    ['an intermediate without a subject', () => withMiddle({ subject: name() }), bad],
    ['a root without a key identifier', () => withRoot({ changes: without(ids.ski) }), bad],
    ['a root without basic constraints', () => withRoot({ changes: without(ids.bc) }), bad],
    ['a leaf that is a CA', () => withLeaf({ changes: { ...one(basicConstraints(true)), ...one(keyUsage(5)) } }), badInPublic],
    ['a leaf that is a CA with a path length', () => withLeaf({ changes: { ...one(basicConstraints(true, 0)), ...one(keyUsage(0, 5)) } }), badInPublic],
    ['a path length without being a CA', () => withLeaf({ changes: one([ids.bc, sequence(integer(0)), true]) }), bad],
    ['a path length without the key usage', () => withMiddle({ changes: { ...one(basicConstraints(true, 0)), ...one(keyUsage(6)) } }), bad],
    ['a leaf that may sign certificates', () => withLeaf({ changes: one(keyUsage(0, 5)) }), bad],
    ['a leaf that may only sign CRLs', () => withLeaf({ changes: one(keyUsage(6)) }), bad],
    ['a leaf without key usage', () => withLeaf({ changes: without(ids.ku) }), good],
    ['name constraints in a leaf', () => withLeaf({ changes: permits(dnsName('example.com')) }), bad],
    ['a path length that is used up', () => { const top = intermediate(anchor, { changes: one(basicConstraints(true, 0)) }); const next = intermediate(top); return { leaf: leaf(next).der, intermediates: [top.der, next.der] }; }, bad],
  ],
  'key identifiers': [
    ['another key than the issuer has', () => withLeaf({ changes: one(aki(bytes(1, 2, 3))) }), bad],
    ['none in a leaf', () => withLeaf({ changes: without(ids.aki) }), bad],
    ['an empty one', () => withLeaf({ changes: one(aki(bytes())) }), bad],
    ['a root that contradicts itself', () => withRoot({ changes: one(aki(bytes(1, 2, 3))) }), bad],
    ['half of name and serial', () => withLeaf({ changes: one([ids.aki, sequence(der(0x80, anchor.keyId), der(0x82, bytes(1)))]) }), bad],
    ['name and serial of another one', () => withLeaf({ changes: one([ids.aki, sequence(der(0x80, anchor.keyId), der(0xa1, directory('Other')), der(0x82, bytes(1)))]) }), bad],
  ],
  'purposes': [
    ['an empty list', () => withLeaf({ changes: one([ids.eku, sequence()]) }), bad],
    ['none', () => withLeaf({ changes: without(ids.eku) }), badInPublic],
    ['any', () => withLeaf({ changes: one(eku('2.5.29.37.0')) }), badInPublic],
    ['any beside the right one', () => withLeaf({ changes: one(eku(serverAuth, '2.5.29.37.0')) }), badInPublic],
    ['another', () => withLeaf({ changes: one(eku('1.3.6.1.5.5.7.3.3')) }), bad],
    ['a root with the right one', () => withRoot({ changes: one(eku(serverAuth)) }), badInPublic],
    ['a root with another', () => withRoot({ changes: one(eku('1.3.6.1.5.5.7.3.4')) }), bad],
    ['an intermediate with another', () => withMiddle({ changes: one(eku('1.3.6.1.5.5.7.3.4')) }), bad],
    ['an intermediate with an empty list', () => withMiddle({ changes: one([ids.eku, sequence()]) }), bad],
  ],
  'name constraints': [
    ['inside', () => withMiddle({ changes: permits(dnsName('example.com')) }), good],
    ['outside', () => withMiddle({ changes: permits(dnsName('example.org')) }), bad],
    ['a leading dot', () => withMiddle({ changes: permits(dnsName('.example.com')) }), bad],
    ['a wildcard', () => withMiddle({ changes: permits(dnsName('*.example.com')) }), bad],
    ['all names permitted', () => withMiddle({ changes: permits(dnsName('')) }), good],
    ['all names excluded', () => withMiddle({ changes: excludes(dnsName('')) }), bad],
    ['a second list of the same kind', () => withMiddle({ changes: one(nameConstraints(subtrees(0xa0, dnsName('example.com')), subtrees(0xa0, dnsName('example.org')))) }), bad],
    ['lists in the wrong order', () => withMiddle({ changes: one(nameConstraints(subtrees(0xa1, dnsName('example.org')), subtrees(0xa0, dnsName('example.com')))) }), bad],
    ['an empty list', () => withMiddle({ changes: one(nameConstraints(der(0xa0))) }), bad],
    ['nothing', () => withMiddle({ changes: one(nameConstraints()) }), bad],
    ['a mask with holes', () => withMiddle({ changes: permits(dnsName('example.com'), ip(10, 0, 0, 0, 255, 0, 255, 0)) }), bad],
    ['an address without a mask', () => withMiddle({ changes: permits(dnsName('example.com'), ip(10, 0, 0, 1)) }), bad],
    ['a wildcard that may be the excluded name', () => withMiddle({ changes: excludes(dnsName('a.example.com')) }, { changes: names(dnsName('*.example.com')) }), bad],
    ['a wildcard wider than what is permitted', () => withMiddle({ changes: permits(dnsName('a.example.com')) }, { changes: names(dnsName('*.example.com')) }), bad],
    ['a mail constraint with two @', () => withMiddle({ changes: permits(dnsName('example.com'), mail('a@b@example.com')) }), bad],
    ['a mail name with two @', () => withMiddle({}, { changes: names(dnsName('example.com'), mail('a@b@example.com')) }), bad],
    ['mail in the subject, outside', () => withMiddle({ changes: permits(dnsName('example.com'), mail('example.org')) }, { subject: name(['2.5.4.3', 'example.com'], ['1.2.840.113549.1.9.1', 'a@example.com', 0x16]) }), bad],
    ['mail in the subject, inside', () => withMiddle({ changes: permits(dnsName('example.com'), mail('example.com')) }, { subject: name(['2.5.4.3', 'example.com'], ['1.2.840.113549.1.9.1', 'a@example.com', 0x16]) }), good],
    ['mail in the subject, excluded', () => withMiddle({ changes: excludes(mail('.example.com')) }, { subject: name(['2.5.4.3', 'example.com'], ['1.2.840.113549.1.9.1', 'a@b.example.com', 0x16]) }), bad],
    ['mail at a host below, where the host alone is permitted', () => withMiddle({ changes: permits(dnsName('example.com'), mail('example.com')) }, { changes: names(dnsName('example.com'), mail('a@b.example.com')) }), bad],
    ['a URI constraint that is an address', () => withMiddle({ changes: permits(dnsName('example.com'), uri('10.0.0.1')) }), bad],
    ['a URI without a host', () => withMiddle({ changes: permits(dnsName('example.com'), uri('example.com')) }, { changes: names(dnsName('example.com'), uri('urn:a')) }), bad],
    ['a directory name inside', () => withMiddle({ changes: permits(dnsName('example.com'), directory('example.com')) }), good],
    ['a subject outside', () => withMiddle({ changes: permits(dnsName('example.com'), directory('other')) }), bad],
    ['a kind that is not known, excluded and met', () => withMiddle({ changes: excludes(der(0x88, bytes(0x2a, 3))) }, { changes: names(dnsName('example.com'), der(0x88, bytes(0x2a, 4))) }), bad],
    ['a bound', () => withMiddle({ changes: one(nameConstraints(der(0xa0, sequence(dnsName('example.com'), der(0x80, bytes(1)))))) }), bad],
    ['constraints of the root', () => withRoot({ changes: permits(dnsName('example.org')) }), bad],
  ],
  'names': [
    ['an underscore', () => withLeaf({ changes: names(dnsName('example.com'), dnsName('a_b.example.com')) }), bad],
    ['a dot at the end', () => withLeaf({ changes: names(dnsName('example.com'), dnsName('example.com.')) }), bad],
    ['a dot at the beginning', () => withLeaf({ changes: names(dnsName('example.com'), dnsName('.example.com')) }), bad],
    ['an address as a name', () => withLeaf({ changes: names(dnsName('example.com'), dnsName('10.0.0.1')) }), bad],
    ['a short form of an address', () => withLeaf({ changes: names(dnsName('example.com'), dnsName('127.1')) }), bad],
    ['letters of other scripts', () => withLeaf({ changes: names(dnsName('example.com'), der(0x82, Buffer.from('münchen.example.com'))) }), bad],
    ['an A-label', () => withLeaf({ changes: names(dnsName('example.com'), dnsName('xn--mnchen-3ya.example.com')) }), good],
    ['an A-label that is none', () => withLeaf({ changes: names(dnsName('example.com'), dnsName('xn--999999999.example.com')) }), badInPublic],
    ['dashes in third and fourth place', () => withLeaf({ changes: names(dnsName('example.com'), dnsName('ab--c.example.com')) }), badInPublic],
    ['a wildcard of everything', () => withLeaf({ changes: names(dnsName('example.com'), dnsName('*')) }), bad],
    ['a wildcard of a whole domain', () => withLeaf({ changes: names(dnsName('example.com'), dnsName('*.com')) }), bad],
    ['a wildcard of a registry', () => withLeaf({ changes: names(dnsName('example.com'), dnsName('*.co.uk')) }), badInPublic],
    ['a wildcard inside a label', () => withLeaf({ changes: names(dnsName('example.com'), dnsName('a*.example.com')) }), bad],
    ['two wildcards', () => withLeaf({ changes: names(dnsName('example.com'), dnsName('*.*.example.com')) }), bad],
    ['a label of 64 letters', () => withLeaf({ changes: names(dnsName('example.com'), dnsName(`${'a'.repeat(64)}.example.com`)) }), bad],
    ['an address of five bytes', () => withLeaf({ changes: names(dnsName('example.com'), ip(1, 2, 3, 4, 5)) }), bad],
    ['a mail address that is none', () => withLeaf({ changes: names(dnsName('example.com'), mail('nobody')) }), bad],
    ['a kind of name that does not exist', () => withLeaf({ changes: names(dnsName('example.com'), der(0x89, bytes(1))) }), bad],
    ['names without any', () => withLeaf({ changes: one([ids.san, sequence()]) }), bad],
    ['names that are no list', () => withLeaf({ changes: one([ids.san, Buffer.from('malformed')]) }), bad],
    ['a common name that is none of the names', () => withLeaf({ subject: name(['2.5.4.3', 'other.example.com']) }), badInPublic],
    ['a common name in upper case', () => withLeaf({ subject: name(['2.5.4.3', 'EXAMPLE.com']) }), badInPublic],
    ['two common names', () => withLeaf({ subject: name(['2.5.4.3', 'example.com'], ['2.5.4.3', 'example.com']) }), badInPublic],
    ['the parent of a wildcard as common name', () => withLeaf({ changes: names(dnsName('*.example.com')) }), good],
    ['only a common name, where a name is asked for', () => withLeaf({ changes: without(ids.san) }, { serverName: 'example.com' }), bad],
  ],
  'algorithms': [
    ['one inside, another outside', () => withLeaf({ outerAlgorithm: sequence(oid('1.2.840.10045.4.3.3')) }), bad],
    ['parameters of ECDSA', () => withLeaf({ algorithm: sequence(oid('1.2.840.10045.4.3.2'), der(0x05)) }), bad],
    ['no parameters of RSA', () => belowRsa({ algorithm: sequence(oid('1.2.840.113549.1.1.11')) }), bad],
    ['RSA', () => belowRsa({ algorithm: rsaSha256 }), good],
    ['SHA-1', () => withLeaf({ algorithm: sequence(oid('1.2.840.10045.4.1')), sign: (body, key) => sign('sha1', body, key) }), bad],
    ['RSASSA-PSS with SHA-256', () => belowRsa(pss('2.16.840.1.101.3.4.2.1', 'sha256', 32)), good],
    ['RSASSA-PSS with SHA-1', () => belowRsa(pss('1.3.14.3.2.26', 'sha1', 20)), bad],
    ['RSASSA-PSS with what is not written', () => belowRsa({ algorithm: sequence(oid('1.2.840.113549.1.1.10'), sequence()), sign: (body, key) => sign('sha1', body, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 }) }), bad],
    ['RSASSA-PSS with a short salt', () => belowRsa(pss('2.16.840.1.101.3.4.2.1', 'sha256', 8)), bad],
    ['Ed25519', () => ({ leaf: leaf(edRoot, { algorithm: sequence(oid('1.3.101.112')), sign: (body, key) => sign(null, body, key) }).der, anchors: [edRoot.der] }), badInPublic],
    ['a signature that does not hold', () => withLeaf({ sign: () => Buffer.alloc(70, 1) }), bad],
  ],
  'keys': [
    ['RSA of 2048 bits', () => rsaLeaf(2048), good],
    ['RSA of 1024 bits', () => rsaLeaf(1024), bad],
    ['RSA of 2047 bits', () => rsaLeaf(2047), bad],
    ['RSA of 2052 bits', () => rsaLeaf(2052), badInPublic],
    ['P-521', () => withLeaf({ keys: newKeys('P-521') }), good],
    ['P-224', () => withLeaf({ keys: newKeys('secp224r1') }), bad],
    ['secp256k1', () => withLeaf({ keys: newKeys('secp256k1') }), bad],
    ['a root with RSA of 2052 bits', () => withRoot({ keys: newRsaKeys(2052), algorithm: rsaSha256 }, { algorithm: rsaSha256 }), badInPublic],
    ['DSA', () => { const keys = generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }); return withLeaf({ keys }); }, bad],
  ],
  'policies': [
    ['a demand that is met', () => withMiddle({ changes: { ...one([ids.pc, sequence(der(0x80, bytes(0))), true]), ...one(policy('1.2.3')) } }, { changes: one(policy('1.2.3')) }), good],
    ['a demand that is not met', () => withMiddle({ changes: { ...one([ids.pc, sequence(der(0x80, bytes(0))), true]), ...one(policy('1.2.3')) } }), bad],
    ['another policy than the CA has', () => withMiddle({ changes: { ...one([ids.pc, sequence(der(0x80, bytes(0))), true]), ...one(policy('1.2.3')) } }, { changes: one(policy('1.2.4')) }), bad],
    ['any policy, where it is banned', () => withMiddle({ changes: { ...one([ids.pc, sequence(der(0x80, bytes(0))), true]), ...one([ids.inhibit, integer(0), true]), ...one(policy('1.2.3')) } }, { changes: one(policy('2.5.29.32.0')) }), bad],
    ['any policy', () => withMiddle({ changes: { ...one([ids.pc, sequence(der(0x80, bytes(0))), true]), ...one(policy('1.2.3')) } }, { changes: one(policy('2.5.29.32.0')) }), good],
    ['constraints that constrain nothing', () => withMiddle({ changes: one([ids.pc, sequence(), true]) }), bad],
    ['a mapping of any policy', () => withMiddle({ changes: { ...one(policy('1.2.3')), ...one([ids.mappings, sequence(sequence(oid('2.5.29.32.0'), oid('1.2.3'))), true]) } }), bad],
  ],
}; // prettier-ignore

for (const [kind, cases] of Object.entries(table))
  describe(kind, () => {
    for (const [what, make, expected] of cases)
      test(`${what}: ${expected.join(', ')}`, () => {
        const made = make();
        const judged = verdicts(made);
        const { reason } = judgeChain({
          intermediates: [],
          anchors: [anchor.der],
          now,
          ...made,
          profile: 'private',
        });
        assert.deepEqual(judged, expected, reason ?? 'RFC 5280 has nothing against it');
      });
  });

test('what was declared as an anchor is not judged by its form, and obeyed all the same', () => {
  const judge = (made: Made, anchorsAsDeclared: boolean): string =>
    judgeChain({ intermediates: [], anchors: [], now, ...made, anchorsAsDeclared }).verdict;
  for (const changes of [without(ids.ski), without(ids.bc), one([ids.bc, sequence(boolean(0xff))])]) {
    assert.equal(judge(withRoot({ changes }), false), 'untrusted');
    assert.equal(judge(withRoot({ changes }), true), 'trusted');
  }
  for (const changes of [permits(dnsName('example.org')), one(keyUsage(0)), one([ids.bc, sequence(), true])])
    assert.equal(judge(withRoot({ changes }), true), 'untrusted');
});

interface CrlOptions {
  readonly issuer?: HandMade;
  readonly issuerName?: Uint8Array;
  readonly revoked?: readonly Uint8Array[];
  readonly thisUpdate?: Uint8Array;
  readonly nextUpdate?: Uint8Array;
  readonly extensions?: readonly ExtensionParts[];
  readonly entryExtensions?: readonly ExtensionParts[];
  readonly version?: number;
  readonly sign?: (body: Uint8Array, key: KeyObject) => Uint8Array;
}

const extensionsOf = (list: readonly ExtensionParts[]): Buffer =>
  sequence(
    ...list.map(([id, value, isCritical = false]) =>
      sequence(oid(id), ...(isCritical === true ? [boolean(0xff)] : []), der(0x04, value)),
    ),
  );

function crl(options: CrlOptions = {}): Uint8Array {
  const issuer = options.issuer ?? anchor;
  const rows = (options.revoked ?? []).map((serial) =>
    sequence(
      der(0x02, serial),
      utcTime('250101000000Z'),
      ...(options.entryExtensions === undefined ? [] : [extensionsOf(options.entryExtensions)]),
    ),
  );
  const body = sequence(
    integer(options.version ?? 1),
    ecdsaSha256,
    options.issuerName ?? issuer.subject,
    options.thisUpdate ?? utcTime('260101000000Z'),
    options.nextUpdate ?? utcTime('270101000000Z'),
    ...(rows.length === 0 ? [] : [sequence(...rows)]),
    der(0xa0, extensionsOf(options.extensions ?? [aki(issuer.keyId), ['2.5.29.20', integer(7)]])),
  );
  const signature = (options.sign ?? ((bytesOf, key) => sign('sha256', bytesOf, key)))(
    body,
    issuer.keys.privateKey,
  );
  return sequence(body, ecdsaSha256, der(0x03, bytes(0), signature));
}

describe('revocation lists at hand', () => {
  const serial = bytes(1, 2, 3);
  const judge = (...crls: readonly Uint8Array[]): string => verdicts(withLeaf({ serial }, { crls })).join();
  const usual: readonly ExtensionParts[] = [aki(anchor.keyId), ['2.5.29.20', integer(7)]];
  const onlyFor = (...parts: readonly Uint8Array[]): readonly ExtensionParts[] => [
    ...usual,
    ['2.5.29.28', sequence(...parts), true],
  ];
  const stranger = root();
  const signsNoLists = root({ changes: one(keyUsage(5)) });
  const cases: readonly (readonly [string, () => string, 'yes' | 'no'])[] = [
    ['not on it', () => judge(crl()), 'yes'],
    ['on it', () => judge(crl({ revoked: [serial] })), 'no'],
    ['on the second one', () => judge(crl(), crl({ revoked: [serial] })), 'no'],
    ['another serial on it', () => judge(crl({ revoked: [bytes(9)] })), 'yes'],
    ['the serial on the list of another issuer', () => judge(crl({ issuer: stranger, revoked: [serial] })), 'yes'],
    ['a list in the name of the issuer, signed by another key', () => judge(crl({ issuer: stranger, issuerName: anchor.subject, extensions: usual })), 'no'],
    ['a damaged one beside a good one', () => judge(crl({ sign: () => Buffer.alloc(70, 1) }), crl()), 'yes'],
    ['a damaged one', () => judge(crl({ sign: () => Buffer.alloc(70, 1) })), 'no'],
    ['an expired one', () => judge(crl({ nextUpdate: utcTime('260201000000Z') })), 'no'],
    ['one of the future', () => judge(crl({ thisUpdate: utcTime('261201000000Z') })), 'no'],
    ['one without a number', () => judge(crl({ extensions: [aki(anchor.keyId)] })), 'no'],
    ['one with a critical number', () => judge(crl({ extensions: [aki(anchor.keyId), ['2.5.29.20', integer(7), true]] })), 'no'],
    ['one without the key of its issuer', () => judge(crl({ extensions: [['2.5.29.20', integer(7)]] })), 'no'],
    ['one with an unknown critical extension', () => judge(crl({ extensions: [...usual, ['1.2.3.4', bytes(1), true]] })), 'no'],
    ['one that tells only what changed', () => judge(crl({ extensions: [...usual, ['2.5.29.27', integer(1), true]] })), 'no'],
    ['one with a critical entry', () => judge(crl({ revoked: [bytes(9)], entryExtensions: [['1.2.3.4', bytes(1), true]] })), 'no'],
    ['one with a reason', () => judge(crl({ revoked: [bytes(9)], entryExtensions: [['2.5.29.21', der(0x0a, bytes(1))]] })), 'yes'],
    ['one of version 1', () => judge(crl({ version: 0 })), 'no'],
    ['one for CAs only', () => judge(crl({ revoked: [serial], extensions: onlyFor(der(0x82, bytes(0xff))) })), 'yes'],
    ['one for others than CAs', () => judge(crl({ revoked: [serial], extensions: onlyFor(der(0x81, bytes(0xff))) })), 'no'],
    ['one of some reasons, on it', () => judge(crl({ revoked: [serial], extensions: onlyFor(der(0x83, bytes(6, 0x40))) })), 'no'],
    ['rubbish', () => judge(Buffer.from('rubbish')), 'no'],
    ['one of a CA that may not sign lists', () => verdicts({ leaf: leaf(signsNoLists).der, anchors: [signsNoLists.der], crls: [crl({ issuer: signsNoLists })] }).join(), 'no'],
    ['an intermediate on it', () => verdicts({ ...withMiddle({ serial }), crls: [crl({ revoked: [serial] })] }).join(), 'no'],
  ]; // prettier-ignore
  for (const [what, verdict, expected] of cases)
    test(`${what}: ${expected}`, () => {
      assert.equal(verdict(), `${expected},${expected}`);
    });
});

describe('one verdict has one budget', () => {
  /** CAs of one name and key that certify each other: each order of them is a path. */
  function crossed(
    count: number,
    changes: Changes,
  ): { readonly all: readonly HandMade[]; readonly top: HandMade } {
    const keys = Array.from({ length: count }, () => newKeys());
    const subjects = keys.map((_, index) => name(['2.5.4.3', `Crossed ${String(index)}`]));
    const top = root();
    const first = keys.map((own, index) =>
      intermediate(top, { keys: own, subject: subjects[index] ?? name(), changes }),
    );
    const all = first.flatMap((issuer, from) =>
      keys.flatMap((own, to) =>
        from === to ? [] : [intermediate(issuer, { keys: own, subject: subjects[to] ?? name(), changes })],
      ),
    );
    return { all: [...all.slice(0, 120)], top: first[0] ?? top };
  }

  test('14 crossed CAs with many constraints each end as too much work', () => {
    const many = Array.from({ length: 300 }, (_, index) => dnsName(`a${String(index)}.example.com`));
    const { all, top } = crossed(
      14,
      one(nameConstraints(subtrees(0xa0, dnsName('example.com')), subtrees(0xa1, ...many))),
    );
    const lost = leaf(top, {
      changes: names(
        dnsName('example.com'),
        ...many.slice(0, 100).map((_, index) => dnsName(`b${String(index)}.example.com`)),
      ),
    });
    const answer = judgeChain({
      leaf: lost.der,
      intermediates: all.map((each) => each.der),
      anchors: [root().der],
      now,
    });
    assert.equal(answer.verdict, 'untrusted');
    // With every CA an anchor each path is judged, until there is no budget for names left.
    const own = judgeChain({
      leaf: lost.der,
      intermediates: all.map((each) => each.der),
      anchors: [intermediate(root()).der, ...all.map((each) => each.der)],
      now: now + 40 * 365 * 86_400_000,
    });
    assert.equal(own.verdict, 'untrusted');
  });

  test('too many names for too many constraints is a reason that says so', () => {
    const many = Array.from({ length: 600 }, (_, index) => dnsName(`a${String(index)}.example.com`));
    const middle = intermediate(anchor, { changes: excludes(...many) });
    const wide = leaf(middle, {
      changes: names(...Array.from({ length: 1000 }, (_, index) => dnsName(`b${String(index)}.example.com`))),
    });
    const answer = judgeChain({ leaf: wide.der, intermediates: [middle.der], anchors: [anchor.der], now });
    assert.deepEqual([answer.verdict, answer.isExhausted], ['untrusted', true]);
    assert.match(answer.reason ?? '', /too much work/);
    assert.ok(600 * 1000 > limits.x509.nameComparisonsMax);
  });
});
