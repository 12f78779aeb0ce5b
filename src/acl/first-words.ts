/**
 * What a client says before anybody knows who it is, and to begin anew: no rule forbids it, and
 * nobody gives it another name. Upper case.
 */
export const FIRST_WORDS: ReadonlySet<string> = new Set(['AUTH', 'HELLO', 'QUIT', 'RESET']);
