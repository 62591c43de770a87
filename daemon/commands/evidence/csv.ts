/** Tables as CSV (RFC 4180) that a spreadsheet shows and never executes. */

/**
 * One cell: quoted where needed; a beginning that a spreadsheet takes for a formula (CWE-1236) is kept from being one by an apostrophe. Beginnings are those of
 * the cell, with or without blanks before it, in ASCII and in full width (East Asian editions take both), and those after a semicolon: where the decimal sign
 * is a comma, a spreadsheet splits there and knows nothing of our quotes. Pure.
 */
export function csvCell(value: string): string {
  const oneLine = value.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  const plain = oneLine.replaceAll(/(^|;)(["'\s]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g, "$1'$2");
  return /[",;\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** A table with its heads. Pure. */
export function csvTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}
