# Default options of pylibmc, and some common ones; the first argument is the port.
import os
import sys

import pylibmc

address = f"127.0.0.1:{sys.argv[1]}"
values = [b"", b"\x00\xff\r\nEND\r\n", os.urandom(1000), os.urandom(100_000), os.urandom(1_000_000)]
for behaviors in ({}, {"tcp_nodelay": True, "ketama": True}, {"cas": True}, {"no_block": True}):
    client = pylibmc.Client([address], behaviors=behaviors)
    for i, value in enumerate(values):
        assert client.set(f"l{i}", value) is True
        assert client.get(f"l{i}") == value, i

    many = {f"l-many{i}": b"value %d" % i for i in range(1000)}
    assert client.set_multi(many) == []
    assert client.get_multi(list(many)) == many
    assert client.delete_multi(["l-many1", "l-many2"]) is True
    assert client.get_multi(["l-many1", "l-many3"]) == {"l-many3": b"value 3"}

    client.delete("l-n")
    assert client.add("l-n", 5) is True
    assert client.add("l-n", 5) is False
    assert client.incr("l-n", 3) == 8
    assert client.decr("l-n", 1) == 7
    assert client.replace("l-n", 9) is True
    assert client.touch("l-n", 100) is True
    assert client.delete("l-n") is True
    assert client.get("l-n") is None
    assert client.set("l-s", "a") and client.append("l-s", "b") and client.prepend("l-s", "c")
    assert client.get("l-s") == "cab"
    if "cas" in behaviors:
        client.set("l-c", "a")
        _, cas = client.gets("l-c")
        assert client.cas("l-c", "b", cas) is True
        assert client.cas("l-c", "c", cas) is False
    assert "curr_connections" in client.get_stats()[0][1]
    try:
        client.set("l-huge", os.urandom(2_000_000))
        raise AssertionError("a value of 2 MB is stored")
    except pylibmc.Error:
        pass
    assert client.get("l-s") == "cab"
    client.disconnect_all()
print("ok")
