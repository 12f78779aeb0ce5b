import { encodeRequest, verbatimReply } from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { laneOf } from '../../pool/lanes.ts';
import { forwardBytes } from '../../routing/forward.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { withPoolCounts } from '../../siblings/pool-counts.ts';
import { withServerFigures } from '../info/ask-servers.ts';
import type { ServerFigures } from '../info/figures.ts';
import { type InfoSources, SECTIONS, type Section } from '../info/sections.ts';
import type { Words } from '../words.ts';

const EVERYTHING = ['all', 'default', 'everything'];

function textOf(sections: readonly Section[], sources: InfoSources): string {
  const texts = sections.map(({ title, make }) => {
    const lines = make(sources).map((pair) => pair.join(':'));
    return [`# ${title}`, ...lines, ''].join('\r\n');
  });
  return texts.join('\r\n');
}

/** Answers INFO about ringway and all of its servers: what one Redis would say. */
function ownInfo(client: ClientConnection, wanted: readonly string[]): boolean {
  const { pool } = client;
  const { resp } = laneOf(client);
  const all = wanted.length === 0 || wanted.some((name) => EVERYTHING.includes(name));
  const sections = SECTIONS.filter(({ title }) => all || wanted.includes(title.toLowerCase()));
  const claim = client.claims.claim();
  const write = (redisVersion: string, servers: readonly ServerFigures[]): void => {
    withPoolCounts(client, (counts) => {
      const text = textOf(sections, { pool, redisVersion, counts, servers });
      claim.deliver(verbatimReply(text, resp));
    });
  };
  if (sections.some(({ ofServers }) => ofServers)) withServerFigures(client, write);
  else write('', []);
  return true;
}

/** INFO of ringway itself, or `INFO @server [section ...]`: that of one server. */
export function info(request: SpecialRequest, words: Words): boolean {
  const { client } = request;
  const { pool } = client;
  const names = words.texts(1);
  if (!names[0]?.startsWith('@')) {
    const wanted = names.map((name) => name.toLowerCase());
    return ownInfo(client, wanted);
  }
  const server = pool.servers.findIndex(({ config }) => config.ringName === names[0].slice(1));
  if (server < 0) return answer(client, replies.noSuchServer(names[0].slice(1)));
  return forwardBytes(request, server, encodeRequest([Buffer.from('INFO'), ...words.copies(2)]));
}
