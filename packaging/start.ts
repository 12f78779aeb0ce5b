// What `npm start` shows: four real Redis servers, and ringway in front of them. bootstrap.mjs runs it.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, isPortFree } from '../test/support/free-port.ts';
import {
  ensureServers,
  findBinary,
  type RealServer,
  startRedis,
} from '../test/support/real-servers.ts';
import { waitFor } from '../test/support/wait.ts';

const NAMES = ['ada', 'grace', 'edsger', 'barbara'];
/** One for each of the servers. */
export const DEMO_KEYS = ['banana', 'grape', 'kiwi', 'mango'];
/** Where the status page is tried first. */
const HTTP_PORT = 22223;
const CLI = fileURLToPath(new URL('../cli/ringway.js', import.meta.url));

/** Runs the demo until it is stopped or ringway ends; resolves to the exit code. */
export async function demo(): Promise<number> {
  const port = portFrom('RINGWAY_PORT', 22121);
  const statsPort = portFrom('RINGWAY_STATS_PORT', 22222);
  await requireFree({ RINGWAY_PORT: port, RINGWAY_STATS_PORT: statsPort });
  ensureServers();

  const stopped = firstSignal();
  const dir = mkdtempSync(join(tmpdir(), 'ringway-demo-'));
  const servers: RealServer[] = [];
  let ringway: ChildProcess | undefined;
  // For exits that skip the finally block.
  process.on('exit', () => {
    if (ringway && !hasEnded(ringway)) ringway.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });
  try {
    for (const _name of NAMES) servers.push(await startRedis());
    const file = join(dir, 'nutcracker.yml');
    const text = configuration(port, servers);
    writeFileSync(file, text);
    console.log(`\n${file}\n\n${indent(text)}`);

    // Beside another ringway the usual port is taken.
    const http = `127.0.0.1:${(await isPortFree(HTTP_PORT)) ? HTTP_PORT : await freePort()}`;
    const args = [CLI, '-c', file, '-s', String(statsPort), '-a', '127.0.0.1'];
    args.push('--http-addr', http);
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    ringway = child;
    const ended = new Promise<number>((resolve) => {
      child.on('exit', (code) => resolve(code ?? 1));
    });
    const ready = waitFor('ringway', async () => hasEnded(child) || (await answersPing(port)));
    const early = await Promise.race([ready, stopped]);
    if (early === true && !hasEnded(child)) {
      console.log(instructions(port, statsPort, http, servers, file));
    }

    const code = await Promise.race([ended, stopped]);
    if (code === 'signal') return 0;
    console.error(`ringway ended with exit code ${code}; stopping the demo`);
    return code;
  } finally {
    if (ringway) await end(ringway);
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(dir, { recursive: true, force: true });
  }
}

function portFrom(variable: string, fallback: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new Error(`${variable}=${text} is not a port number (1 to 65535)`);
}

/** @throws when one of the ports, by their variables, is in use: told together, with others that are free */
export async function requireFree(ports: Readonly<Record<string, number>>): Promise<void> {
  const taken: string[] = [];
  const others: string[] = [];
  for (const [variable, port] of Object.entries(ports)) {
    if (await isPortFree(port)) continue;
    taken.push(String(port));
    others.push(`${variable}=${await freePort()}`);
  }
  if (taken.length === 0) return;
  const what = taken.length === 1 ? `port ${taken[0]} is` : `ports ${taken.join(' and ')} are`;
  throw new Error(`${what} already in use; choose others: ${others.join(' ')} npm start`);
}

/** @param servers what is known of them: their ports */
export function configuration(port: number, servers: readonly { readonly port: number }[]): string {
  return [
    'demo:',
    `  listen: 127.0.0.1:${port}`,
    '  redis: true',
    '  hash: murmur',
    '  hash_tag: "{}"',
    '  distribution: ketama',
    '  timeout: 400',
    '  servers:',
    ...servers.map((server, i) => `   - 127.0.0.1:${server.port}:1 ${NAMES[i]}`),
    '',
  ].join('\n');
}

function instructions(
  port: number,
  statsPort: number,
  http: string,
  servers: readonly RealServer[],
  file: string,
): string {
  const ringway = `node ${relative('', CLI)}`;
  const pairs = DEMO_KEYS.map((key, i) => `${key} ${i + 1}`).join(' ');
  const tries = [
    [request(port, `mset ${pairs}`), 'the keys spread over the servers'],
    [request(port, `mget ${DEMO_KEYS.join(' ')}`), 'one request collects them again'],
    [request(servers[0].port, "keys '*'"), `what ${NAMES[0]} holds of them`],
    [`${ringway} top --http-addr ${http}`, 'requests and servers, in the terminal'],
    [`${ringway} bench ${port} --seconds=5`, 'something to see there: 1000 requests a second'],
    [`${ringway} explain kiwi -c ${file}`, 'why that key is where it is'],
  ];
  const width = Math.max(...tries.map(([line]) => line.length));
  return [
    '',
    `ringway is ready on 127.0.0.1:${port}, in front of four Redis servers:`,
    ...servers.map((server, i) => `    ${NAMES[i].padEnd(8)} 127.0.0.1:${server.port}`),
    '',
    `Its status page: http://${http}/`,
    `Its stats, one line of JSON: port ${statsPort}`,
    '',
    'Try this in another terminal:',
    ...tries.map(([line, comment]) => `    ${line.padEnd(width)} # ${comment}`),
    '',
    'Ctrl-C stops everything.',
    '',
  ].join('\n');
}

/** A line for the shell that sends a request, with a program that is there: Node, if no client is. */
export function request(
  port: number,
  words: string,
  client: string | null = findBinary(['redis-cli', 'valkey-cli']) ?? null,
): string {
  if (client !== null) return `${basename(client)} -p ${port} ${words}`;
  const send = `require("net").connect(${port}).end("${words.replaceAll("'", '')}\\r\\n")`;
  return `node -e '${send}.pipe(process.stdout)'`;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ');
}

/** Resolves when the user wants to end the demo. */
function firstSignal(): Promise<'signal'> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => resolve('signal'));
    }
  });
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('*1\r\n$4\r\nPING\r\n'));
    const done = (good: boolean) => {
      socket.destroy();
      resolve(good);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', (chunk) => done(chunk.toString('latin1').startsWith('+PONG')));
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await gone;
  clearTimeout(timer);
}
