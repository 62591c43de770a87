/** Rule: what clients are given is at least this version of TLS. */
import { fail, notApplicable, pass, type Rule } from './rule.ts';

const versions = ['SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

export const tlsVersionMin: Rule = {
  id: 'tls-version-min',
  title: 'TLS version',
  citation: 'NIST SP 800-52 Rev. 2, section 3.1; RFC 8996',
  effectiveAt: null,
  stages: ['issued', 'observed'],
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['min'],
    properties: {
      min: { description: 'Lowest version that may be negotiated.', enum: ['TLSv1.2', 'TLSv1.3'] },
    },
  },
  explanation:
    'Old versions of TLS have known weaknesses. renewd sees the version that a modern client was given: a server that gives it an old one has nothing better; one that gives it a new one may still accept an old one from others, which this rule cannot see.',
  judge: ({ handshakes, certificate }, settings) => {
    const seen = handshakes.filter((each) => each.protocol !== null);
    if (seen.length === 0) return notApplicable;
    const min = versions.indexOf(String(settings['min']));
    const old = seen.find((each) => versions.indexOf(each.protocol ?? '') < min || min < 0);
    if (old === undefined) return pass;
    const { host, port } = old.address;
    return fail(
      `${host}:${String(port)}, where ${certificate.id} is served, negotiates ${old.protocol ?? 'nothing'}; at least ${String(settings['min'])} is demanded`,
      `Allow ${String(settings['min'])} in the configuration of the server (nginx: ssl_protocols).`,
    );
  },
};
