/** Redis's rule for the names of clients and libraries: visible ASCII without blanks. */
export function isClientName(name: string): boolean {
  return /^[!-~]*$/.test(name);
}
