import { isEarlier } from '../../backend/again/saved-requests.ts';

/** The client, as far as it is known what it was answered. */
interface Asker {
  isAnswered(slot: number): boolean;
}

/** Places of a client's requests, in their order, by the connection that has them. */
type Sent = Map<object, number[]>;

/**
 * Which connections have the requests that were sent on. One does not go to another node before
 * those of its client and slot are answered that were asked for earlier: either could be sent on
 * once more, and meet the other in the wrong order.
 */
export class SentOn {
  readonly #bySlot: WeakMap<Asker, Map<number, Sent>> = new WeakMap();

  /** @returns the place of the latest that it has to wait for; null = it may go there */
  before(client: Asker, slot: number, place: number, connection: object): number | null {
    let latest: number | null = null;
    for (const [other, places] of this.#bySlot.get(client)?.get(slot) ?? []) {
      if (other === connection) continue;
      const last = places[lowerBound(places, place) - 1];
      if (last === undefined || client.isAnswered(last)) continue;
      if (latest === null || isEarlier(latest, last)) latest = last;
    }
    return latest;
  }

  /** It is there now, and nowhere else. */
  add(client: Asker, slot: number, place: number, connection: object): void {
    const sent = this.#sentOf(client, slot);
    for (const [each, places] of sent) {
      const at = lowerBound(places, place);
      if (places[at] === place) places.splice(at, 1);
      dropAnswered(client, places);
      if (places.length === 0) sent.delete(each);
    }
    const places = sent.get(connection);
    if (places === undefined) sent.set(connection, [place]);
    else places.splice(lowerBound(places, place), 0, place);
  }

  #sentOf(client: Asker, slot: number): Sent {
    const slots = this.#bySlot.get(client) ?? new Map<number, Sent>();
    if (slots.size === 0) this.#bySlot.set(client, slots);
    const sent = slots.get(slot) ?? new Map<object, number[]>();
    if (!slots.has(slot)) {
      dropOver(client, slots);
      slots.set(slot, sent);
    }
    return sent;
  }
}

/** Slots of which everything is answered. */
function dropOver(client: Asker, slots: Map<number, Sent>): void {
  for (const [slot, sent] of slots) {
    const isOver = [...sent.values()].every((places) => client.isAnswered(places.at(-1) as number));
    if (!isOver) return;
    slots.delete(slot);
  }
}

function dropAnswered(client: Asker, places: number[]): void {
  let count = 0;
  while (count < places.length && client.isAnswered(places[count])) count++;
  if (count > 0) places.splice(0, count);
}

/** The index of the first that is not before a place. */
function lowerBound(places: readonly number[], place: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isEarlier(places[middle], place)) low = middle + 1;
    else high = middle;
  }
  return low;
}
