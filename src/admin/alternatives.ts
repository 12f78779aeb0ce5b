import { NAMES_TOLD } from '../limits.ts';

/** What there is, for whoever has asked for something else. */
export function alternatives(all: readonly { readonly name: string }[]): string {
  const told = all.slice(0, NAMES_TOLD).map(({ name }) => name);
  const more = all.length > told.length ? ` and ${all.length - told.length} more` : '';
  return `there is ${told.join(', ')}${more}`;
}
