/** Which keys and signatures there are, and what a quantum computer means for them. Pure. */
import type { IssuedRecord } from '../../daemon/core/record-format.ts';
import { limits } from '../../daemon/limits.ts';
import { certificateId, type Cryptography, type KeyHolders, type QuantumState } from '../src/lib/model.ts';
import type { Estate } from './estate.ts';
import { compareText } from './order.ts';
import { environmentOf } from './row.ts';

const dayMs = 86_400_000;

/** Names and OIDs of FIPS 204 (ML-DSA), FIPS 205 (SLH-DSA), their pre-hash forms, and the hash-based signatures of SP 800-208. */
const postQuantum =
  /ml-?dsa|dilithium|slh-?dsa|sphincs|falcon|fn-?dsa|\blms\b|\bhss\b|xmss|\b2\.16\.840\.1\.101\.3\.4\.3\.(?:1[7-9]|[23]\d|4[0-6])\b/g;
/** What Shor's algorithm breaks: factoring and discrete logarithms, whatever the curve. The last two are the arcs of PKCS #1 and of X9.62. */
const classical =
  /rsa|ecdsa|ed25519|ed448|eddsa|x25519|x448|\bdsa|secp|prime|brainpool|\bsm2|\b1\.2\.840\.113549\.1\.1\.|\b1\.2\.840\.10045\./;

/**
 * What a quantum computer means for an algorithm, by its name or dotted OID. NIST IR 8547: RSA, DSA, ECDSA, EdDSA and DH fall to it; ML-DSA and SLH-DSA do not;
 * composites hold while either part does. A name that is not known here is unknown, never ready. Pure.
 */
export function quantumState(algorithm: string): QuantumState {
  const name = algorithm.toLowerCase();
  const rest = name.replaceAll(postQuantum, ' ');
  if (rest !== name) return classical.test(rest) ? 'transition' : 'ready';
  return classical.test(rest) ? 'vulnerable' : 'unknown';
}

const buckets = [
  { label: 'up to 10 days', maxDays: 10 },
  { label: 'up to 47 days', maxDays: 47 },
  { label: 'up to 100 days', maxDays: 100 },
  { label: 'up to 200 days', maxDays: 200 },
  { label: 'up to 398 days', maxDays: 398 },
  { label: 'longer', maxDays: Infinity },
] as const;

/** Which step of the scale a lifetime is on. An hour more counts as the same: CAs date certificates back. */
function bucketOf({ notBefore, notAfter }: IssuedRecord): number {
  const days = (Date.parse(notAfter) - Date.parse(notBefore)) / dayMs;
  const found = buckets.findIndex(({ maxDays }) => days <= maxDays + 1 / 24);
  return found === -1 ? buckets.length - 1 : found;
}

/** A count that remembers what it counted. */
interface Tally {
  total: number;
  readonly counts: number[];
  readonly holders: Set<string>;
}

/** The section: one entry an installed certificate, because each has a key of its own. */
export function cryptographyFacts({ certificates }: Estate): Cryptography {
  const environments = [...new Set(certificates.map(environmentOf))].sort(compareText);
  const tallies = {
    keys: new Map<string, Tally & { readonly algorithm: string; readonly bits: number }>(),
    signatures: new Map<string, Tally>(),
    issuers: new Map<string, Tally>(),
  };
  const fresh = (): Tally => ({ total: 0, counts: environments.map(() => 0), holders: new Set() });
  const lifetimes = buckets.map(fresh);
  const places = new Map<string, string[]>();
  const quantum: Record<QuantumState, number> = { vulnerable: 0, transition: 0, ready: 0, unknown: 0 };
  let [empty, installations] = [0, 0];
  for (const record of certificates) {
    const environment = environments.indexOf(environmentOf(record));
    const id = certificateId(record);
    const add = (tally: Tally): void => {
      tally.total++;
      tally.counts[environment] = (tally.counts[environment] ?? 0) + 1;
      tally.holders.add(id);
    };
    for (const { issued, endpoint } of record.installations) {
      if (issued === null) {
        empty++;
        continue;
      }
      installations++;
      const { keyAlgorithm: algorithm, keyBits: bits } = issued;
      add(inMap(tallies.keys, `${algorithm} ${String(bits)}`, () => ({ ...fresh(), algorithm, bits })));
      add(inMap(tallies.signatures, issued.signatureAlgorithm, fresh));
      add(inMap(tallies.issuers, issued.issuer, fresh));
      const lifetime = lifetimes[bucketOf(issued)];
      if (lifetime !== undefined) add(lifetime);
      quantum[quantumState(algorithm)]++;
      inMap(places, issued.spki, (): string[] => []).push(`${id}@${endpoint}`);
    }
  }
  const shared = [...places].filter(([, where]) => where.length > 1);
  const { listItemsMax } = limits.site;
  return {
    environments,
    keys: mostFirst(tallies.keys).map(([, { algorithm, bits, counts, ...tally }]) => ({
      algorithm,
      bits,
      counts,
      quantum: quantumState(algorithm),
      ...countOf(tally),
    })),
    signatures: mostFirst(tallies.signatures)
      .slice(0, listItemsMax)
      .map(([algorithm, tally]) => ({ algorithm, quantum: quantumState(algorithm), ...countOf(tally) })),
    lifetimes: buckets.map(({ label }, index) => ({ label, ...countOf(lifetimes[index] ?? fresh()) })),
    issuers: mostFirst(tallies.issuers)
      .slice(0, listItemsMax)
      .map(([issuer, tally]) => ({ issuer, ...countOf(tally) })),
    quantum,
    unknown: empty,
    sharedKeys: shared
      .sort(([a, here], [b, there]) => there.length - here.length || compareText(a, b))
      .slice(0, listItemsMax)
      .map(([spki, where]) => ({ spki, places: where.slice(0, listItemsMax), placeCount: where.length })),
    sharedKeyCount: shared.length,
    installations,
  };
}

/** The entry of a key, made when there is none. */
function inMap<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function mostFirst<Entry extends Tally>(tallies: ReadonlyMap<string, Entry>): [string, Entry][] {
  return [...tallies].sort(([a, one], [b, other]) => other.total - one.total || compareText(a, b));
}

function countOf({ total, holders }: Pick<Tally, 'total' | 'holders'>): {
  readonly total: number;
  readonly holders: KeyHolders;
} {
  const certificates = [...holders].sort(compareText).slice(0, limits.site.holdersMax);
  return { total, holders: { certificates, count: holders.size } };
}
