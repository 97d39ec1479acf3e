"""The rules of the house. Each yields (path, line, what is wrong) and carries violations, as small
trees, to which it must object: `scripts/tidy.py --self-test` plants them one by one."""
import ast
import pathlib
import re
from dataclasses import dataclass
from typing import Callable

from house.bans import BANS, WORDS
from house.cxx import code_of, is_cxx, is_mutable_variable, scan
from house.exceptions import LONG_FILES, LONG_FUNCTIONS

FILE_LINES, FUNCTION_LINES, COLUMNS = 500, 70, 100

TOP_LEVEL = {
    "CMakeLists.txt", "CMakePresets.json", "README.md", "sim", "algorithms", "scenarios", "scripts",
    "tests", "results", ".ci", ".clang-format", ".clang-tidy", ".gitignore", ".github",
}

# What each part may include besides itself: dependencies point one way.
CORE = ["sim/base", "sim/protocol"]
BELOW = {
    "sim/base": [],
    "sim/protocol": ["sim/base"],
    "algorithms": CORE,
    "sim/kernel": CORE,
    "sim/history": CORE,
    "sim/check": [*CORE, "sim/kernel", "sim/history"],
    "sim/measure": [*CORE, "sim/kernel"],
    "sim/fault": [*CORE, "sim/kernel", "sim/check", "sim/measure"],
    "sim/load": [*CORE, "sim/kernel", "sim/check", "sim/measure"],
}
BELOW["sim/scenario"] = [each for each in BELOW if each != "algorithms"]
BELOW["sim/report"] = [*BELOW["sim/scenario"], "sim/scenario"]
BELOW["sim/cli"] = [*BELOW["sim/report"], "sim/report"]
BELOW["tests"] = [*BELOW["sim/cli"], "sim/cli", "algorithms"]

# Headers from outside: which, where, and the rule in words.
FOREIGN = [
    (r"nlohmann/", r"(sim/(scenario|report)/.*\.cc|sim/history/read_json\.cc|tests/.*)$",
     "JSON stays in .cc files of sim/scenario and sim/report, and in the reader of histories"),
    (r"CLI/", r"sim/cli/", "CLI11 stays in sim/cli"),
    (r"boost/", r"sim/kernel/topology\.cc$", "Boost.Graph stays in sim/kernel/topology.cc"),
    (r"doctest/", r"tests/", "doctest stays in tests"),
    (r"(sys/.*|unistd\.h|fcntl\.h|signal\.h|csignal)$", r"(sim/cli|tests)/",
     "only sim/cli talks to the operating system"),
]


class Tree:
    """Files by path, as text."""

    def __init__(self, files):
        self.files = files
        self.code = {path: code_of(text) for path, text in files.items() if is_cxx(path)}
        self.folders = {str(up) for path in files for up in pathlib.PurePosixPath(path).parents}

    def lines(self, path):
        return enumerate(self.files[path].split("\n"), 1)

    def by_hand(self):
        """What people write, as opposed to what tests feed to the reader or compare with."""
        for path in self.files:
            name = path.split("/")[-1]
            text = "." not in name or name.endswith(
                (".h", ".cc", ".py", ".md", ".txt", ".json", ".yml"))
            if text and not re.match(r"tests/(.*/)?(bad|golden)/|results/", path):
                yield path


@dataclass(frozen=True)
class Rule:
    name: str
    check: Callable
    plants: tuple


RULES = []


def rule(name, *plants):
    def add(check):
        RULES.append(Rule(name, check, plants))
        return check

    return add


def part(path):
    first, _, rest = path.partition("/")
    return f"{first}/{rest.split('/')[0]}" if first == "sim" else first


# --- Layers and words ----------------------------------------------------------------------------


@rule("layers",
      {"sim/base/low.h": '// A.\n#pragma once\n#include "sim/kernel/world.h"\n'},
      {"sim/cli/far.h": '// A.\n#pragma once\n#include "algorithms/echo.h"\n'},
      {"sim/base/low.h": '// A.\n#pragma once\n#include "ids.h"\n'},
      {"algorithms/echo.cc": '#include "sim/kernel/world.h"\n'},
      {"sim/news/a.cc": "int x();\n"})
