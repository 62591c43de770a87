/** How the endpoint's script is called where it is not installed: it travels with each call. */
import { randomBytes } from 'node:crypto';

/**
 * A call of `script` with `words`, reading `input`: words of a command, and what goes over its standard input. The script is evaluated from there by any POSIX shell:
 * as a word of the command it would have to fit into one packet (RFC 4253 section 6.1 promises 35,000 bytes, and some servers take no more) and get through every
 * login shell. `input` without an ended last line gets one. Pure but for the mark, which no input can know.
 */
export function directCall(
  script: string,
  words: readonly string[],
  input: Uint8Array = new Uint8Array(),
): { readonly words: readonly string[]; readonly input: Uint8Array } {
  const mark = `renewd-input-${randomBytes(16).toString('hex')}`;
  const end = input.length === 0 || input.at(-1) === 0x0a ? '' : '\n';
  return {
    words: ['/bin/sh', '-c', 'eval "$(cat)"', 'renewd-direct', ...words],
    input: Buffer.concat([
      Buffer.from(`{\n${script}\n} <<'${mark}'\n`),
      input,
      Buffer.from(`${end}${mark}\nexit $?\n`),
    ]),
  };
}
