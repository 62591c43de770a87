/** Distinguished names (RFC 5280 section 4.1.2.4) as far as path validation and CSR checks need them: RDNs as bytes, common names as text. */
import { childrenOf, expectTag, readDer, readOid, tags, type Der } from './der.ts';

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
    childrenOf(expectTag(rdn, tags.set))
      .map((attribute) => {
        const [type, value] = childrenOf(expectTag(attribute, tags.sequence));
        return JSON.stringify([readOid(type), comparableValue(value)]);
      })
      .sort()
      .join('+'),
  );
}

function comparableValue(value: Der | undefined): string {
  if (value === undefined) return '';
  const encoding = stringTypes[value.tag];
  const bytes = Buffer.from(value.content);
  if (encoding === undefined || (encoding === 'utf16le' && bytes.length % 2 !== 0)) {
    return `#${Buffer.from(value.whole).toString('hex')}`;
  }
  const text = (encoding === 'utf16le' ? bytes.swap16() : bytes).toString(encoding);
  return text.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
}

/** Every common name, as text of whatever string type it has. Pure. @throws MalformedInput */
export function commonNames(name: Uint8Array): string[] {
  const found: string[] = [];
  for (const rdn of childrenOf(readDer(name, tags.sequence))) {
    for (const attribute of childrenOf(expectTag(rdn, tags.set))) {
      const [type, value] = childrenOf(expectTag(attribute, tags.sequence));
      if (value === undefined || readOid(type) !== '2.5.4.3') continue;
      // 0x1e is BMPString (UTF-16BE); the other string types are read as UTF-8, of which ASCII is a part.
      const bytes = Buffer.from(value.content);
      found.push(
        value.tag === 0x1e && bytes.length % 2 === 0
          ? bytes.swap16().toString('utf16le')
          : bytes.toString('utf8'),
      );
    }
  }
  return found;
}
