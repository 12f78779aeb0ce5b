// Rules in the words of ACL LIST and ACL GETUSER: the fewest that make the same permissions.

import { CATEGORIES } from './categories.ts';
import { ACL_COMMANDS } from './commands.ts';
import { Selector } from './selector.ts';
import type { User } from './user.ts';

const ORIGINAL = ACL_COMMANDS.filter(({ original }) => original);

/** How many commands of a category are allowed, and how many are not. */
function counted(allowed: Uint8Array, category: number): [on: number, off: number] {
  let [on, off] = [0, 0];
  for (const { id, categories } of ORIGINAL) {
    if ((categories & (1 << category)) === 0) continue;
    if (allowed[id] === 1) on++;
    else off++;
  }
  return [on, off];
}

/** The category that fits best what is left to say; -1 when none says more than it takes back. */
function bestCategory(rest: Uint8Array, adds: boolean, said: ReadonlySet<number>): number {
  let [best, fewest, most] = [-1, Infinity, 0];
  for (let category = 0; category < CATEGORIES.length; category++) {
    if (said.has(category)) continue;
    const [on, off] = counted(rest, category);
    const [same, different] = adds ? [on, off] : [off, on];
    if (same <= different) continue;
    if (different > fewest || (different === fewest && same <= most)) continue;
    [best, fewest, most] = [category, different, same];
  }
  return best;
}

/** `-@all +get`: which commands a selector allows. */
export function commandRules(selector: Selector): string {
  const adds = !selector.future;
  const [sign, opposite] = adds ? ['+', '-'] : ['-', '+'];
  const rules = [adds ? '-@all' : '+@all'];
  const soFar = new Selector();
  soFar.apply(rules[0]);
  const rest = new Selector();
  rest.allowed.set(selector.allowed);
  const said = new Set<number>();
  for (;;) {
    const best = bestCategory(rest.allowed, adds, said);
    if (best < 0) break;
    said.add(best);
    soFar.apply(`${sign}@${CATEGORIES[best]}`);
    rest.apply(`${opposite}@${CATEGORIES[best]}`);
    rules.push(`${sign}@${CATEGORIES[best]}`);
  }
  for (const { id, name } of ACL_COMMANDS) {
    const allowed = selector.allowed[id] === 1;
    if (allowed !== (soFar.allowed[id] === 1)) {
      rules.push(`${allowed ? '+' : '-'}${name}`);
      soFar.apply(rules.at(-1)!);
    }
    if (allowed) continue;
    for (const part of selector.firstArguments.get(id) ?? []) rules.push(`+${name}|${part}`);
  }
  return rules.join(' ');
}

/** By access. */
const PREFIXES = ['', '%R~', '%W~', '~'];

/** `~a* %R~b*`. */
export function keyRules({ allKeys, keys }: Selector): string {
  if (allKeys) return '~*';
  return keys.map(({ text, access }) => PREFIXES[access] + text).join(' ');
}

/** `&news:*`. */
export function channelRules({ allChannels, channels }: Selector): string {
  return allChannels ? '&*' : channels.map(({ text }) => `&${text}`).join(' ');
}

function selectorRules(selector: Selector): string {
  const reset = selector.allChannels ? '' : 'resetchannels';
  const rules = [keyRules(selector), reset, channelRules(selector), commandRules(selector)];
  return rules.filter(Boolean).join(' ');
}

/** `on`, `nopass` and the like. */
export function flagsOf({ enabled, noPassword, sanitizing }: User): string[] {
  const flags = [enabled ? 'on' : 'off'];
  if (noPassword) flags.push('nopass');
  if (sanitizing !== null) flags.push(sanitizing);
  return flags;
}

/** A line of ACL LIST. */
export function describeUser(user: User): string {
  const passwords = user.passwords.map((hash) => `#${hash}`);
  const others = user.others.map((selector) => `(${selectorRules(selector)})`);
  const parts = [...flagsOf(user), ...passwords, selectorRules(user.root), ...others];
  return `user ${user.name} ${parts.join(' ')}`;
}
