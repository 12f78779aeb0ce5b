"""What redis-py does with a cluster whose only node is the proxy; prints "done" when all is well."""

import sys

from redis.cluster import RedisCluster

port = int(sys.argv[1])
client = RedisCluster(host="127.0.0.1", port=port)
assert [node.port for node in client.get_nodes()] == [port]
for i in range(100):
    assert client.set(f"py:{i}", i)
assert client.get("py:7") == b"7"
assert client.mget_nonatomic("py:1", "py:2", "py:3") == [b"1", b"2", b"3"]
assert client.delete("py:1") == 1
assert client.cluster_keyslot("py:1") == client.keyslot("py:1")
pipeline = client.pipeline()
for i in range(10, 20):
    pipeline.get(f"py:{i}")
assert pipeline.execute() == [str(i).encode() for i in range(10, 20)]
client.close()
print("done")
