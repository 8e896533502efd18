"""Django's Python, for `cargo xtask counts --beside`: does what it is told on standard input, and says how long it took.

Its argument is a file with `secret` and `payloads` (size to JSON text). It answers `ready`, and each line `WORK<tab>SIZE<tab>CALLS` with
the nanoseconds of processor time that the calls took.
"""

import json
import pickle
import sys
import time

from django.conf import settings


def works(payload):
    """What is timed, by name. What is needed for it is made before."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.core import signing

    data = json.loads(payload)
    store = SessionStore()
    token = signing.dumps(data)
    record = store.encode(data)
    pickled = pickle.dumps(data, pickle.HIGHEST_PROTOCOL)
    return {
        "dumps": lambda: signing.dumps(data),
        "loads": lambda: signing.loads(token),
        "encode": lambda: store.encode(data),
        "decode": lambda: store.decode(record),
        "pickle": lambda: pickle.dumps(data, pickle.HIGHEST_PROTOCOL),
        "unpickle": lambda: pickle.loads(pickled),
    }


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        told = json.load(file)
    settings.configure(SECRET_KEY=told["secret"])
    by_size = {size: works(payload) for size, payload in told["payloads"].items()}
    print("ready", flush=True)
    for line in sys.stdin:
        work, size, calls = line.rstrip("\n").split("\t")
        call = by_size[size][work]
        start = time.thread_time_ns()
        for _ in range(int(calls)):
            call()
        print(time.thread_time_ns() - start, flush=True)


main()
