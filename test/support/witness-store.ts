import { PROXY_ALIVE_MS } from '../../src/limits.ts';

/** What a witness keeps of one shard. */
type Fields = Map<string, string>;

/** A model of what the script of witnesses does. */
export class SimWitnessStore {
  readonly #shards: Map<string, Fields> = new Map();

  /** The epoch of a record that is done; 0 = none is. */
  doneEpoch(key: string): number {
    const h = this.#shards.get(key);
    return h?.get('done') === '1' ? Number(h.get('epoch')) : 0;
  }

  /** @param now in milliseconds @returns what the script answers */
  ask(key: string, [op, id, ...rest]: readonly string[], now: number): string[] {
    const h: Fields = this.#shards.get(key) ?? new Map();
    this.#shards.set(key, h);
    const number = (name: string): number => Number(h.get(name) ?? '0');
    const granted = this.#do(h, op, id, rest, now, number);
    let [live, down, frozen] = [0, 0, 0];
    for (const [name, value] of [...h]) {
      if (!name.startsWith('p:')) continue;
      const [at, state] = value.split(' ');
      if (Math.abs(now - Number(at)) > PROXY_ALIVE_MS) {
        h.delete(name);
        continue;
      }
      live++;
      if (state === '1') down++;
      if (state === '2') frozen++;
    }
    const text = (name: string): string => String(number(name));
    const record = [text('epoch'), h.get('address') ?? '', h.get('done') ?? '0', text('written')];
    return [granted ? '1' : '0', ...record, text('term'), ...[live, down, frozen].map(String)];
  }

  #do(
    h: Fields,
    op: string,
    id: string,
    rest: readonly string[],
    now: number,
    number: (name: string) => number,
  ): boolean {
    const write = (epoch: string, address: string, term: string, done: string): void => {
      h.set('epoch', epoch).set('address', address).set('written', term).set('done', done);
    };
    if (op === 'report') {
      const [state, epoch, address, term] = rest;
      h.set(`p:${id}`, `${now} ${state}`);
      const isNews = Number(epoch) === number('epoch') && h.get('done') !== '1';
      if (Number(epoch) > number('epoch') || (Number(epoch) > 0 && isNews)) {
        write(epoch, address, term, '1');
      }
      return true;
    }
    const [term] = rest;
    if (op === 'prepare') {
      const left = number('lease') - now;
      const isFree = left <= 0 || left > Number(rest[1]) || h.get('by') === id;
      if (!isFree || Number(term) <= number('term')) return false;
      h.set('term', term)
        .set('by', id)
        .set('lease', String(now + Number(rest[1])));
      return true;
    }
    if (h.get('by') !== id || number('term') !== Number(term)) return false;
    if (op === 'release') {
      h.set('lease', '0');
      return true;
    }
    if (Number(rest[1]) < number('epoch')) return false;
    write(rest[1], rest[2], term, rest[3]);
    return true;
  }
}
