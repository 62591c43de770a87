/** Rule: public certificates only for names that exist in public. */
import { concerns, fail, namesOf, notApplicable, pass, trustSetting, type Rule } from './rule.ts';

/** RFC 2606, RFC 6761, RFC 6762, RFC 8375, RFC 9476 and ICANN's reservation of `internal` (2024); the last three are used inside organisations without any standard. */
const reserved = [
  'test',
  'example',
  'invalid',
  'localhost',
  'local',
  'internal',
  'alt',
  'onion',
  'home.arpa',
  'lan',
  'corp',
  'home',
];

export const publicNames: Rule = {
  id: 'public-names',
  title: 'Names that exist in public',
  citation: 'CA/Browser Forum BR 4.2.2 and 7.1.2.7.12',
  effectiveAt: null,
  stages: ['request', 'issued', 'observed'],
  settingsSchema: { type: 'object', additionalProperties: false, properties: { ...trustSetting } },
  explanation:
    'Public CAs may only certify names that somebody owns in the public DNS. A request for an internal name is refused by the CA, and it tells the whole world the name: every public certificate is published.',
  judge: (subject, settings) => {
    if (!concerns(settings, subject)) return notApplicable;
    const { certificate, stage, facts } = subject;
    const addresses = stage === 'request' || facts === null ? certificate.ipAddresses : facts.ipAddresses;
    const internal =
      namesOf(subject).find((name) => isInternal(name)) ?? addresses.find((each) => isPrivateAddress(each));
    if (internal === undefined) return pass;
    return fail(
      `${internal} of ${certificate.id} does not exist in public`,
      `Use a private issuer for it in ${certificate.source.file}, or a name of a domain you own.`,
    );
  },
};

function isInternal(name: string): boolean {
  const plain = name.toLowerCase().replace(/^\*\./, '').replace(/\.$/, '');
  return !plain.includes('.') || reserved.some((each) => plain === each || plain.endsWith(`.${each}`));
}

/** RFC 1918, RFC 6598, loopback and link-local; RFC 4193 and RFC 4291 for IPv6. */
function isPrivateAddress(address: string): boolean {
  return /^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|0\.|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:|::1$|::$)/i.test(
    address,
  );
}
