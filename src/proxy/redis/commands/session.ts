import { DEFAULT_USER } from '../../../acl/user.ts';
import {
  arrayReply,
  bulkReply,
  bulkText,
  integerReply,
  mapReply,
} from '../../../protocol/redis/replies/encode.ts';
import { isIntegerWord } from '../../../protocol/redis/replies/integers.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { RespVersion } from '../../backend/lane.ts';
import { logIn, logOut, mayEnter, refuseLogin } from '../../client/access/login.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { MAY_WAIT } from '../../client/router.ts';
import { laneOf } from '../../pool/lanes.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { aclLogOf, DENIED_LOGIN } from '../access/acl-log.ts';
import { enterAtServer, loginAs } from '../access/login-at-server.ts';
import { clientLine } from '../clients/client-lines.ts';
import { withRedisVersion } from '../info/ask-servers.ts';
import { changeVersion, unsubscribeFromAll } from '../pubsub/subscribe.ts';
import type { Words } from '../words.ts';
import { clientNameError } from './client-names.ts';

/** AUTH password, AUTH user password. The one-word form has nutcracker's replies. */
export function authenticate({ client }: SpecialRequest, words: Words): boolean {
  const { count } = words;
  if (count > 3) return answer(client, replies.SYNTAX_ERROR);
  const named = count === 3;
  const { users, clientAuth, loginsAtServer } = client.pool.config;
  if (loginsAtServer) {
    const login = loginAs(named ? words.text(1) : null, words.copy(count - 1));
    return enterAtServer(client, login, laneOf(client).resp, (claim) => claim.deliver(replies.OK));
  }
  if (!named && users !== null && users.default.noPassword) {
    return answer(client, replies.AUTH_WITHOUT_NEED);
  }
  if (!named && users === null && clientAuth === null) {
    return answer(client, replies.NO_PASSWORD_SET);
  }
  const user = named ? words.text(1) : DEFAULT_USER;
  if (mayEnter(client, user, words.copy(count - 1))) {
    logIn(client, user);
    return answer(client, replies.OK);
  }
  if (users !== null) return refuseUser(client, words.text(0), user);
  // A wrong password takes the login away, as nutcracker does; without one there is none to lose.
  logOut(client);
  return refuseLogin(client, named ? replies.WRONG_PASS : replies.INVALID_PASSWORD);
}

/** With users a client stays what it was, as in Redis. */
function refuseUser(client: ClientConnection, command: string, user: string): true {
  const inMulti = client.session.transaction !== null;
  const denial = { reason: DENIED_LOGIN, inMulti, object: command, user };
  aclLogOf(client.pool).add(denial, clientLine(client));
  return refuseLogin(client, replies.WRONG_PASS);
}

interface Hello {
  resp: RespVersion;
  login: [user: string, password: Buffer] | null;
  name: string | null;
}

/** Reads HELLO's words. @param resp if they name none @returns the error when they are wrong */
function readHello(words: Words, resp: RespVersion): Hello | Buffer {
  const { count } = words;
  const hello: Hello = { resp, login: null, name: null };
  if (count > 1) {
    const version = words.text(1);
    if (!isIntegerWord(version)) {
      return replies.error('Protocol version is not an integer or out of range');
    }
    if (version !== '2' && version !== '3') return replies.NO_PROTO;
    hello.resp = version === '2' ? 2 : 3;
  }
  for (let i = 2; i < count; i++) {
    const option = words.text(i).toUpperCase();
    if (option === 'AUTH' && i + 2 < count) {
      hello.login = [words.text(i + 1), words.copy(i + 2)];
      i += 2;
    } else if (option === 'SETNAME' && i + 1 < count) {
      hello.name = words.text(i + 1);
      const error = clientNameError(hello.name);
      if (error !== null) return error;
      i++;
    } else {
      return replies.syntaxErrorIn('HELLO', words.text(i));
    }
  }
  return hello;
}

/** HELLO [version [AUTH user password] [SETNAME name]]. */
export function hello({ client, intent }: SpecialRequest, words: Words): boolean {
  // Messages change their form with the reply, and not while others are under way.
  if (client.subscribed && client.pipeline.outstanding > 0 && intent === MAY_WAIT) {
    client.barrier();
    return false;
  }
  const asked = readHello(words, laneOf(client).resp);
  if (Buffer.isBuffer(asked)) return answer(client, asked);
  if (asked.login !== null && client.pool.config.loginsAtServer) {
    const login = loginAs(...asked.login);
    return enterAtServer(client, login, asked.resp, (claim) => tellHello(client, asked, claim));
  }
  if (asked.login !== null) {
    const [user] = asked.login;
    if (!mayEnter(client, ...asked.login)) {
      if (client.pool.config.users === null) return refuseLogin(client, replies.WRONG_PASS);
      return refuseUser(client, words.text(0), user);
    }
    logIn(client, user);
  }
  if (!client.authenticated) return answer(client, replies.NO_AUTH_FOR_HELLO);
  const { db, tracking, login } = laneOf(client);
  const lane = client.pool.lanes.find(db, asked.resp, tracking, login);
  if (lane === null) return answer(client, replies.TOO_MANY_LANES);
  client.enterLane(lane);
  tellHello(client, asked, client.claims.claim());
  if (client.subscribed) client.barrier();
  return true;
}

/** Its login, if it has one, is good, and its lane is the one it asks for. */
function tellHello(client: ClientConnection, asked: Hello, claim: Claim): void {
  if (asked.name !== null) client.session.name = asked.name;
  withRedisVersion(client, (version) => {
    claim.deliver(helloReply(client, asked.resp, version));
    changeVersion(client);
  });
}

function helloReply(client: ClientConnection, resp: RespVersion, version: string): Buffer {
  return mapReply(
    [
      [bulkText('server'), bulkText('redis')],
      [bulkText('version'), bulkText(version)],
      [bulkText('proto'), integerReply(resp)],
      [bulkText('id'), integerReply(client.session.number)],
      [bulkText('mode'), bulkText('standalone')],
      [bulkText('role'), bulkText('master')],
      [bulkText('modules'), arrayReply([])],
    ],
    resp,
  );
}

/** RESET: everything as it was when the client connected. */
export function reset(request: SpecialRequest): boolean {
  const { client } = request;
  // It comes whatever CLIENT REPLY said.
  const claim = client.claims.heard();
  unsubscribeFromAll(client, () => {
    if (!client.closed) beginAnew(client);
    claim.deliver(replies.RESET);
  });
  return true;
}

function beginAnew(client: ClientConnection): void {
  client.session.clear();
  logOut(client);
  client.enterLane(client.pool.lanes.first);
}

/** PING, with a word or without. */
export function ping({ client }: SpecialRequest, words: Words): boolean {
  const { count } = words;
  if (count > 2) return answer(client, replies.wrongArity('PING'));
  return answer(client, count === 1 ? replies.PONG : bulkReply(words.copy(1)));
}

/** ROLE: to its clients ringway is a master without replicas. */
export function role(request: SpecialRequest): boolean {
  const parts = [bulkText('master'), integerReply(0), arrayReply([])];
  return answer(request.client, arrayReply(parts));
}
