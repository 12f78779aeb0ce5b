import { askAdmin } from '../admin/admin-client.ts';
import { STATUS_ANSWER_MS } from '../limits.ts';
import { visible } from '../log.ts';
import type { Status } from '../stats/http/status.ts';
import { type Arguments, usageError } from './arguments.ts';

// As in stats/http-server.ts: not every export of node:http may be touched.
const { get } = process.getBuiltinModule('node:http');

const DEFAULT_ADDRESS = '127.0.0.1:22223';

/** Options that say where a running proxy is asked. */
export const SOURCE_OPTIONS: readonly string[] = ['http-addr=', 'admin-socket='];

export const SOURCE_HELP = [
  `  --http-addr=S      its HTTP address: host:port or a port (default: ${DEFAULT_ADDRESS})\n`,
  '  --admin-socket=S   ask its admin socket instead\n',
].join('');

/** Asks a running proxy how things are. */
export type StatusClient = () => Promise<Status>;

/** Asks over the admin socket when one is given, else over HTTP. */
export function statusClient(given: Arguments): StatusClient {
  const socket = given.text('admin-socket');
  if (socket !== null) {
    return async () => shown(JSON.stringify((await askAdmin(socket, 'status'))['status']));
  }
  const { host, port } = addressOf(given.text('http-addr') ?? DEFAULT_ADDRESS);
  return () => fetchStatus(host, port);
}

/** A status whose texts can be shown on a terminal. */
function shown(json: string): Status {
  const show = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? visible(value) : value;
  return JSON.parse(json, show) as Status;
}

function addressOf(text: string): { host: string; port: number } {
  const found = /^(?:https?:\/\/)?(?:\[([^\]]+)\]:|([^:/]*):)?([0-9]{1,5})\/?$/.exec(text);
  if (found === null) throw usageError(`'${text}' is no address; expected host:port or a port`);
  const host = found[1] ?? found[2] ?? '';
  return { host: host === '' ? '127.0.0.1' : host, port: Number(found[3]) };
}

function fetchStatus(host: string, port: number): Promise<Status> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(new Error(`no status from ${host}:${port}: ${error.message}`));
    };
    const request = get(
      { host, port, path: '/status.json', timeout: STATUS_ANSWER_MS },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', fail);
        response.on('end', () => {
          if (response.statusCode !== 200) return fail(new Error(`status ${response.statusCode}`));
          try {
            resolve(shown(text));
          } catch {
            fail(new Error('the answer is not a ringway status'));
          }
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', fail);
  });
}
