/** Algorithms as CycloneDX describes them. What is not known is left out rather than guessed. Pure. */
import { strengthOf } from '../../daemon/core/rules/security-strength.ts';
import { quantumState } from '../facts/cryptography.ts';

/** Dotted OIDs: RFC 8017 (RSA), RFC 5480 and 5758 (ECDSA), RFC 8410 (EdDSA), RFC 9881 (ML-DSA). */
const oids: Readonly<Record<string, string>> = {
  rsa: '1.2.840.113549.1.1.1',
  'rsa-pss': '1.2.840.113549.1.1.10',
  ecdsa: '1.2.840.10045.2.1',
  ed25519: '1.3.101.112',
  ed448: '1.3.101.113',
  'ml-dsa-44': '2.16.840.1.101.3.4.3.17',
  'ml-dsa-65': '2.16.840.1.101.3.4.3.18',
  'ml-dsa-87': '2.16.840.1.101.3.4.3.19',
  sha256withrsaencryption: '1.2.840.113549.1.1.11',
  sha384withrsaencryption: '1.2.840.113549.1.1.12',
  sha512withrsaencryption: '1.2.840.113549.1.1.13',
  rsassapss: '1.2.840.113549.1.1.10',
  'ecdsa-with-sha256': '1.2.840.10045.4.3.2',
  'ecdsa-with-sha384': '1.2.840.10045.4.3.3',
  'ecdsa-with-sha512': '1.2.840.10045.4.3.4',
};

/** Curves by the names of https://neuromancer.sk/std/, as CycloneDX asks for. */
const curves: Readonly<Record<string, string>> = {
  'ecdsa-p256': 'nist/P-256',
  'ecdsa-p384': 'nist/P-384',
  'ecdsa-p521': 'nist/P-521',
  ed25519: 'other/Ed25519',
  ed448: 'other/Ed448',
};

/** NIST categories: FIPS 204 table 1, FIPS 205 table 2. */
const categories: Readonly<Record<string, number>> = {
  'ml-dsa-44': 2,
  'ml-dsa-65': 3,
  'ml-dsa-87': 5,
  'slh-dsa-128': 1,
  'slh-dsa-192': 3,
  'slh-dsa-256': 5,
};

function known<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The kind of key without its size: `rsa`, `rsa-pss`, `ecdsa`; other names stay. */
function familyOf(name: string): string {
  return (
    /^(rsa|rsa-pss)-\d+$|^(ecdsa)-/
      .exec(name)
      ?.slice(1)
      .find((each) => each !== undefined) ?? name
  );
}

function oidOf(name: string): string | undefined {
  if (/^[0-2](\.\d{1,32}){1,32}$/.test(name)) return name;
  return known(oids, name) ?? known(oids, familyOf(name));
}

/** 0: none, which is what holds for all that a quantum computer breaks; undefined: not known. */
function quantumLevel(name: string): number | undefined {
  const state = quantumState(name);
  if (state === 'vulnerable') return 0;
  if (state !== 'ready') return undefined;
  return (
    known(categories, name) ??
    known(categories, /^(slh-dsa)-(?:sha2|shake)-(\d{3})[sf]$/.exec(name)?.slice(1).join('-') ?? '')
  );
}

/** Modulus length, bits of the curve, or parameter set; undefined: not known. */
function parametersOf(name: string, bits: number): string | undefined {
  const set = /^(?:rsa|rsa-pss)-(\d+)$|^ml-dsa-(\d+)$|^slh-dsa-((?:sha2|shake)-\d+[sf])$/
    .exec(name)
    ?.slice(1)
    .find((each) => each !== undefined);
  return set ?? (known(curves, name) === undefined || bits === 0 ? undefined : String(bits));
}

/** An algorithm of keys, by its name in records (`ecdsa-p256`), or of signatures when `bits` is null. JSON leaves out what is undefined. */
export function algorithmAsset(ref: string, algorithm: string, bits: number | null): object {
  const name = algorithm.toLowerCase();
  const strength = bits === null ? 0 : strengthOf(name, bits);
  return {
    type: 'cryptographic-asset',
    'bom-ref': ref,
    name: algorithm,
    cryptoProperties: {
      assetType: 'algorithm',
      algorithmProperties: {
        primitive: 'signature',
        parameterSetIdentifier: bits === null ? undefined : parametersOf(name, bits),
        curve: known(curves, name),
        cryptoFunctions: bits === null ? ['sign', 'verify'] : ['keygen', 'sign', 'verify'],
        classicalSecurityLevel: typeof strength === 'number' && strength > 0 ? strength : undefined,
        nistQuantumSecurityLevel: quantumLevel(name),
      },
      oid: oidOf(name),
    },
  };
}
