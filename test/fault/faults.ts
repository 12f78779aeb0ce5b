import { RespClient } from '../support/resp-client.ts';
import { delay, waitFor } from '../support/wait.ts';
import type { Fault, Victim } from './scenario.ts';

const HOLD_MS = 1_000;

async function kill({ server }: Victim, lifted: () => void): Promise<void> {
  server.kill('SIGKILL');
  await waitFor('the server to be gone', () => !server.running);
  await delay(HOLD_MS / 2);
  await server.restart();
  lifted();
}

async function stop({ server }: Victim, lifted: () => void): Promise<void> {
  server.kill('SIGSTOP');
  await delay(HOLD_MS + 500);
  server.kill('SIGCONT');
  lifted();
}

async function restart({ server }: Victim, lifted: () => void): Promise<void> {
  await server.restart();
  lifted();
}

async function slow({ proxy }: Victim, lifted: () => void): Promise<void> {
  proxy.delay(60);
  await delay(HOLD_MS);
  proxy.delay(0);
  lifted();
}

async function refuse({ proxy }: Victim, lifted: () => void): Promise<void> {
  await proxy.refuse();
  await delay(HOLD_MS);
  await proxy.accept();
  lifted();
}

async function reset({ proxy }: Victim, lifted: () => void): Promise<void> {
  for (let i = 0; i < 20; i++) {
    proxy.reset();
    await delay(HOLD_MS / 20);
  }
  lifted();
}

async function halfClose({ proxy }: Victim, lifted: () => void): Promise<void> {
  for (let i = 0; i < 10; i++) {
    proxy.halfClose();
    await delay(HOLD_MS / 10);
  }
  lifted();
}

async function partition({ proxy }: Victim, lifted: () => void): Promise<void> {
  proxy.partition();
  await delay(HOLD_MS + 500);
  proxy.heal();
  lifted();
}

async function fill({ server }: Victim, lifted: () => void): Promise<void> {
  const client = await RespClient.open(server.port);
  await client.text('CONFIG', 'SET', 'maxmemory', '1mb');
  await delay(HOLD_MS);
  await client.text('CONFIG', 'SET', 'maxmemory', '0');
  lifted();
  client.close();
}

/** Every fault of the suite. */
export const FAULTS: readonly Fault[] = [
  { name: 'Redis killed, started again', redis: true, values: 'strict', befall: kill },
  { name: 'Redis stopped (SIGSTOP)', redis: true, values: 'strict', befall: stop },
  { name: 'Redis restarted', redis: true, values: 'strict', befall: restart },
  { name: 'Redis slowed by 120 ms', redis: true, values: 'strict', befall: slow },
  { name: 'Redis refuses connections', redis: true, values: 'strict', befall: refuse },
  { name: 'Redis connections reset', redis: true, values: 'strict', befall: reset },
  { name: 'Redis connections half-closed', redis: true, values: 'strict', befall: halfClose },
  { name: 'Redis cut off (partition)', redis: true, values: 'strict', befall: partition },
  { name: 'Redis full (maxmemory)', redis: true, values: 'strict', befall: fill },
  {
    name: 'Redis killed, ejected for 300 ms',
    redis: true,
    values: 'loose',
    pool: { auto_eject_hosts: true, server_retry_timeout: 300, server_failure_limit: 2 },
    befall: kill,
  },
  { name: 'memcached killed, started again', redis: false, values: 'loose', befall: kill },
  { name: 'memcached stopped (SIGSTOP)', redis: false, values: 'strict', befall: stop },
  { name: 'memcached refuses connections', redis: false, values: 'strict', befall: refuse },
  { name: 'memcached connections reset', redis: false, values: 'strict', befall: reset },
];
