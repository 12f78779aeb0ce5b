import { createHash } from 'node:crypto';
import type { Literals } from '../support/request-templates.ts';
import type { Content } from '../support/touched-keys.ts';

// The grammar of every command that goes by its keys, as templates (support/request-templates.ts).

const SCRIPT = "for _, k in ipairs(KEYS) do redis.call('DUMP', k) end return #KEYS";

/** A function that does the same as SCRIPT. */
export const FUNCTION = `#!lua name=keys
redis.register_function{function_name='touches', flags={'no-writes'}, callback=function(KEYS)
for _, k in ipairs(KEYS) do redis.call('DUMP', k) end return #KEYS end}`;

/** Words that no template can spell. */
export const LITERALS: Literals = {
  SCRIPT,
  SHA: createHash('sha1').update(SCRIPT).digest('hex'),
};

/** Valid requests of the commands of Redis 7.0, by what their keys hold meanwhile. */
export const TEMPLATES: Readonly<Record<Content, string>> = {
  string: `
COPY K K ( DB 0 )? ( REPLACE )?
DEL ( K )+
DUMP K
EXISTS ( K )+
EXPIRE K 100 ( NX | XX | GT | LT )?
EXPIREAT K 99999999999 ( NX | XX | GT | LT )?
EXPIRETIME K
MEMORY USAGE K ( SAMPLES N )?
MOVE K 1
OBJECT ENCODING K
OBJECT FREQ K
OBJECT IDLETIME K
OBJECT REFCOUNT K
PERSIST K
PEXPIRE K 100000 ( NX | XX | GT | LT )?
PEXPIREAT K 99999999999999 ( NX | XX | GT | LT )?
PEXPIRETIME K
PTTL K
RENAME K K
RENAMENX K K
RESTORE K 0 PAYLOAD REPLACE ( ABSTTL | FREQ N )*
TOUCH ( K )+
TTL K
TYPE K
UNLINK ( K )+
APPEND K W
BITCOUNT K ( I I ( BYTE | BIT )? )?
BITFIELD K ( GET u4 N | SET u4 N N | INCRBY i5 N I | OVERFLOW ( WRAP | SAT ) )+
BITFIELD_RO K ( GET u4 N )+
BITOP ( ( AND | OR | XOR ) K ( K )+ | NOT K K )
BITPOS K 1 ( 0 ( I )? )?
GET K
GETBIT K N
GETDEL K
GETEX K ( EX 100 | PX 100000 | PERSIST | EXAT 99999999999 )?
GETRANGE K I I
GETSET K W
LCS K K ( LEN | IDX ( MINMATCHLEN N | WITHMATCHLEN )* )?
MGET ( K )+
MSET ( K W )+
MSETNX ( K W )+
PSETEX K 100000 W
SET K W ( NX | XX )? ( GET )? ( EX 100 | PX 100000 | KEEPTTL )?
SETBIT K N 1
SETEX K 100 W
SETNX K W
SETRANGE K N W
STRLEN K
SUBSTR K I I
EVAL SCRIPT ( #( K ) ( W )* | 0 ( W )* )
EVAL_RO SCRIPT ( #( K ) ( W )* | 0 ( W )* )
EVALSHA SHA ( #( K ) ( W )* | 0 ( W )* )
EVALSHA_RO SHA ( #( K ) ( W )* | 0 ( W )* )
FCALL touches ( #( K ) ( W )* | 0 ( W )* )
FCALL_RO touches ( #( K ) ( W )* | 0 ( W )* )`,
  integer: `
DECR K
DECRBY K I
INCR K
INCRBY K I
INCRBYFLOAT K F`,
  hash: `
HDEL K ( W )+
HEXISTS K W
HGET K W
HGETALL K
HINCRBY K W I
HINCRBYFLOAT K W F
HKEYS K
HLEN K
HMGET K ( W )+
HMSET K ( W W )+
HRANDFIELD K ( N ( WITHVALUES )? )?
HSCAN K 0 ( MATCH W | COUNT N )*
HSET K ( W W )+
HSETNX K W W
HSTRLEN K W
HVALS K`,
  list: `
LINDEX K I
LINSERT K ( BEFORE | AFTER ) W W
LLEN K
LMOVE K K ( LEFT | RIGHT ) ( LEFT | RIGHT )
LMPOP #( K ) ( LEFT | RIGHT ) ( COUNT N )?
LPOP K ( N )?
LPOS K W ( RANK N | COUNT N | MAXLEN N )*
LPUSH K ( W )+
LPUSHX K ( W )+
LRANGE K I I
LREM K I W
LSET K 0 W
LTRIM K 0 I
RPOP K ( N )?
RPOPLPUSH K K
RPUSH K ( W )+
RPUSHX K ( W )+
SORT K ( BY W | LIMIT N N | GET W | GET # | ASC | DESC | ALPHA | STORE K )*
SORT K ( BY W | GET W | STORE K | STORE K )*
SORT_RO K ( BY W | LIMIT N N | GET W | GET # | ASC | DESC | ALPHA )*`,
  set: `
SADD K ( W )+
SCARD K
SDIFF ( K )+
SDIFFSTORE K ( K )+
SINTER ( K )+
SINTERCARD #( K ) ( LIMIT N )?
SINTERSTORE K ( K )+
SISMEMBER K W
SMEMBERS K
SMISMEMBER K ( W )+
SMOVE K K W
SPOP K ( N )?
SRANDMEMBER K ( N )?
SREM K ( W )+
SSCAN K 0 ( MATCH W | COUNT N )*
SUNION ( K )+
SUNIONSTORE K ( K )+`,
  zset: `
ZADD K ( NX | XX )? ( CH )? ( F W )+
ZADD K XX ( GT | LT )? ( F W )+
ZADD K ( XX )? INCR F W
ZCARD K
ZCOUNT K 0 5
ZDIFF #( K ) ( WITHSCORES )?
ZDIFFSTORE K #( K )
ZINCRBY K F W
ZINTER #( K ) ( WEIGHTS =( F ) | AGGREGATE ( SUM | MIN | MAX ) | WITHSCORES )*
ZINTERCARD #( K ) ( LIMIT N )?
ZINTERSTORE K #( K ) ( WEIGHTS =( F ) | AGGREGATE ( SUM | MIN | MAX ) )*
ZLEXCOUNT K - +
ZMPOP #( K ) ( MIN | MAX ) ( COUNT N )?
ZMSCORE K ( W )+
ZPOPMAX K ( N )?
ZPOPMIN K ( N )?
ZRANDMEMBER K ( N ( WITHSCORES )? )?
ZRANGE K I I ( REV | WITHSCORES )*
ZRANGE K 0 5 BYSCORE ( LIMIT 0 N | WITHSCORES )*
ZRANGEBYLEX K - + ( LIMIT 0 N )?
ZRANGEBYSCORE K 0 5 ( WITHSCORES | LIMIT 0 N )*
ZRANGESTORE K K 0 I ( REV )?
ZRANGESTORE K K 0 5 BYSCORE ( LIMIT 0 N )?
ZRANK K W
ZREM K ( W )+
ZREMRANGEBYLEX K - +
ZREMRANGEBYRANK K I I
ZREMRANGEBYSCORE K 0 5
ZREVRANGE K I I ( WITHSCORES )?
ZREVRANGEBYLEX K + - ( LIMIT 0 N )?
ZREVRANGEBYSCORE K 5 0 ( WITHSCORES | LIMIT 0 N )*
ZREVRANK K W
ZSCAN K 0 ( MATCH W | COUNT N )*
ZSCORE K W
ZUNION #( K ) ( WEIGHTS =( F ) | AGGREGATE ( SUM | MIN | MAX ) | WITHSCORES )*
ZUNIONSTORE K #( K ) ( WEIGHTS =( F ) | AGGREGATE ( SUM | MIN | MAX ) )*
GEOADD K ( NX | XX )? ( CH )? ( 1.5 2.5 W )+
GEODIST K W W ( m | km )?
GEOHASH K ( W )*
GEOPOS K ( W )*
GEORADIUS K 1 2 900 km ( WITHCOORD | WITHDIST | WITHHASH | COUNT N ( ANY )? | ASC | DESC )*
GEORADIUS K 1 2 900 km ( COUNT N ( ANY )? | ASC | DESC | STORE K | STOREDIST K )*
GEORADIUSBYMEMBER K W 900 km ( WITHCOORD | WITHDIST | COUNT N ( ANY )? | ASC | DESC )*
GEORADIUSBYMEMBER K W 900 km ( COUNT N ( ANY )? | ASC | DESC | STORE K | STOREDIST K )*
GEORADIUS_RO K 1 2 900 km ( WITHCOORD | WITHDIST | WITHHASH | COUNT N ( ANY )? | ASC | DESC )*
GEORADIUSBYMEMBER_RO K W 900 km ( WITHCOORD | WITHDIST | COUNT N ( ANY )? | ASC | DESC )*
GEOSEARCH K FROMMEMBER W BYRADIUS 900 km ( ASC | COUNT N ( ANY )? | WITHDIST )*
GEOSEARCH K ( COUNT N )? FROMLONLAT 1 2 BYBOX 900 900 km ( DESC | WITHCOORD )*
GEOSEARCHSTORE K K FROMMEMBER W BYRADIUS 900 km ( ASC | COUNT N ( ANY )? | STOREDIST )*
GEOSEARCHSTORE K K BYBOX 900 900 km FROMLONLAT 1 2 ( STOREDIST )?`,
  stream: `
XACK K W ( 1-1 )+
XADD K ( NOMKSTREAM )? ( ( MAXLEN | MINID ) ( ~ | = )? 5 )? * ( W W )+
XAUTOCLAIM K W W 0 0 ( COUNT N | JUSTID )*
XCLAIM K W W 0 ( 1-1 )+ ( IDLE 5 | TIME 5 | RETRYCOUNT N | FORCE | JUSTID | LASTID 1-1 )*
XDEL K ( 1-1 )+
XLEN K
XPENDING K W ( ( IDLE 0 )? - + N ( W )? )?
XRANGE K - + ( COUNT N )?
XREAD ( COUNT I )* STREAMS 2( K ; ( 0 | 0-0 | $ | 1-1 ) )
XREADGROUP ( COUNT I | NOACK )* GROUP W W ( COUNT I | NOACK )* STREAMS 2( K ; ( 0 | > ) )
XREADGROUP ( COUNT I | NOACK | GROUP W W )* GROUP W W STREAMS 2( K ; ( 0 | 1-1 | > ) )
XREVRANGE K + - ( COUNT N )?
XSETID K 9-9 ( ENTRIESADDED 9 MAXDELETEDID 1-1 )?
XTRIM K ( MAXLEN | MINID ) ( ~ | = )? N
XGROUP CREATECONSUMER K W W
XGROUP DELCONSUMER K W W
XGROUP DESTROY K W
XGROUP SETID K W ( 0 | $ | 1-1 ) ( ENTRIESREAD N )?
XINFO CONSUMERS K W
XINFO GROUPS K
XINFO STREAM K ( FULL ( COUNT N )? )?`,
  'bare-stream': `
XGROUP CREATE K W ( 0 | $ | 1-1 ) ( MKSTREAM | ENTRIESREAD N )*`,
  hll: `
PFADD K ( W )*
PFCOUNT ( K )+
PFMERGE K ( K )*`,
};

