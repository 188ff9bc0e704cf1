# SPDX-License-Identifier: Apache-2.0
"""What a test in Python needs to say of a promise whether it is kept."""

import sys
import time
import traceback

_kept = 0
_broken = 0


def kept(promise):
    global _kept
    _kept += 1
    print(f"ok    {promise}", flush=True)


def broken(promise, why):
    global _broken
    _broken += 1
    print(f"FAIL  {promise}: {str(why)[:1500]}", flush=True)


def holds(promise, condition, why="it does not hold"):
    if condition:
        kept(promise)
    else:
        broken(promise, why)
    return bool(condition)


def same(promise, expected, actual):
    return holds(promise, expected == actual, f"expected {expected!r}, got {actual!r}")


def difference(expected, actual, path=""):
    """Where actual is not as expected; None: nowhere. Of objects only the expected members count.

    Something that can be called judges for itself.
    """
    if callable(expected):
        return None if expected(actual) else f"{path}: {actual!r} is not as it should be"
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            if key not in actual:
                return f"{path}/{key} is missing in {actual!r}"
            found = difference(value, actual[key], f"{path}/{key}")
            if found:
                return found
        return None
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, value in enumerate(expected):
            found = difference(value, actual[index], f"{path}/{index}")
            if found:
                return found
        return None
    if type(expected) is type(actual) and expected == actual:
        return None
    return f"{path}: expected {expected!r}, got {actual!r}"


def agrees(promise, expected, actual):
    found = difference(expected, actual)
    return holds(promise, found is None, found)


class Late(Exception):
    """What a test waits for has not come in time."""


def until(what, seconds, condition, pause=0.02):
    """Looks until a condition is true; returns what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Late(f"{what}: not within {seconds} s")
        pause_for(pause)


def pause_for(seconds):
    """Between two looks; nothing is promised to have happened after it."""
    time.sleep(seconds)


def run(tests, wanted=""):
    """Each test is a function without arguments."""
    for test in tests:
        if wanted not in test.__name__:
            continue
        before = time.monotonic()
        try:
            test()
        except Exception as failure:  # one test's end is not the others'
            broken(test.__name__, f"{type(failure).__name__}: {failure}\n{traceback.format_exc()}")
        print(f"      {test.__name__}: {time.monotonic() - before:.1f} s", flush=True)


def account():
    """Exits 1 if a promise is broken, or none was looked at."""
    print(f"{_kept} passed, {_broken} failed", flush=True)
    sys.exit(0 if _kept > 0 and _broken == 0 else 1)
