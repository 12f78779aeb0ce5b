// node embed.mjs 127.0.0.1:6379 127.0.0.1:6380
import { start } from 'ringway';

const servers = process.argv.slice(2).map((server, i) => `${server}:1 shard${i + 1}`);
const ringway = await start({
  pools: { cache: { listen: '127.0.0.1:0', redis: true, hash: 'murmur', timeout: 400, servers } },
});
console.log(`clients connect to 127.0.0.1:${ringway.port}`);
process.once('SIGINT', () => ringway.stop());
