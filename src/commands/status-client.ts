import { askAdmin } from '../admin/admin-client.ts';
import { ADMIN_ANSWER_BYTES, STATUS_ANSWER_MS } from '../limits.ts';
import { visible } from '../log.ts';
import type { Status } from '../stats/http/status.ts';
import { type Arguments, usageError } from './arguments.ts';

// As in stats/http-server.ts: not every export of node:http may be touched.
const { get } = process.getBuiltinModule('node:http');

const NO_STATUS = 'the answer is not a ringway status';
const DEFAULT_ADDRESS = '127.0.0.1:22223';

/** Options that say where a running proxy is asked. */
export const SOURCE_OPTIONS: readonly string[] = ['http-addr=', 'admin-socket='];

export const SOURCE_HELP = [
  `  --http-addr=S      its HTTP address: host:port or a port (default: ${DEFAULT_ADDRESS})\n`,
  '  --admin-socket=S   ask its admin socket instead\n',
].join('');

/** Asks a running proxy how things are. @param query what is wanted; empty = everything */
export type StatusClient = (query: string) => Promise<Status>;

/** Asks over the admin socket when one is given, else over HTTP. */
export function statusClient(given: Arguments): StatusClient {
  const socket = given.text('admin-socket');
  if (socket !== null) {
    return async (query) =>
      shown(JSON.stringify((await askAdmin(socket, `status ${query}`))['status']));
  }
  const { host, port } = addressOf(given.text('http-addr') ?? DEFAULT_ADDRESS);
  return (query) => fetchStatus(host, port, query === '' ? '' : `?${query}`);
}

/** A status whose texts can be shown on a terminal. */
function shown(json: string): Status {
  const show = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? visible(value) : value;
  const status = JSON.parse(json, show) as Status;
  if (!Array.isArray(status?.pools)) throw new Error(NO_STATUS);
  return status;
}

function addressOf(text: string): { host: string; port: number } {
  const found = /^(?:https?:\/\/)?(?:\[([^\]]+)\]:|([^:/]*):)?([0-9]{1,5})\/?$/.exec(text);
  if (found === null) throw usageError(`'${text}' is no address; expected host:port or a port`);
  const host = found[1] ?? found[2] ?? '';
  return { host: host === '' ? '127.0.0.1' : host, port: Number(found[3]) };
}

function fetchStatus(host: string, port: number, query: string): Promise<Status> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(new Error(`no status from ${host}:${port}: ${error.message}`));
    };
    const request = get(
      { host, port, path: `/status.json${query}`, timeout: STATUS_ANSWER_MS },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > ADMIN_ANSWER_BYTES) request.destroy(new Error('it does not end'));
        });
        response.on('error', fail);
        response.on('end', () => {
          if (response.statusCode !== 200) return fail(new Error(`status ${response.statusCode}`));
          try {
            resolve(shown(text));
          } catch {
            fail(new Error(NO_STATUS));
          }
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', fail);
  });
}
