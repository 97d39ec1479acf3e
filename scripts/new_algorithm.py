#!/usr/bin/env python3
"""Makes algorithms/NAME/NAME.cc, a working algorithm to change, from the echo example.

  scripts/new_algorithm.py gossip

The name is the one that scenarios will use. Nothing else has to be edited: the build finds the file
and the file makes itself known.
"""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "algorithms/example/echo.cc"

OPENING = """\
// {name}: what it is for, in a sentence, and the paper that it follows.
//
// Made from algorithms/example/echo.cc, and still doing what that does.
"""


def known_names():
    """The names that algorithms have given themselves, and the parts of the simulator."""
    taken = {"ballast", "std", "detail"} | {path.name for path in (ROOT / "sim").iterdir()}
    for path in (ROOT / "algorithms").rglob("*"):
        if path.suffix in (".h", ".cc"):
            text = path.read_text(encoding="utf-8")
            taken |= set(re.findall(r'\bname = "(\w+)"', text))
            taken |= set(re.findall(r"\bnamespace (\w+)", text))
    return taken


def algorithm(name):
    text = EXAMPLE.read_text(encoding="utf-8")
    pascal = "".join(word.capitalize() for word in name.split("_"))
    changes = [
        (r"\A(//[^\n]*\n)+", OPENING.format(name=name)),
        (r"\bnamespace echo\b", f"namespace {name}"),
        (r"\becho::", f"{name}::"),
        (r"\bEchoNode\b", f"{pascal}Node"),
        (r'name = "echo"', f'name = "{name}"'),
        (r'summary = "[^"]*"', 'summary = "Made from the echo example."'),
    ]
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text)
        if count == 0:
            sys.exit(f"new_algorithm.py: {EXAMPLE} holds nothing like {pattern!r} any more")
    return text


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="lower case, with underscores: two_phase_commit")
    parser.add_argument("--into", type=pathlib.Path, default=ROOT / "algorithms",
                        help="the folder that gets NAME/NAME.cc (default: algorithms)")
    options = parser.parse_args()
    name = options.name
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        parser.error(f"'{name}' is no name: use lower case letters, digits and single underscores")
    path = options.into / name / f"{name}.cc"
    if path.exists() or name in known_names():
        parser.error(f"'{name}' is taken")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(algorithm(name), encoding="utf-8")
    print(f"made {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")
    print(f'next: change it, name it in a scenario ("algorithm": "{name}"), and run the scenario')
    return 0


if __name__ == "__main__":
    sys.exit(main())
