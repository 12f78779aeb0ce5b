import { WITNESSES_MAX, WITNESSES_MIN } from '../../../limits.ts';
import type { Position, ReplicaConfig, SentinelConfig, ServerConfig } from '../../types.ts';
import { quote } from '../values.ts';
import { addressText, isSrv } from './srv.ts';

/** What has been read of a pool. */
interface ReadPool {
  readonly values: ReadonlyMap<string, unknown>;
  readonly positions: ReadonlyMap<string, Position>;
  readonly servers: readonly {
    readonly server: Pick<ServerConfig, 'host' | 'port' | 'name'>;
    readonly at: Position;
  }[];
  readonly replicas: readonly { readonly replica: ReplicaConfig }[];
  readonly witnesses: readonly SentinelConfig[];
}

type Report = (at: Position, key: string, message: string) => void;

const ONLY_PROMOTING = ['witnesses', 'down_after', 'promote_unfenced'];

/** Reports what does not go together with promotions, or without them. */
export function checkPromotion(pool: ReadPool, report: Report): void {
  const { values, positions } = pool;
  const at = positions.get('promote');
  if (values.get('promote') !== true || at === undefined) {
    for (const key of ONLY_PROMOTING) {
      const alone = positions.get(key);
      const message = 'only pools that promote have it; expected "promote: true" as well';
      if (alone !== undefined) report(alone, key, message);
    }
    return;
  }
  checkReplicas(pool, at, report);
  checkWitnesses(pool, at, report);
  if (values.get('allow_flush') !== true) return;
  const message = 'a witness that is flushed forgets who is the master; expected no allow_flush';
  report(positions.get('allow_flush') ?? at, 'allow_flush', message);
}

function checkReplicas(
  { servers, replicas, values }: ReadPool,
  at: Position,
  report: Report,
): void {
  if (values.get('cluster') === true) {
    report(at, 'promote', 'a cluster replaces its masters itself; expected no "promote"');
    return;
  }
  for (const { replica } of replicas) {
    if (!isSrv(replica.host)) continue;
    const what = `${addressText(replica)} may list others to each proxy`;
    report(at, 'promote', `${what}; expected "host:port" of each replica`);
  }
  for (const { server, at: place } of servers) {
    if (replicas.some(({ replica }) => replica.server === server.name)) continue;
    const name = quote(server.name);
    const message = `${name} has no replica to promote; expected one in "replicas:" as well`;
    report(place, 'promote', message);
  }
}

function checkWitnesses(pool: ReadPool, at: Position, report: Report): void {
  const { servers, replicas, witnesses, positions } = pool;
  const place = positions.get('witnesses') ?? at;
  const wrong = (message: string): void => report(place, 'witnesses', message);
  if (witnesses.length < WITNESSES_MIN || witnesses.length > WITNESSES_MAX) {
    const expected = `expected ${WITNESSES_MIN} to ${WITNESSES_MAX}, best an odd number`;
    wrong(`there are ${witnesses.length}; ${expected}`);
  }
  const own = [...servers.map(({ server }) => server), ...replicas.map(({ replica }) => replica)];
  const taken = new Set(own.map(({ host, port }) => `${host}:${port}`));
  const seen = new Set<string>();
  for (const { host, port } of witnesses) {
    const text = addressText({ host, port });
    if (isSrv(host)) wrong(`${text} may list others later; expected "host:port" of each`);
    if (taken.has(text)) {
      wrong(
        `${text} forgets what it knows when it is made a replica; expected no server of a pool`,
      );
    } else if (seen.has(text)) {
      wrong(`${text} is there twice; expected it once`);
    }
    seen.add(text);
  }
}
