// The process that runProbe starts: an order as JSON on standard input, the result on standard output.

import { readFileSync } from 'node:fs';
import type { ProbeOrder } from './open-loop.ts';
import { OpenLoopLoad } from './open-loop-load.ts';

const order = JSON.parse(readFileSync(0, 'utf8')) as ProbeOrder;
const load = new OpenLoopLoad(order);
try {
  process.stdout.write(JSON.stringify(await load.run()));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  load.close();
}
