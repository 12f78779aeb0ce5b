"""What redis-py does when it looks for its master by sentinels; prints "done" when all is well."""

import sys

from redis.sentinel import Sentinel

sentinel = Sentinel([("127.0.0.1", int(sys.argv[1]))])
assert sentinel.discover_master("mymaster") == ("127.0.0.1", int(sys.argv[1]))
assert sentinel.discover_slaves("mymaster") == []
client = sentinel.master_for("mymaster")
for i in range(100):
    assert client.set(f"key:{i}", i)
assert client.get("key:7") == b"7"
assert sentinel.slave_for("mymaster").get("key:8") == b"8"
client.close()
print("done")
