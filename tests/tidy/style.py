"""What STYLE.md says and a program can check: banned calls with their cure, sizes, names, characters."""

import re

from tree import code_of, line_of, room_of, sources

# Pattern, what to do instead, rooms where it is at home. In code: comments and strings are not looked at.
BANNED_CODE = [
    (r"(?<![\w.>:])(?:::)?(?:umount2|unshare|setns|pivot_root)\(|(?<![\w:])::u?mount\(",
     "use podo::linux: mounts and namespaces are made in base/linux", {"base/linux"}),
    (r"(?<![\w.>:])(?:::)?syscall\(", "use podo::linux: typed calls, Errors", {"base/linux", "base/io"}),
    (r"(?<![\w.>])(?:::)?v?fork\(|(?<![\w:])::clone\(",
     "use linux::clone_process or io's subprocess", {"base/linux", "base/io"}),
    (r"\bsleep_(?:for|until)\(|(?<![\w.>:])(?:::)?(?:sleep|usleep|nanosleep)\(",
     "await a timer of the loop, which the simulator can advance",
     {"base/io", "container/runtime", "container/cgroup"}),  # whose verbs are programs without a loop
    (r"\bstd::c(?:out|err|in)\b|#\s*include\s*<(?:iostream|fstream|sstream)>",
     "use text() and a Log, or base/io", set()),
    (r"#\s*include\s*<(?:regex|format|ranges)>", "a second of compile time per file; use text()", set()),
    (r"(?<![\w.>])(?:std::)?(?:system|popen)\(", "use io's subprocess: no shell in between", set()),
    (r"(?<![\w.>])(?:std::)?s?rand\(|\bstd::(?:random_device|mt19937)", "take a podo::Random", set()),
    (r"(?<![\w.>])(?:::|std::)?(?:time|gettimeofday|clock_gettime)\(|\bstd::chrono::\w+_clock\b",
     "take a podo::Clock", {"base/core"}),
    (r"\busing namespace\b", "name what is used", set()),
    (r"(?<![\w.>])(?:::)?(?:getpw|getgr|gethostby|getaddrinfo)\w*\(",
     "a static program has no name service: read what is needed", set()),
    (r"(?<![\w.>])(?:std::|::)?strerror(?:_r)?\(", "use describe_errno: no locale, no buffer", {"base/core"}),
    (r"(?<![\w.>])assert\(|#\s*include\s*<(?:cassert|assert\.h)>", "use ENSURE: release too", set()),
    (r"\bstd::j?thread\b(?!::)|(?<![\w.>])pthread_create\(",
     "use io's blocking pool, or await on the loop", {"base/io"}),
    (r"\bNULL\b", "write nullptr", set()),
]
# In every text of the tree, comments too. The brackets keep this file from finding itself.
BANNED_TEXT = [
    (r"\b(?:T[O]DO|F[I]XME|X[X]X)\b", "do it, refuse it with a clear error, or say it in an issue"),
    (r"/hom[e]/[a-z]+/|/wor[k]/(?:main|shared)\b|/tm[p]/podo/", "a path of somebody's machine"),
]
BANNED_NAME_WORDS = {"util", "utils", "common", "helper", "helpers", "manager", "misc"}

FILE_LINES, HEADER_LINES, FUNCTION_LINES, WIDTH = 500, 200, 70, 110


def check_banned_code(tree):
    for path, text in sources(tree):
        room, code = room_of(path), code_of(text)
        if room is None or path.endswith(("_test.cpp", "_testing.h")):
            continue
        for pattern, cure, home in BANNED_CODE:
            if room in home:
                continue
            for match in re.finditer(pattern, code):
                yield f"{path}:{line_of(code, match.start())}: {match.group().strip()} - {cure}"


def check_banned_text(tree):
    for path, text in tree.items():
        for pattern, cure in BANNED_TEXT:
            for match in re.finditer(pattern, text):
                yield f"{path}:{line_of(text, match.start())}: {match.group()} - {cure}"


def check_file_sizes(tree):
    for path, text in sources(tree, ".cpp", ".h", ".py", ".c"):
        lines, bound = text.count("\n"), HEADER_LINES if path.endswith(".h") else FILE_LINES
        if lines > bound:
            yield f"{path}: {lines} lines, more than {bound}: probably two ideas, so two files"


def check_function_sizes(tree):
    for path, text in sources(tree):
        for name, first, last in functions(text):
            if last - first >= FUNCTION_LINES:
                yield f"{path}:{first}: {name} has {last - first + 1} lines, more than {FUNCTION_LINES}"


def functions(text):
    """(head, first line, last line) of every function body, by counting braces: enough for tidy code."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group())
    code = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", blank, code_of(text), flags=re.MULTILINE)
    stack, head_start, line = [], 0, 1
    for position, character in enumerate(code):
        if character == "\n":
            line += 1
        elif character == "{":
            head = " ".join(code[head_start:position].split())
            outside = all(kind == "scope" for kind, _, _ in stack)
            if re.search(r"\b(?:namespace|class|struct|union|enum|extern)\b[^()]*$", head):
                kind = "scope"
            else:
                kind = "function" if outside and ")" in head else "block"
            stack.append((kind, head[-60:], line))
        elif character == "}" and stack:
            kind, head, first = stack.pop()
            if kind == "function":
                yield head, first, line
        if character in "{};":
            head_start = position + 1


def check_characters(tree):
    """Width in characters, no blanks at the end of a line, no tabs, a newline at the end."""
    for path, text in tree.items():
        if path == "LICENSE":
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > WIDTH and not path.endswith((".json", ".md", ".txt")):
                yield f"{path}:{number}: {len(line)} wide, more than {WIDTH}{wrapping_cure(path, number)}"
            if line != line.rstrip():
                yield f"{path}:{number}: blanks at the end of the line"
            if "\t" in line:
                yield f"{path}:{number}: a tab; indent with spaces"
        if text and not text.endswith("\n"):
            yield f"{path}: no newline at the end"


def wrapping_cure(path, number):
    return f"; clang-format-19 -i --lines={number}:{number} {path}" if path.endswith((".cpp", ".h")) else ""


def check_names(tree):
    for path in tree:
        words = set(re.split(r"[_./-]", path.lower()))
        for word in sorted(words & BANNED_NAME_WORDS):
            yield f"{path}: '{word}' says nothing; name what it is"
