/** The one error of this room: bytes that are not what they claim to be. It never escapes as anything else. */

/** Hostile or damaged DER or PEM. Callers catch it and say where the bytes came from; the message holds none of them. */
export class MalformedInput extends Error {
  override readonly name = 'MalformedInput';
}
