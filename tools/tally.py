"""Adds up JUnit files of ctest and pytest.

    tally.py FOLDER PART...        prints "N passed, N failed[, N skipped]"
    tally.py --failed FOLDER PART  prints a regular expression of the names of what failed: for ctest

FOLDER/PART.xml is a part's result; what is in FOLDER/PART.again.xml was tried once more and counts instead,
and those that passed only then are named. A doctest program is one test to ctest and many to us: its own
summary line is counted. A file that is missing or unreadable is one failure, so a part that never ran cannot
look like success. Exit status 1: a failure.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

DOCTEST = re.compile(r"\[doctest\] test cases:\s*\d+ "
                     r"\|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped")


def count_case(case):
    """-> passed, failed, skipped"""
    failed = any(case.find(kind) is not None for kind in ("failure", "error")) \
        or case.get("status") in ("fail", "notrun")
    skipped = case.find("skipped") is not None
    summary = DOCTEST.findall("".join(text.text or "" for text in case.iter("system-out")))
    if summary:
        passed, bad, left_out = (sum(int(row[i]) for row in summary) for i in range(3))
        return passed, max(bad, int(failed)), left_out
    return int(not failed and not skipped), int(failed), int(skipped and not failed)


def read_cases(path):
    """-> {name: counts}; {} when there is no such file, or not one of results"""
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return {}
    found = {}
    for case in cases:
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        before = found.get(name, (0, 0, 0))  # pytest tells an error after a test in a case of its own
        found[name] = tuple(map(sum, zip(before, count_case(case))))
    return found


def read_part(folder, part):
    first, again = (read_cases(Path(folder, f"{part}{kind}.xml")) for kind in ("", ".again"))
    for name in first.keys() & again.keys():
        if first[name][1] and not again[name][1]:
            print(f"passed only when it ran alone: {part}: {name}")
        first[name] = again[name]
    return list(first.values()) or [(0, 1, 0)]


def failed_names(folder, part):
    cases = read_cases(Path(folder, f"{part}.xml")).items()
    return "^({})$".format("|".join(name.split("::")[-1] for name, counts in cases if counts[1]))


def main(folder, *parts):
    passed, failed, skipped = map(sum, zip(*(counts for part in parts for counts in read_part(folder, part))))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1] == "--failed":
        print(failed_names(*sys.argv[2:]))
    else:
        sys.exit(main(*sys.argv[1:]))
