#!/usr/bin/env python3
"""Holds scenarios/schema.json to what `ballast` generates, and each shipped scenario to it.

  validate_schema.py BALLAST

Exit code 77, skipped, where the package python3-jsonschema is missing.
"""
import copy
import json
import os
import pathlib
import re
import subprocess
import sys

DEBIAN_PYTHON = "/usr/bin/python3"
try:
    import jsonschema
except ImportError:
    # The package belongs to Debian's own Python, which need not be the first one found.
    if sys.executable != DEBIAN_PYTHON and os.path.exists(DEBIAN_PYTHON):
        os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, *sys.argv])
    print("skipped: no module jsonschema (package python3-jsonschema)")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMA = ROOT / "scenarios/schema.json"


def without_comments(text):
    """JSON with comments as an editor takes it; strings are left alone."""
    return re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', lambda m: m[1] or "", text, flags=re.S)


def read(path):
    return json.loads(without_comments(path.read_text(encoding="utf-8")))


def spoilt(scenario):
    """Scenarios that the schema must refuse: one that allows everything would prove nothing."""
    for change in ({"nodez": {}}, {"duration": ["a list"]}, {"seed": "a word"}, {"nodes": 5}):
        yield {**copy.deepcopy(scenario), **change}


def problems(ballast):
    generated = subprocess.run([ballast, "schema"], capture_output=True, text=True,
                               check=True).stdout
    if generated != SCHEMA.read_text(encoding="utf-8"):
        yield f"{SCHEMA.name}: not what `ballast schema` prints now; write it again"
    schema = json.loads(generated)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    paths = [path for path in sorted(ROOT.glob("scenarios/**/*.json")) if path != SCHEMA]
    if not paths:
        yield "no scenario to validate"
    for path in paths:
        scenario = read(path)
        for error in validator.iter_errors(scenario):
            yield f"{path.relative_to(ROOT)}: {error.json_path}: {error.message[:200]}"
        for wrong in spoilt(scenario):
            if validator.is_valid(wrong):
                yield f"{path.relative_to(ROOT)}: the schema accepts a spoilt copy of it"
    print(f"{len(paths)} scenarios")


def main():
    found = list(problems(sys.argv[1]))
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
