// node embed-reload.mjs 127.0.0.1:6379
import { start } from 'ringway';

const text = (timeout) =>
  `cache:\n  listen: 127.0.0.1:0\n  redis: true\n  timeout: ${timeout}\n  servers:\n    - ${process.argv[2]}:1\n`;
const ringway = await start({ text: text(400), log: { level: 3, write: () => {} } });
const before = ringway.port;
await ringway.reload({ text: text(200) });
console.log(ringway.port === before, ringway.config.pools[0].timeoutMs);
await ringway.reload({ text: text('soon') }).catch(({ message }) => console.log(message));
await ringway.stop();