def layers(tree):
    for path in tree.code:
        if part(path) not in BELOW:
            yield path, 1, "no such part in the design"
            continue
        for number, line in tree.lines(path):
            include = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if include and part(include[1]) not in [part(path), *BELOW[part(path)]]:
                yield path, number, f"{part(path)} must not include {include[1]}"


@rule("dependencies",
      {"sim/scenario/json.h": "// A.\n#pragma once\n#include <nlohmann/json.hpp>\n"},
      {"sim/base/low.cc": "#include <boost/graph/adjacency_list.hpp>\n"},
      {"sim/report/a.cc": "#include <unistd.h>\n"},
      {"sim/base/low.cc": "#include <zlib.h>\n"})
def dependencies(tree):
    for path, code in tree.code.items():
        for include in re.finditer(r"^[ ]*#[ ]*include[ ]*<([^>]+)>", code, re.M):
            name, number = include[1], code.count("\n", 0, include.start()) + 1
            known = [entry for entry in FOREIGN if re.match(entry[0], name)]
            for _, where, why in known:
                if not re.match(where, path):
                    yield path, number, f"<{name}>: {why}"
            if not known and re.search(r"/|\.h(pp)?$", name):
                yield path, number, f"<{name}> is a dependency that the design does not name"


def ban_rule(ban, texts):
    @rule(ban.name, {"sim/kernel/planted.cc": ban.example + "\n"})
    def check(tree):
        for path, text in texts(tree):
            if re.match(ban.where, path):
                for number in ban.lines(text):
                    yield path, number, f"instead: {ban.instead}"


for each_ban in BANS:
    ban_rule(each_ban, lambda tree: tree.code.items())
for each_ban in WORDS:
    ban_rule(each_ban, lambda tree: [(path, tree.files[path]) for path in tree.by_hand()])


@rule("global", {"sim/base/g.cc": "namespace ballast {\nint runs = 0;\n}\n"},
      {"algorithms/g.cc": "namespace {\nstd::vector<std::pair<int, int>> seen;\n}\n"})
def mutable_globals(tree):
    for path, code in tree.code.items():
        for found in scan(code) if not path.startswith("tests/") else []:
            if found.kind == "statement" and is_mutable_variable(found.text):
                yield path, found.line, f"`{found.text[:50]}`: state belongs to the run"


# --- Shape and size ------------------------------------------------------------------------------


@rule("blanks", {"sim/README.md": "a\tb\n"}, {"sim/README.md": "a \n"}, {"sim/README.md": "a"},
      {"sim/README.md": "a\r\n"}, {"sim/README.md": "a\n\n"})
def blanks(tree):
    for path in tree.by_hand():
        text = tree.files[path]
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            yield path, text.count("\n") or 1, "a file ends with exactly one line break"
        for number, line in tree.lines(path):
            if "\t" in line or line != line.rstrip():
                yield path, number, "a tab, or a blank at the end of the line"


@rule("columns", {"sim/base/wide.cc": "int x;  // " + "x" * 90 + "\n"},
      {"scripts/wide": "#!/bin/sh\n# " + "x" * 99 + "\n"})
def columns(tree):
    for path in tree.by_hand():
        if not path.endswith((".md", ".json")):
            for number, line in tree.lines(path):
                if len(line) > COLUMNS:
                    yield path, number, f"{len(line)} columns; the limit is {COLUMNS}"


@rule("header", {"sim/base/a.h": "// A.\nint x();\n"}, {"sim/base/a.h": "#pragma once\n"})
def headers(tree):
    for path, text in tree.files.items():
        if path.endswith(".h") and "\n#pragma once\n" not in text:
            yield path, 1, "a header has #pragma once"
        if path.endswith(".h") and not text.startswith("// "):
            yield path, 1, "a header opens with a comment that says what it is for"


@rule("file size", {"sim/base/long.cc": "int x();\n" * (FILE_LINES + 1)})
def file_size(tree):
    for path, text in tree.files.items():
        lines = text.count("\n")
        if path.endswith((".h", ".cc", ".py")) and lines > LONG_FILES.get(path, FILE_LINES):
            yield path, 1, f"{lines} lines; {FILE_LINES} is long: has it one reason to be opened?"


LONG_BODY = "  ;\n" * FUNCTION_LINES


