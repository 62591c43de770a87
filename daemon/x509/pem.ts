/**
 * PEM text (RFC 7468) to DER bytes and back. Reads strictly: text outside blocks is skipped, a damaged block is refused.
 * Knows nothing of what is inside a block.
 */
import { limits } from '../limits.ts';
import { MalformedInput } from './malformed.ts';

/**
 * The DER of every block with this label, in order of appearance; other blocks are skipped. Pure. An empty list when there is none.
 * @param label what stands after BEGIN: `CERTIFICATE` unless told
 * @throws MalformedInput when the text is larger than `limits.x509.pemMaxChars`, has too many blocks, or a block is damaged
 */
export function pemToDer(pem: string, label = 'CERTIFICATE'): Uint8Array[] {
  if (pem.length > limits.x509.pemMaxChars) throw new MalformedInput('the PEM text is too long');
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  const blocks: Uint8Array[] = [];
  // By indexOf and not by one regular expression: the work stays linear in the text, whatever the text.
  for (let at = pem.indexOf(begin); at !== -1; at = pem.indexOf(begin, at)) {
    if (blocks.length >= limits.x509.pemBlocksMax)
      throw new MalformedInput('the PEM text has too many blocks');
    const stop = pem.indexOf(end, at);
    if (stop === -1) throw new MalformedInput(`a PEM block of ${label} has no end`);
    blocks.push(decode(pem.slice(at + begin.length, stop), label));
    at = stop + end.length;
  }
  return blocks;
}

function decode(body: string, label: string): Uint8Array {
  const text = body.replace(/[ \t\r\n]+/g, '');
  if (text.length % 4 !== 0 || text === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw new MalformedInput(`a PEM block of ${label} is not base64`);
  }
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/**
 * One PEM block: 64 characters a line, `\n`, with the last line ended (concatenating files without it breaks PEM). Pure.
 * @param label what stands after BEGIN: `CERTIFICATE` unless told
 */
export function derToPem(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
