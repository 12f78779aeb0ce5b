// node embed-telemetry.mjs http://127.0.0.1:4318 127.0.0.1:6379
import { start } from 'ringway';

const [endpoint, ...servers] = process.argv.slice(2);
const ringway = await start({
  pools: { cache: { listen: '127.0.0.1:0', redis: true, servers: servers.map((at) => `${at}:1`) } },
  telemetry: { endpoint, serviceName: 'shop', sampleRate: 0.01 },
});
console.log(`clients connect to 127.0.0.1:${ringway.port}`);
process.once('SIGINT', () => ringway.stop());
