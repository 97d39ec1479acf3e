#!/usr/bin/env python3
"""The table of results/bugs.md, from what `ballast bugs run --format json` printed.

  scripts/bugs_table.py all.json [clients.json ...] [shrunk.json] [other.json ...] > results/bugs.md

The first run is with all checks, others may be with those of clients only, and another one
may shrink what it finds (--shrink). Of the others, those of mistakes that came before compare
portfolios, the default one first; the rest adds its mistakes to the table.
"""
import json
import sys


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def events(bug):
    """The median, or that most trials found nothing."""
    if 2 * bug["killed"] <= bug["trials"]:
        return f"({bug['killed']}/{bug['trials']})"
    return f"{bug['median_events']:,}"


def command(run):
    algorithms = sorted({bug["id"].split(".")[0] for bug in run["bugs"]})
    text = f"ballast bugs run {' '.join(algorithms)}"
    text += f" --trials {run['trials']} --budget {run['budget']}"
    if run["checks"] != "all":
        text += f" --checks {run['checks']}"
    if any("items" in bug for bug in run["bugs"]):
        text += " --shrink 10s"
    if run["portfolio"] != "default":
        text += f" --portfolio {run['portfolio']}"
    return text


def geometric_mean(bugs):
    """Of the medians that were reached."""
    product, count = 1, 0
    for bug in bugs:
        if 2 * bug["killed"] > bug["trials"] and not bug["equivalent"]:
            product *= max(1, bug["median_events"])
            count += 1
    if count == 0:
        return "-"
    low, high = 1, product
    while low < high:  # the integer root: no floating point, the same everywhere
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**count <= product else (low, middle - 1)
    return f"{low:,}"


def totals(run):
    real = [bug for bug in run["bugs"] if not bug["equivalent"]]
    killed = [bug for bug in real if 2 * bug["killed"] > bug["trials"]]
    always = [bug for bug in real if bug["killed"] == bug["trials"]]
    return (f"{len(killed)} of {len(real)} killed in most trials, {len(always)} in all; "
            f"geometric mean of the medians {geometric_mean(real)} events")


def main():
    runs = [load(path) for path in sys.argv[1:]]
    everything = runs[0]
    clients = [run for run in runs[1:] if run["checks"] == "clients"]
    shrinking = next((run for run in runs if any("items" in bug for bug in run["bugs"])),
                     everything)
    shorter = {bug["id"]: bug for bug in shrinking["bugs"] if "items" in bug}
    rows, ablations = list(everything["bugs"]), []
    for run in runs[1:]:
        if run["checks"] == "all" and run is not shrinking:
            known = {bug["id"] for bug in rows}
            more = [bug for bug in run["bugs"] if bug["id"] not in known]
            rows += more
            if not more:
                ablations.append(run)
    seen = {bug["id"]: bug for run in clients for bug in run["bugs"]}
    print("# How soon planted mistakes are found\n")
    print(f"""Made by {everything['version']} with `scripts/bugs_table.py`. Each trial sweeps seeds
of its own under the default profile, with no fault that was chosen for the mistake, until a seed
violates or the budget of events is spent; `ballast bugs list` gives the sources, `ballast bugs show
ID` the scenarios. Events are medians; (k/n) means that k of n trials found it. "Again" says that
each failing seed failed in the same way, bit for bit, when it was run again.
""")
    for run in runs:
        print(f"- `{command(run)}`: {totals(run)}")
    table = []
    for bug in rows:
        firsts = sorted(bug["first_properties"].items(), key=lambda item: (-item[1], item[0]))
        by = ", ".join(name for name, _ in firsts[:2]) or "-"
        by = "equivalent: nothing to see" if bug["equivalent"] and not firsts else by
        row = {"mistake": f"`{bug['id']}`", "class": bug["class"],
               "killed": f"{bug['killed']}/{bug['trials']}", "events": events(bug),
               "p95": f"{bug['p95_events']:,}", "first seen by": by,
               "again": "-" if bug["killed"] == 0 else "yes" if bug["replayed"] else "NO"}
        if shorter:
            short = shorter.get(bug["id"])
            row["shrunk to"] = f"{short['shrunk_items']} of {short['items']}" if short else "-"
        if clients:
            other = seen.get(bug["id"])
            row["clients' checks"] = events(other) if other else "-"
        table.append(row)
    if table:
        print("\n| " + " | ".join(table[0]) + " |")
        print("|" + "---|" * len(table[0]))
    for row in table:
        print("| " + " | ".join(row.values()) + " |")
    if ablations:
        print("\n## What the parts of the portfolio are worth\n")
        print("Medians with all checks, with one part left out but for the first column.\n")
        names = [run["portfolio"] for run in ablations]
        print("| mistake | " + " | ".join(names) + " |")
        print("|---|" + "---|" * len(names))
        for bug in rows:
            others = [{b["id"]: b for b in run["bugs"]}.get(bug["id"]) for run in ablations]
            if bug["equivalent"] or not any(others):
                continue
            cells = [events(other) if other else "-" for other in others]
            print(f"| `{bug['id']}` | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
