"""How tests of every part wait for something that becomes true."""

import time


def wait_until(condition, seconds=10, what="it"):
    """What the condition says, once it is true. `what` is a text for the failure, or makes one.

    A condition of what is not there yet (LookupError), as a pod its controller has not made, is not true yet.
    Looks often at first, then less: what looks is a program, as a rule, and other tests run beside it.
    """
    began = time.monotonic()
    while True:
        refused = None
        try:
            if value := condition():
                return value
        except LookupError as error:
            refused = error
        passed = time.monotonic() - began
        if passed >= seconds:
            said = what() if callable(what) else what
            raise AssertionError(f"{said} did not come true within {seconds} s") from refused
        time.sleep(min(0.5, max(0.01, passed / 10)))
