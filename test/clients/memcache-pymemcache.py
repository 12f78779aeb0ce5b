# Default options of pymemcache; the first argument is the port. Prints "ok" when all is well.
import os
import sys

from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheClientError, MemcacheServerError

client = Client(("127.0.0.1", int(sys.argv[1])))
values = [b"", b"\x00\xff\r\nEND\r\n", os.urandom(1000), os.urandom(100_000), os.urandom(1_000_000)]
for i, value in enumerate(values):
    assert client.set(f"p{i}", value) is True
    assert client.get(f"p{i}") == value, i

many = {f"many{i}": b"value %d" % i for i in range(1000)}
assert client.set_many(many) == []
assert client.get_many(list(many)) == many
assert client.gets_many(["many1", "many2"])["many1"][0] == b"value 1"
assert client.delete_many(["many1", "many2"]) is True
assert client.get_many(["many1", "many2", "many3"]) == {"many3": b"value 3"}

value, cas = client.gets("p1")
assert client.cas("p1", b"new", cas) is True
assert client.cas("p1", b"newer", cas) is False
assert client.cas("absent", b"x", cas) is None

assert client.set("n", b"5", noreply=False)
assert client.incr("n", 3) == 8
assert client.decr("n", 1) == 7
assert client.incr("absent", 1) is None
assert client.touch("n", 100, noreply=False) is True
assert client.delete("n", noreply=False) is True
assert client.delete("n", noreply=False) is False
assert client.add("n", b"1", noreply=False) is True
assert client.add("n", b"1", noreply=False) is False
assert client.append("n", b"2", noreply=False) is True
assert client.prepend("n", b"0", noreply=False) is True
assert client.replace("absent", b"x", noreply=False) is False
assert client.get("n") == b"012"

assert client.version().startswith(b"1.")
assert b"curr_connections" in client.stats()
assert any(name.startswith(b"mc1:") for name in client.stats("servers"))
try:
    client.flush_all(noreply=False)
    raise AssertionError("flush_all is allowed")
except MemcacheClientError as error:
    assert "not allowed" in str(error)
try:
    client.set("huge", b"x" * 2_000_000, noreply=False)
    raise AssertionError("a value of 2 MB is stored")
except MemcacheServerError as error:
    assert "too large" in str(error)
assert client.get("n") == b"012"
client.quit()
print("ok")
