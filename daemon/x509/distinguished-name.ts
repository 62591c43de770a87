/** Distinguished names (RFC 5280 section 4.1.2.4) as far as path validation and CSR checks need them: RDNs as bytes, common names as text. */
import { childrenOf, expectTag, readDer, readOid, tags } from './der.ts';

/** DER of each RelativeDistinguishedName, most general first. Pure. @throws MalformedInput */
export function relativeNames(name: Uint8Array): Uint8Array[] {
  return childrenOf(readDer(name, tags.sequence)).map((rdn) => expectTag(rdn, tags.set).whole);
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
