import { RespClient } from './resp-client.ts';
import { waitFor } from './wait.ts';

/** Waits until so many requests are sent to servers and not answered, as the stats port says. */
export async function underWay(statsPort: number, count: number): Promise<void> {
  await waitFor(`${count} requests to be under way`, async () => {
    const stats = String(await (await RespClient.open(statsPort)).readToEnd());
    return inFlight(JSON.parse(stats)) >= count;
  });
}

/** The sum of `out_queue` in the servers of pools. */
function inFlight(stats: object): number {
  return Object.entries(stats).reduce((sum, [name, value]) => {
    if (name === 'out_queue') return sum + Number(value);
    return typeof value === 'object' && value !== null ? sum + inFlight(value) : sum;
  }, 0);
}
