"""Which server pymemcache takes for 1,000 keys, by several lists of servers.

In a virtual environment with `pymemcache==4.0.0`: `python make_memcached_placement.py`; `--check` compares instead of writing.
"""

import json
import pathlib
import sys

import pymemcache

FILE = pathlib.Path(__file__).parent / "vectors" / "memcached_placement.json"
KEYS = 1000
LISTS = [
    ("three ports", ":1:django.contrib.sessions.cache", ["127.0.0.1:11211", "127.0.0.1:11212", "127.0.0.1:11213"]),
    ("mixed", "shop:7:django.contrib.sessions.cache", ["cache", "[::1]:11300", "unix:/run/memcached/a.sock", "/run/memcached/b.sock"]),
    ("not ascii", "café€😀:1:django.contrib.sessions.cached_db", ["10.0.0.1:11211", "10.0.0.2:11211"]),
    ("seven", "k", [f"cache{number}.example.com:11211" for number in range(7)]),
]


def places(prefix, location):
    client = pymemcache.HashClient(location, allow_unicode_keys=True)
    servers = [pymemcache.client.base.normalize_server_spec(server) for server in location]
    keys = (f"{prefix}{number * 7919:032}" for number in range(KEYS))
    return "".join(str(servers.index(client._get_client(key).server)) for key in keys)


vectors = {
    "about": "The place in `location` of the server that pymemcache's HashClient takes for each key: the key's number times 7919, "
    "with zeros before it up to 32 digits, after `prefix`; one digit of `places` for each key.",
    "generated_with": {"pymemcache": pymemcache.__version__},
    "cases": [
        {"name": name, "prefix": prefix, "location": location, "places": places(prefix, location)}
        for name, prefix, location in LISTS
    ],
}
text = json.dumps(vectors, indent=1) + "\n"
if "--check" in sys.argv:
    sys.exit(FILE.read_text() != text)
FILE.write_text(text)
