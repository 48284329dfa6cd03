# SPDX-License-Identifier: GPL-2.0-only
"""strict.py COMMAND [EXPRESSION]: check that stdin is one line of strict JSON, with
the answer or the error of this command of pcibufctl. Print the value of EXPRESSION,
in which d is the JSON."""
import json
import sys


def unique(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"twice the same key: {keys}"
    return dict(pairs)


def refuse(constant):
    raise ValueError(f"{constant} is no JSON")


text = sys.stdin.buffer.read()
assert text.endswith(b"\n") and text.count(b"\n") == 1, "not one line"
text.decode("ascii")
d = json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
assert d["schema"] == 1, d
assert d["command"] == (sys.argv[1] or None), d
assert isinstance(d["ok"], bool), d
if not d["ok"]:
    assert set(d["error"]) == {"name", "exit", "message", "cure"}, d
if len(sys.argv) > 2:
    print(eval(sys.argv[2]))
