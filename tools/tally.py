"""Adds up JUnit files of ctest and pytest:  tally.py FILE...  prints "N passed, N failed[, N skipped]".

A doctest program is one test to ctest and many to us: its own summary line is counted instead. A file that
is missing or unreadable is one failure, so a part that never ran cannot look like success. Exit status 1: a
failure.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

DOCTEST = re.compile(r"\[doctest\] test cases:\s*\d+ "
                     r"\|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped")


def count_case(case):
    failed = any(case.find(kind) is not None for kind in ("failure", "error")) \
        or case.get("status") in ("fail", "notrun")
    skipped = case.find("skipped") is not None
    summary = DOCTEST.findall("".join(text.text or "" for text in case.iter("system-out")))
    if summary:
        passed, bad, left_out = (sum(int(row[i]) for row in summary) for i in range(3))
        return passed, max(bad, int(failed)), left_out
    return int(not failed and not skipped), int(failed), int(skipped and not failed)


def count_file(path):
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return 0, 1, 0
    if not cases:
        return 0, 1, 0
    return tuple(map(sum, zip(*map(count_case, cases))))


def main(paths):
    passed, failed, skipped = map(sum, zip((0, 0, 0), *map(count_file, paths)))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