@rule("function size",
      {"sim/base/long.cc": "namespace a {\nint f(int x) {\n" + LONG_BODY + "}\n}\n"},
      {"sim/base/long.cc": "struct A {\n  A() : x_(1), y_{2} {\n" + LONG_BODY + "  }\n};\n"},
      {"sim/base/long.cc": "template <class T>\nauto f(T t) -> T {\n" + LONG_BODY + "}\n"},
      {"tests/base/long.cc": 'TEST_CASE("a") {\n' + LONG_BODY + "}\n"},
      {"scripts/long.py": "def f():\n" + "    pass\n" * FUNCTION_LINES})
def function_size(tree):
    for path, name, line, lines in functions(tree):
        if lines > LONG_FUNCTIONS.get((path, name), FUNCTION_LINES):
            yield path, line, f"{name} has {lines} lines; {FUNCTION_LINES} is long"


def functions(tree):
    for path, code in tree.code.items():
        for found in scan(code):
            if found.kind == "function":
                yield path, found.name, found.line, found.lines
    for path, text in tree.files.items():
        if path.endswith(".py"):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef):
                    yield path, node.name, node.lineno, node.end_lineno - node.lineno + 1


# --- Nothing dead, nothing forgotten -------------------------------------------------------------


@rule("unbuilt", {"sim/base/forgotten.cc": "int x();\n"},
      {"sim/CMakeLists.txt": "add_library(ballast_sim STATIC\n  base/gone.cc\n)\n"},
      {"tests/base/deep/a_test.cc": "int x();\n"}, {"tests/a_test.cc": "int x();\n"})
def unbuilt(tree):
    text = tree.files.get("sim/CMakeLists.txt", "")
    named = {f"sim/{name}" for name in re.findall(r"^\s+([\w/]+\.cc)$", text, re.M)}
    present = {path for path in tree.code if re.match(r"sim/.*\.cc$", path)} - {"sim/cli/main.cc"}
    for path in sorted(present - named):
        yield path, 1, "nothing builds it: list it in sim/CMakeLists.txt"
    for path in sorted(named - present):
        yield "sim/CMakeLists.txt", 1, f"lists {path}, which does not exist"
    for path in tree.code:
        if re.match(r"tests/.*\.cc$", path) and path.count("/") != 2:
            yield path, 1, "nothing builds it: tests stand in tests/<folder>/*.cc"


@rule("dead header", {"sim/base/lonely.h": "// A.\n#pragma once\n"})
def dead_headers(tree):
    included = {name for path in tree.code
                for name in re.findall(r'^\s*#\s*include\s*"([^"]+)"', tree.files[path], re.M)}
    for path in tree.code:
        if path.endswith(".h") and path not in included:
            yield path, 1, "nothing includes it"


@rule("dead reference", {"sim/README.md": "see [the clock](kernel/sundial.h)\n"},
      {"sim/README.md": "see `sim/kernel/sundial.h`\n"},
      {"sim/base/a.cc": "// See sim/decisions/sundial.md.\n"})
def references(tree):
    ours = (r"(?<![\w/.<-])(?:sim|algorithms|scenarios|scripts|tests)/[\w/.-]+"
            r"\.(?:h|cc|md|json|py)\b")
    for path in tree.by_hand():
        for number, line in tree.lines(path):
            if path.endswith(".md"):
                for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)", line):
                    if resolve(path, target) not in tree.files.keys() | tree.folders:
                        yield path, number, f"the link to {target} leads nowhere"
            elif is_cxx(path):
                line = line.partition("//")[2]
            else:
                continue
            for target in re.findall(ours, line):
                if target not in tree.files:
                    yield path, number, f"{target} does not exist"


def resolve(path, target):
    steps = path.split("/")[:-1]
    for step in target.rstrip("/").split("/"):
        if step == "..":
            del steps[-1:]
        elif step != ".":
            steps.append(step)
    return "/".join(steps) or "."


@rule("top level", {"notes.txt": "a\n"}, {"tools/x.py": "pass\n"})
def top_level(tree):
    for name in sorted({path.split("/")[0] for path in tree.files} - TOP_LEVEL):
        yield name, 1, "not a name of the top level: it belongs into one of the folders"
