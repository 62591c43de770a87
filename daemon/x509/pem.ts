/**
 * PEM text (RFC 7468) to DER bytes and back. Reads strictly, so that every decoder finds the same blocks: what another one would see as a
 * block, or see otherwise, is refused. Text between blocks is skipped. Knows nothing of what is inside a block.
 */
import { limits } from '../limits.ts';
import { MalformedInput } from './malformed.ts';

/** Older labels that OpenSSL reads as certificates: where they stand, two programs would see two lists. */
const otherLabels: Readonly<Record<string, readonly string[]>> = {
  CERTIFICATE: ['X509 CERTIFICATE', 'TRUSTED CERTIFICATE'],
};

/**
 * The DER of every block with this label, in order of appearance; other blocks are skipped. Pure. An empty list when there is none.
 * @param label what stands after BEGIN: `CERTIFICATE` unless told
 * @throws MalformedInput when the text is larger than `limits.x509.pemMaxChars`, has too many blocks, or a block is damaged: it stands inside
 * another or in the middle of a line, has headers or blanks, is base64 that could be written otherwise, or has a label that means the same
 */
export function pemToDer(pem: string, label = 'CERTIFICATE'): Uint8Array[] {
  if (pem.length > limits.x509.pemMaxChars) throw new MalformedInput('the PEM text is too long');
  const found = new Map<string, Uint8Array[]>();
  let count = 0;
  let open: { readonly label: string; readonly lines: string[] } | null = null;
  // Line by line and not by one regular expression: the work stays linear in the text, whatever the text.
  for (const line of pem.split('\n')) {
    const plain = withoutBlanks(line);
    const border = borderOf(plain);
    if (border === null) {
      open?.lines.push(plain);
    } else if (border.is === 'BEGIN') {
      if (open !== null) throw new MalformedInput(`a PEM block of ${open.label} has no end`);
      if (++count > limits.x509.pemBlocksMax) throw new MalformedInput('the PEM text has too many blocks');
      open = { label: border.label, lines: [] };
    } else {
      if (open?.label !== border.label)
        throw new MalformedInput(`a PEM block of ${border.label} has no beginning`);
      // Only what is asked for is decoded: a private key beside it stays text that nobody read.
      if (open.label === label) found.set(label, [...(found.get(label) ?? []), decode(open.lines, label)]);
      else if (otherLabels[label]?.includes(open.label) === true)
        throw new MalformedInput(`a PEM block of ${open.label}: write it as ${label}`);
      open = null;
    }
  }
  if (open !== null) throw new MalformedInput(`a PEM block of ${open.label} has no end`);
  return found.get(label) ?? [];
}

/** A line that begins or ends a block, or null. @throws MalformedInput for one with something before or behind, which some decoders read and some do not */
function borderOf(line: string): { readonly is: 'BEGIN' | 'END'; readonly label: string } | null {
  if (!line.includes('-----BEGIN ') && !line.includes('-----END ')) return null;
  const [, is, label = ''] = /^-----(BEGIN|END) ([A-Z0-9][A-Z0-9 ]{0,63})-----$/.exec(line) ?? [];
  if (is !== 'BEGIN' && is !== 'END') throw new MalformedInput('a PEM border that is not a line of its own');
  return { is, label };
}

/** RFC 7468 section 2: blanks at the end of a line are not seen, and carry the line ends of other systems. */
function withoutBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && ' \t\r'.includes(line.charAt(end - 1))) end--;
  return line.slice(0, end);
}

function decode(lines: readonly string[], label: string): Uint8Array {
  const text = lines.join('');
  const bytes = Buffer.from(text, 'base64');
  // Written again it must be the same: no blanks, headers, padding inside, or bits behind the last byte.
  if (text === '' || bytes.toString('base64') !== text)
    throw new MalformedInput(`a PEM block of ${label} is not base64`);
  return new Uint8Array(bytes);
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
