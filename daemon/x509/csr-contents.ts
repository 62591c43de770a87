/**
 * What a CSR may say beside its key and its names: a list of what is allowed, part by part. Everything else is refused, whether it is known
 * or not and whether it is critical or not: some CA would copy it into the certificate.
 */
import {
  extensionIds,
  readBasicConstraints,
  readKeyUsageBits,
  readUsages,
  type Extension,
} from './certificate.ts';
import { childrenOf, expectTag, readDer, readOid, tags, type Der } from './der.ts';

type Extensions = ReadonlyMap<string, Extension>;

/** extensionRequest (RFC 2985 section 5.4.2), and Microsoft's older identifier for the same, which CAs still read. */
export const extensionRequests: readonly string[] = ['1.2.840.113549.1.9.14', '1.3.6.1.4.1.311.2.1.14'];

/** The first part that is not on the list, as a phrase that continues "the CSR ...", or null. Pure. @throws MalformedInput */
export function excessOf(
  subject: Uint8Array,
  attributes: Der | undefined,
  extensions: Extensions,
): string | null {
  return (
    excessOfSubject(subject) ?? excessOfAttributes(attributes) ?? excessOfExtensions(extensions, subject)
  );
}

/** String types in which a common name is written: UTF8String, PrintableString, IA5String. */
const nameTypes: readonly number[] = [0x0c, 0x13, 0x16];

/** Nothing, or one common name. */
function excessOfSubject(subject: Uint8Array): string | null {
  const [rdn, ...more] = childrenOf(readDer(subject, tags.sequence));
  if (rdn === undefined) return null;
  const attributes = childrenOf(expectTag(rdn, tags.set));
  if (more.length > 0 || attributes.length !== 1) return 'has a subject of more than one common name';
  const [type, value, ...rest] = childrenOf(expectTag(attributes[0], tags.sequence));
  if (readOid(type) !== '2.5.4.3')
    return `has a subject with ${readOid(type)}, where only a common name is allowed`;
  return rest.length === 0 && value !== undefined && nameTypes.includes(value.tag)
    ? null
    : 'has a common name of an unusual type';
}

/** Nothing, or one list of extensions: no challengePassword, no unstructuredName, nothing of a vendor. */
function excessOfAttributes(attributes: Der | undefined): string | null {
  for (const attribute of attributes === undefined ? [] : childrenOf(attributes)) {
    const [type, , ...more] = childrenOf(expectTag(attribute, tags.sequence));
    const id = readOid(type);
    if (!extensionRequests.includes(id) || more.length > 0)
      return `has the attribute ${id}, where only a list of extensions is allowed`;
  }
  return null;
}

/** Extensions a CSR may ask for, each with what it must say. The names are compared with the plan elsewhere. */
const allowed: Readonly<
  Record<string, (extensions: Extensions, critical: boolean, subject: Uint8Array) => boolean>
> = {
  // RFC 5280 section 4.2.1.6: critical only where the subject is empty.
  [extensionIds.subjectAltName]: (_, critical, subject) =>
    !critical || childrenOf(readDer(subject)).length === 0,
  // digitalSignature, and keyEncipherment for RSA: what every TLS key is for.
  [extensionIds.keyUsage]: (extensions) =>
    (readKeyUsageBits(extensions) ?? []).every((bit) => bit === 0 || bit === 2),
  [extensionIds.extendedKeyUsage]: (extensions, critical) =>
    !critical && readUsages(extensions).every((usage) => usage === 'serverAuth' || usage === 'clientAuth'),
  [extensionIds.basicConstraints]: (extensions) => {
    const { isCa, pathLength } = readBasicConstraints(extensions);
    return !isCa && pathLength === null;
  },
};

function excessOfExtensions(extensions: Extensions, subject: Uint8Array): string | null {
  if (readBasicConstraints(extensions).isCa) return 'asks for a CA certificate';
  for (const [id, { critical }] of extensions) {
    const fits = allowed[id];
    if (fits === undefined) return `asks for the extension ${id}, which was not planned`;
    if (!fits(extensions, critical, subject))
      return `asks for the extension ${id} in a form that was not planned`;
  }
  return null;
}
