#!/usr/bin/env python3
"""Runs what the documents show, so that they stay true.

Every ```json block that is a whole scenario is validated and run. Every ```console block is typed:
lines that begin with "$ " are commands, and what follows must be what they print; a line "..."
stands for any number of lines. usage: run_blocks.py BALLAST FILE.md...
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Where standard error is no terminal, a command that takes long says how far it is. When it does so
# depends on the machine, and no document shows it.
PROGRESS = re.compile(r"[\d,]+ of [\d,]+ runs, [\d,]+/s, .*")
SETS_UP = ("scripts/test", "scripts/nightly")  # these run this very test


def blocks(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S):
        yield text.count("\n", 0, match.start()) + 1, match.group(1), match.group(2)


def matches(expected, actual):
    """Whether the lines agree, "..." standing for any lines."""
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line) + r"\n"
                      for line in expected)
    return re.fullmatch(pattern, "".join(line + "\n" for line in actual)) is not None


def run(command, folder):
    done = subprocess.run(["bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                          env={**os.environ, "NO_COLOR": "1", "CI": "1"})
    printed = [line for line in done.stdout.splitlines() if not PROGRESS.fullmatch(line)]
    return done.returncode, printed


def check_console(where, body, ballast, folder):
    failures = []
    parts = re.split(r"^\$ ", body, flags=re.M)
    for part in parts[1:]:
        command, *expected = part.rstrip("\n").split("\n")
        if command.split()[0] in SETS_UP:
            continue
        typed = re.sub(r"^(scripts|build/release)/ballast\b", ballast, command)
        _, printed = run(typed, folder)
        if not matches([line for line in expected], printed):
            failures.append(f"{where}: $ {command}\n--- shown\n" + "\n".join(expected)
                            + "\n--- printed\n" + "\n".join(printed))
    return failures


def check_json(where, body, ballast, folder):
    stripped = re.sub(r"^\s*//.*$", "", body, flags=re.M)
    try:
        document = json.loads(stripped)
    except ValueError as error:
        return [f"{where}: not JSON: {error}"]
    if not isinstance(document, dict) or "nodes" not in document:
        return []
    file = os.path.join(folder, "block.json")
    with open(file, "w", encoding="utf-8") as out:
        out.write(body)
    failures = []
    for command, allowed in ((f"{ballast} validate block.json", (0,)),
                             (f"{ballast} run block.json --trace none --out out", (0, 1, 2))):
        code, printed = run(command, folder)
        if code not in allowed:
            failures.append(f"{where}: {command}: exit {code}\n" + "\n".join(printed))
    return failures


def main():
    ballast = os.path.abspath(sys.argv[1])
    failures, seen = [], 0
    for path in sys.argv[2:]:
        folder = tempfile.mkdtemp()
        for name in ("scenarios", "tests"):
            os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
        try:
            for line, language, body in blocks(os.path.join(ROOT, path)):
                where = f"{path}:{line}"
                if language == "console":
                    seen += 1
                    failures += check_console(where, body, ballast, folder)
                elif language == "json":
                    seen += 1
                    failures += check_json(where, body, ballast, folder)
        finally:
            shutil.rmtree(folder)
    print("\n\n".join(failures))
    print(f"{seen} blocks, {len(failures)} failures")
    return 1 if failures or seen == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
