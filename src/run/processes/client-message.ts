import { ROUND_MS } from '../../limits.ts';
import type { NativeHandle } from '../../net/handles.ts';
import type { ClientState } from '../../proxy/client/moving-client.ts';
import type { Heir, MovingClient } from '../serving.ts';
import type { Peer } from './peer.ts';

interface ClientMessage {
  readonly pool: string;
  /** Absent from a process that knows no TLS. */
  readonly tls?: boolean;
  readonly state: (Omit<ClientState, 'rest'> & { readonly rest: string }) | null;
}

const TYPE = 'client';
const QUESTION = 'expect';

/** Gives a client to another process. */
export function sendClient(peer: Peer, { pool, state, tls, handle, release }: MovingClient): void {
  const encoded = state === null ? null : { ...state, rest: state.rest.toString('base64') };
  peer.tell(TYPE, { pool, tls, state: encoded }, handle, release);
}

/** Another process, as clients go to it. */
export function heirAt(peer: Peer): Heir {
  return {
    give: (client) => sendClient(peer, client),
    ask: (question) => peer.ask(QUESTION, { question }, ROUND_MS),
  };
}

/** Of the answers of several processes the first that is a refusal, if there is one. */
export function worstOf(answers: readonly { readonly refusal?: unknown }[]): object {
  return answers.find(({ refusal }) => refusal !== null) ?? answers[0] ?? {};
}

/** Answers what another process asks that gives clients. */
export function onExpected(peer: Peer, answer: (question: object) => Promise<object>): void {
  peer.on(QUESTION, ({ question }: { question: object }) => answer(question));
}

/** Takes the clients that another process gives. */
export function onClient(peer: Peer, take: (client: MovingClient) => void): void {
  peer.on(TYPE, ({ pool, tls = false, state }: ClientMessage, handle: NativeHandle | null) => {
    // It may have closed on the way.
    if (handle === null) return;
    const decoded = state === null ? null : { ...state, rest: Buffer.from(state.rest, 'base64') };
    take({ pool, tls, state: decoded, handle, release: () => handle.close() });
  });
}
