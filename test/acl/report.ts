import { startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { compareVerdicts } from './oracle.ts';

// npm run acl-report [VERDICTS] [SEED]: random requests of random users, judged by the rules of
// ringway and by a real Redis. Ends with status 1 when one is judged differently.

const [count = '100000', seed = '1'] = process.argv.slice(2);
const redis = await startRedis();
const [admin, client] = await Promise.all([1, 2].map(() => RespClient.open(redis.port)));
const counts = await compareVerdicts(admin, client, Number(count), Number(seed));
const { differences, ...figures } = counts;
console.log(JSON.stringify(figures));
for (const difference of differences.slice(0, 20)) console.log(difference);
console.log(`${differences.length} differences`);
admin.close();
client.close();
await redis.stop();
process.exit(differences.length === 0 ? 0 : 1);
