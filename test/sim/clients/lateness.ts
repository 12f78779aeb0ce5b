import type { Op } from '../cases/case.ts';
import { keysOf, textOf } from './requests.ts';
import type { ClientSetting, Promptness } from './setting.ts';

/** A request that is not answered. */
export interface Open {
  readonly op: Op;
  readonly sentAt: number;
  /** Nothing else was under way. */
  readonly alone: boolean;
}

/** Microseconds in which the next answer comes when nothing is wrong (any more). */
const ANSWERED_MICROS = 10_000_000;
/** And in which an answer that a server has given is passed on, when nothing is in the way. */
const PROMPT_MICROS = 250_000;

/** Requests that no other key, and no other request of their client, lets wait. */
const OF_ONE_KEY = ['get', 'set', 'strlen', 'exists', 'incr', 'push', 'pop', 'one'];

/** Those that wait as long as they say. */
const WAITING: readonly Op['op'][] = ['await', 'confirm'];

/** How long a request that is alone may take. */
function mostOf({ op }: Open, { aloneMicros, movingMicros }: Promptness): number {
  return OF_ONE_KEY.includes(op.op) ? Math.min(aloneMicros, movingMicros()) : aloneMicros;
}

/** Whether answers come in time. */
export class Lateness {
  readonly #setting: ClientSetting;
  /** When the last one was taken. */
  #tookAt = 0;

  constructor(setting: ClientSetting) {
    this.#setting = setting;
  }

  /**
   * An answer is taken.
   * @param others requests that are under way besides @param deafUntil it was not read until then
   * @returns complaints
   */
  took(asked: Open, others: number, deafUntil: number): string[] {
    const { world, healedAt, prompt } = this.#setting;
    const now = world.micros;
    const before = this.#tookAt;
    this.#tookAt = now;
    const since = Math.max(asked.sentAt, healedAt(), deafUntil, before);
    const found = now - since > ANSWERED_MICROS ? [`waited ${this.#text(asked, since)}`] : [];
    if (prompt === null) return found;
    // In a quick network, what is late is kept back by the proxy.
    return [
      ...found,
      ...this.#passedOnLate(asked, before),
      ...this.#aloneTooLong(asked, others, mostOf(asked, prompt)),
    ];
  }

  #text({ op }: Open, since: number): string {
    return `${Math.round((this.#setting.world.micros - since) / 1000)} ms for ${textOf(op)}`;
  }

  #passedOnLate(asked: Open, before: number): string[] {
    const { world, history, disturbances } = this.#setting;
    const done = 'id' in asked.op ? history.executedAt(asked.op.id) : null;
    // One part of it may wait for its server.
    const isWhole = keysOf(asked.op).every((key) => {
      return 'id' in asked.op && history.placeOf(asked.op.id, key) !== null;
    });
    if (done === null || !isWhole) return [];
    const since = Math.max(done.at, before, disturbances.since(done.server));
    const isLate = world.micros - since > PROMPT_MICROS;
    return isLate ? [`is not told of what is done: ${this.#text(asked, since)}`] : [];
  }

  #aloneTooLong(asked: Open, others: number, most: number): string[] {
    const { world, disturbances } = this.#setting;
    if (!asked.alone || others > 0 || WAITING.includes(asked.op.op)) return [];
    const since = Math.max(asked.sentAt, disturbances.since(''));
    return world.micros - since > most ? [`waited, alone, ${this.#text(asked, since)}`] : [];
  }
}
