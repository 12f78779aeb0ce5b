import { connect } from 'node:net';
import { waitFor } from './wait.ts';

/** Waits until so many requests are sent to servers and not answered, as the stats port says. */
export async function underWay(statsPort: number, count: number): Promise<void> {
  await waitFor(`${count} requests to be under way`, async () => {
    const stats = JSON.parse(await textOf(statsPort)) as Record<string, unknown>;
    return inFlight(stats) >= count;
  });
}

/** All that comes from a port until the other side closes. */
async function textOf(port: number): Promise<string> {
  let text = '';
  for await (const chunk of connect(port, '127.0.0.1')) text += String(chunk);
  return text;
}

/** The sum of `out_queue` in the servers of pools. */
function inFlight(stats: object): number {
  return Object.entries(stats).reduce((sum, [name, value]) => {
    if (name === 'out_queue') return sum + Number(value);
    return typeof value === 'object' && value !== null ? sum + inFlight(value) : sum;
  }, 0);
}
