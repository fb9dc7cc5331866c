"""Waiting for a state instead of sleeping for luck."""
import time


def wait_until(predicate, timeout=20.0, what="the state", pause=0.01):
    """Polls predicate until it gives something true, and gives that."""
    end = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(pause)
