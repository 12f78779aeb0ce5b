"""What redis-py does with its default options; prints "done" when all is well."""

import sys

import redis

client = redis.Redis(port=int(sys.argv[1]))
assert client.ping()

assert client.set("s", "v\r\nalue", ex=100)
assert client.get("s") == b"v\r\nalue"
assert client.incrby("n", 41) == 41
assert client.get("none") is None

client.hset("h", mapping={"a": "1", "b": "2"})
assert client.hgetall("h") == {b"a": b"1", b"b": b"2"}
assert client.rpush("l", "x", "y", "z") == 3
assert client.lrange("l", 0, -1) == [b"x", b"y", b"z"]
assert client.sadd("set", "m", "n", "m") == 2
assert client.smembers("set") == {b"m", b"n"}
client.zadd("z", {"one": 1.5, "two": 2})
assert client.zrange("z", 0, -1, withscores=True) == [(b"one", 1.5), (b"two", 2.0)]

entry = client.xadd("stream", {"field": "value"})
assert client.xrange("stream") == [(entry, {b"field": b"value"})]
client.xgroup_create("stream", "group", "0")
read = client.xreadgroup("group", "me", {"stream": ">"})
assert read == [[b"stream", [(entry, {b"field": b"value"})]]]
assert client.xack("stream", "group", entry) == 1

assert client.eval("return {KEYS[1], ARGV[1]}", 1, "key", "arg") == [b"key", b"arg"]
double = client.register_script("return tonumber(ARGV[1]) * 2")
assert double(keys=["key"], args=[21]) == 42
assert client.script_exists(double.sha) == [True]

pipeline = client.pipeline(transaction=False)
for i in range(1000):
    pipeline.set(f"key:{i}", f"value {i}")
assert pipeline.execute() == [True] * 1000
keys = [f"key:{i}" for i in range(0, 1000, 2)]
assert client.mget(keys) == [f"value {i}".encode() for i in range(0, 1000, 2)]
assert len(set(client.scan_iter("key:*"))) == 1000

pipeline = client.pipeline()  # a transaction
assert pipeline.set("multi", 1).incr("multi").get("multi").execute() == [True, 2, b"2"]


def double_it(pipe):
    value = int(pipe.get("multi"))
    pipe.multi()
    pipe.set("multi", 2 * value)


assert client.transaction(double_it, "multi") == [True]
with client.pipeline() as pipe:
    pipe.watch("multi")
    client.incr("multi")
    pipe.multi()
    pipe.set("multi", 0)
    try:
        pipe.execute()
        raise AssertionError("a watched key has changed")
    except redis.WatchError:
        pass
assert client.get("multi") == b"5"
with client.lock("lock", timeout=5):
    pass
client.rpush("queue", "first")
assert client.blpop("queue", timeout=5) == (b"queue", b"first")
assert client.blpop("queue", timeout=1) is None

assert client.info()["role"] == "master"
assert client.dbsize() > 1000
assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
assert client.client_id() in [int(each["id"]) for each in client.client_list()]

third = redis.Redis(port=int(sys.argv[1]), db=3, client_name="third")
assert third.get("s") is None
assert third.client_getname() == "third"

for call, text in [
    (lambda: client.execute_command("NOSUCH", "x"), "unknown command 'NOSUCH'"),
    (lambda: client.sinter([f"many:{i}" for i in range(50)]), "different servers"),
]:
    try:
        call()
        raise AssertionError(text)
    except redis.ResponseError as error:
        assert text in str(error), error
assert client.ping()
assert client.quit()
client.close()
print("done")
