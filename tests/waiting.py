"""How tests of every part wait for something that becomes true."""

import time


def wait_until(condition, seconds=10, what="it"):
    """What the condition says, once it is true. `what` is a text for the failure, or makes one.

    Looks often at first, then less: what looks is a program, as a rule, and other tests run beside it.
    """
    began = time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        passed = time.monotonic() - began
        if passed >= seconds:
            raise AssertionError(f"{what() if callable(what) else what} did not come true within {seconds} s")
        time.sleep(min(0.5, max(0.01, passed / 10)))