/** Commands that Redis 7.0 does not have: where their keys are, as their documentation has it. */
export const LATER = `
DELEX K ( ( IFEQ | IFNE | IFDEQ | IFDNE ) W )?
DELIFEQ K W
DIGEST K
MSETEX #( K W ) ( NX | XX )? ( EX N | PX N | EXAT N | PXAT N | KEEPTTL )?
HEXPIRE K N ( NX | XX | GT | LT )? FIELDS #( W )
HEXPIREAT K N ( NX | XX | GT | LT )? FIELDS #( W )
HEXPIRETIME K FIELDS #( W )
HGETDEL K FIELDS #( W )
HGETEX K ( EX N | PX N | EXAT N | PXAT N | PERSIST )? FIELDS #( W )
HPERSIST K FIELDS #( W )
HPEXPIRE K N ( NX | XX | GT | LT )? FIELDS #( W )
HPEXPIREAT K N ( NX | XX | GT | LT )? FIELDS #( W )
HPEXPIRETIME K FIELDS #( W )
HPTTL K FIELDS #( W )
HSETEX K ( FNX | FXX )? ( EX N | PX N | EXAT N | PXAT N | KEEPTTL )? FIELDS #( W W )
HTTL K FIELDS #( W )
XACKDEL K W ( KEEPREF | DELREF | ACKED )? IDS #( 1-1 )
XDELEX K ( KEEPREF | DELREF | ACKED )? IDS #( 1-1 )
XREAD ( COUNT I | MAXCOUNT N | MAXSIZE N )* STREAMS 2( K ; ( 0 | $ ) )
XREADGROUP ( COUNT I | NOACK | CLAIM N )* GROUP W W ( CLAIM N )? STREAMS 2( K ; ( 0 | > ) )
XREADGROUP ( MAXCOUNT N | CLAIM N )* GROUP W W ( MAXSIZE N )? STREAMS 2( K ; ( 0 | > ) )
CMS.MERGE K #( K ) ( WEIGHTS =( N ) )?
JSON.MGET ( K )+ W
JSON.MSET ( K W W )+
TDIGEST.MERGE K #( K ) ( COMPRESSION N | OVERRIDE )*
TS.CREATERULE K K AGGREGATION W N ( N )?
TS.DELETERULE K K
TS.MADD ( K N F )+`;

/** Templates, one a line. */
export function lines(text: string): string[] {
  return text.trim().split('\n');
}
