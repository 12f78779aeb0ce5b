/** So many names are told to who has mistaken one. */
const NAMES_TOLD = 20;

/** What there is, for whoever has asked for something else. */
export function alternatives(all: readonly { readonly name: string }[]): string {
  const told = all.slice(0, NAMES_TOLD).map(({ name }) => name);
  const more = all.length > told.length ? ` and ${all.length - told.length} more` : '';
  return `there is ${told.join(', ')}${more}`;
}
