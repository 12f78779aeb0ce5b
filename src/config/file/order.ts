/** nutcracker's order of names: shorter first, equal lengths by byte value. Latin1 strings. */
export function compareBytes(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
