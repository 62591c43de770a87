/** Distinguished names (RFC 5280 section 4.1.2.4) as far as path validation and CSR checks need them: RDNs as bytes, common names as text. */
import { keyOf } from '../core/same.ts';
import { childrenOf, expectTag, readDer, readOid, tags, type Der } from './der.ts';
import { MalformedInput } from './malformed.ts';

/** DER of each RelativeDistinguishedName, most general first. Pure. @throws MalformedInput */
export function relativeNames(name: Uint8Array): Uint8Array[] {
  return childrenOf(readDer(name, tags.sequence)).map((rdn) => expectTag(rdn, tags.set).whole);
}

/** String types of a DirectoryString and the two others in use, by tag, as Buffer encodings; 0x1e is BMPString. */
const stringTypes: Readonly<Record<number, BufferEncoding>> = {
  0x0c: 'utf8',
  0x13: 'latin1',
  0x14: 'latin1',
  0x16: 'latin1',
  0x1e: 'utf16le',
};

/**
 * Each RelativeDistinguishedName as a text that is equal when the names are (RFC 5280 section 7.1: whatever string type, upper or lower case, runs of spaces as one).
 * Pure. @throws MalformedInput
 */
export function comparableNames(name: Uint8Array): string[] {
  return childrenOf(readDer(name, tags.sequence)).map((rdn) =>
    keyOf(
      ...childrenOf(expectTag(rdn, tags.set))
        .map((attribute) => {
          const [type, value] = childrenOf(expectTag(attribute, tags.sequence));
          return keyOf(readOid(type), ...comparableValue(value));
        })
        .sort(),
    ),
  );
}

/** What kind of value it is, and the value: no text is what a value of another kind is. */
function comparableValue(value: Der | undefined): readonly string[] {
  if (value === undefined) return [];
  const encoding = stringTypes[value.tag];
  const bytes = Buffer.from(value.content);
  if (encoding === undefined || (encoding === 'utf16le' && bytes.length % 2 !== 0)) {
    return ['der', Buffer.from(value.whole).toString('hex')];
  }
  const text = (encoding === 'utf16le' ? bytes.swap16() : bytes).toString(encoding);
  return ['text', text.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase()];
}

/** Values of one attribute of a Name, in order. @throws MalformedInput */
function valuesOf(name: Uint8Array, type: string): Der[] {
  return childrenOf(readDer(name, tags.sequence)).flatMap((rdn) =>
    childrenOf(expectTag(rdn, tags.set)).flatMap((attribute) => {
      const [id, value, ...more] = childrenOf(expectTag(attribute, tags.sequence));
      if (value === undefined || more.length > 0)
        throw new MalformedInput('an attribute of other than two parts');
      return readOid(id) === type ? [value] : [];
    }),
  );
}

/** Every common name, as text of whatever string type it has. Pure. @throws MalformedInput */
export function commonNames(name: Uint8Array): string[] {
  return valuesOf(name, '2.5.4.3').map((value) => {
    // 0x1e is BMPString (UTF-16BE); the other string types are read as UTF-8, of which ASCII is a part.
    const bytes = Buffer.from(value.content);
    return value.tag === 0x1e && bytes.length % 2 === 0
      ? bytes.swap16().toString('utf16le')
      : bytes.toString('utf8');
  });
}

/** The bytes of every emailAddress (RFC 2985 section 5.2.1) in a Name. Pure. @throws MalformedInput */
export function mailAddresses(name: Uint8Array): Uint8Array[] {
  return valuesOf(name, '1.2.840.113549.1.9.1').map(({ content }) => content);
}

/** The types of all attributes of a Name, dotted, in order. Pure. @throws MalformedInput */
export function attributeTypes(name: Uint8Array): string[] {
  return childrenOf(readDer(name, tags.sequence)).flatMap((rdn) =>
    childrenOf(expectTag(rdn, tags.set)).map((attribute) =>
      readOid(childrenOf(expectTag(attribute, tags.sequence))[0]),
    ),
  );
}
