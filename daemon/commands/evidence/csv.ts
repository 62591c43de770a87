/** Tables as CSV (RFC 4180) that a spreadsheet shows and never executes. */

/** One cell: quoted where needed; a beginning that a spreadsheet takes for a formula (CWE-1236) is kept from being one by an apostrophe. Pure. */
export function csvCell(value: string): string {
  const oneLine = value.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ');
  const plain = /^[=+\-@\t\r]/.test(oneLine) ? `'${oneLine}` : oneLine;
  return /[",\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** A table with its heads. Pure. */
export function csvTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}
