// node transaction.mjs 22121
import { createClient } from 'redis';

const client = await createClient({ url: `redis://127.0.0.1:${process.argv[2]}` }).connect();
const add = (cart, total) => client.multi().set(cart, 'tea').incrBy(total, 2).exec();
await add('cart:7', 'total:7').catch(({ message }) => console.log(message));
console.log(await add('{7}:cart', '{7}:total'));
await client.close();
