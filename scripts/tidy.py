#!/usr/bin/env python3
"""Holds the rules that no compiler holds: layers, banned words, sizes, dead references.

  scripts/tidy.py                          the whole tree, in about a second
  scripts/tidy.py --self-test              each rule must object to the violations planted beside it
  scripts/tidy.py --symbols build/release  what the objects of the simulator call at run time

A finding is one line, `path:line: rule: what is wrong`, and any finding means exit code 1. Rules
stand in scripts/house/rules.py and bans.py, exceptions with their reasons in exceptions.py.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from house import symbols  # noqa: E402
from house.exceptions import ALLOWED, LONG_FILES, LONG_FUNCTIONS  # noqa: E402
from house.rules import RULES, Tree, functions  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = 77

# What the rules must leave in peace: words in comments and literals, quotes in numbers, constants.
CLEAN = """#include <vector>
// No double, no rand() here.
namespace ballast {
constexpr long most = 1'000'000;
const std::vector<int> primes{2, 3};
struct Pair {
  Pair(int x, int y) : x_(x), y_{y} {}
  static int count(int x) { return x; }
  static constexpr int zero = 0;
  int x_ = 0;
  int y_{0};
};
void sort_all(std::vector<int> all) { std::sort(all.begin(), all.end()); }
const char* text() { return "a float // and 'time(' in \\"std::hash\\""; }
}  // namespace ballast
"""


def read_tree(root):
    git = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=False)
    if git.returncode == 0:
        paths = [root / name for name in sorted(set(git.stdout.split("\0"))) if name]
    else:  # a tree without its history
        paths = [path for path in sorted(root.rglob("*"))
                 if not {"build", "__pycache__"} & set(path.relative_to(root).parts)
                 and (path.parent.name == "results" or "results" not in path.parts)]
    return Tree({path.relative_to(root).as_posix(): path.read_bytes().decode("utf-8", "replace")
                 for path in paths if path.is_file()})


def check_tree(tree):
    """Findings as (path, line, rule, message) without the exceptions, and which of those served."""
    findings, used = [], set()
    for rule in RULES:
        for path, line, message in rule.check(tree):
            if (rule.name, path) in ALLOWED:
                used.add((rule.name, path))
            else:
                findings.append((path, line, rule.name, message))
    return findings, used


def stale_exceptions(tree, used):
    for name, path in sorted(ALLOWED.keys() - used):
        yield path, 1, "exceptions", f"nothing here needs the exception from '{name}' any more"
    lengths = {path: text.count("\n") for path, text in tree.files.items()}
    lengths |= {(path, name): lines for path, name, _, lines in functions(tree)}
    for what, lines in {**LONG_FILES, **LONG_FUNCTIONS}.items():
        if lengths.get(what, 0) < lines:
            path = what if isinstance(what, str) else what[0]
            yield path, 1, "exceptions", f"{what} has shrunk below {lines} lines: lower its limit"


def tidy():
    tree = read_tree(ROOT)
    findings, used = check_tree(tree)
    findings += stale_exceptions(tree, used)
    for path, line, name, message in sorted(findings):
        print(f"{path}:{line}: {name}: {message}")
    print(f"tidy: {len(tree.files)} files, {len(RULES)} rules, {len(findings)} findings")
    return 1 if findings else 0


def self_test():
    clean = {"sim/CMakeLists.txt": "add_library(ballast_sim STATIC\n  base/clean.cc\n)\n",
             "sim/base/clean.cc": CLEAN}
    failures = [f"{name}: objects to a clean tree: {message}"
                for _, _, name, message in check_tree(Tree(clean))[0]]
    count = 0
    for rule in RULES:
        for plant in rule.plants:
            count += 1
            if not list(rule.check(Tree(clean | plant))):
                failures.append(f"{rule.name}: does not see {plant}")
        if not rule.plants:
            failures.append(f"{rule.name}: has nothing planted")
    failures += symbols_self_test()
    for failure in failures:
        print(f"self-test: {failure}")
    print(f"self-test: {len(RULES)} rules, {count} planted violations, {len(failures)} failures")
    return 1 if failures else 0


def symbols_self_test():
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None or shutil.which("nm") is None:
        return ["symbols: no compiler or no nm on this machine"]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "planted.o")
        subprocess.run([compiler, "-std=c++20", "-O2", "-x", "c++", "-c", "-", "-o", str(path)],
                       input=symbols.PLANT, text=True, check=True)
        seen = [symbol for _, symbol, _ in symbols.findings([str(path)])]
    return [f"symbols: does not see {planted}" for planted in symbols.PLANTED
            if not any(planted in symbol for symbol in seen)]


def check_symbols(build):
    if shutil.which("nm") is None:
        print("tidy: skipped: there is no nm on this machine (package binutils)")
        return SKIPPED
    paths = symbols.objects(build)
    if not paths:
        print(f"tidy: {build} holds no objects of the simulator: build first")
        return 1
    found = list(symbols.findings(paths))
    for path, symbol, why in found:
        print(f"{path}: calls {symbol}: {why}")
    print(f"tidy: {len(paths)} objects, {len(found)} forbidden symbols")
    return 1 if found else 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--self-test", action="store_true")
    mode.add_argument("--symbols", metavar="BUILD_FOLDER")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    if options.symbols:
        return check_symbols(options.symbols)
    return tidy()


if __name__ == "__main__":
    sys.exit(main())
