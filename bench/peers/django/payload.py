"""The session that /fill/SIZE stores."""

import hashlib
import json
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "payload"
SMALL = (FOLDER / "300.json").read_text()
LARGE = (FOLDER / "10k.json").read_text()


def session_of(size):
    """`300`, `10k`, or about as many bytes of JSON as the number says."""
    if size == "300":
        return json.loads(SMALL)
    if size == "10k":
        return json.loads(LARGE)
    return padded(int(size))


def padded(size):
    padding = []
    length = len(SMALL) + len(',"padding":[]')
    while length < size:
        n = len(padding)
        # Looks random, so that compression does not make the padding vanish.
        k = hashlib.sha256(str(n).encode()).hexdigest()[:16]
        padding.append({"k": k, "n": n})
        length += len(f'{{"k":"{k}","n":{n}}},')
    return {**json.loads(SMALL), "padding": padding}
