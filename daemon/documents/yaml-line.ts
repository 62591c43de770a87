/** One key and value as a line of YAML, for places that show what a declaration says. Pure. */
import { stringify } from 'yaml';

/** `max: 47d`, `algorithms: [ecdsa-p256, rsa-3072]`: one line, whatever the value is. */
export function yamlLine(name: string, value: unknown): string {
  const json = JSON.stringify(value);
  // A text of two lines stays one line as JSON, which is YAML too.
  if (json.includes('\\n')) return `${name}: ${json}`;
  const text = stringify(value, {
    collectionStyle: 'flow',
    flowCollectionPadding: false,
    lineWidth: 0,
    singleQuote: true,
  });
  return `${name}: ${text.trim().replaceAll(/\s*\n\s*/g, ' ')}`;
}
