/** The errors of this room: bytes that are not what they claim to be, and bytes that ask for more work than anything honest. Nothing else escapes. */

/** Hostile or damaged DER or PEM. Callers catch it and say where the bytes came from; the message holds none of them. */
export class MalformedInput extends Error {
  override readonly name = 'MalformedInput';
}

/** A verdict would cost more than `limits.x509` gives one verdict: it is "no", and says so. */
export class TooMuchWork extends MalformedInput {}
