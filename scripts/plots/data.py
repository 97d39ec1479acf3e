"""Reads what `ballast run` and `ballast sweep` wrote."""
import csv
import json
import os
import re
from dataclasses import dataclass, field

UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class NoData(Exception):
    """What was asked for cannot be drawn; the text says why."""


def seconds(text):
    """"1.5s" -> 1.5"""
    number, unit = re.fullmatch(r"(-?[\d.]+)([a-z]+)", text).groups()
    return float(number) * UNITS[unit]


def number(text):
    """The value of "300/s", "5%", "150ms", "1/50" or "0.02"; None for words."""
    rate = re.fullmatch(r"([\d.]+)/([\d.]*)([a-z]+)", text)
    if rate and rate[3] in UNITS:
        return float(rate[1]) / (float(rate[2] or 1) * UNITS[rate[3]])
    span = re.fullmatch(r"(-?[\d.]+)([a-z]+)", text)
    if span and span[2] in UNITS:
        return seconds(text)
    share = re.fullmatch(r"(-?[\d.]+)%", text)
    if share:
        return float(share[1]) / 100
    ratio = re.fullmatch(r"(-?[\d.]+)(?:/([\d.]+))?", text)
    return float(ratio[1]) / float(ratio[2] or 1) if ratio else None


def natural(texts):
    """Values of an axis in their order: numbers by size, words as they came."""
    seen = list(dict.fromkeys(texts))
    return sorted(seen, key=number) if all(number(t) is not None for t in seen) else seen


def rows_of(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def histogram(rows):
    """[(seconds, count), ...] of rows with up_to_ns and count."""
    return [(int(row["up_to_ns"]) / 1e9, int(row["count"])) for row in rows]


@dataclass
class Series:
    """One line of a picture: a run, or a cell of a sweep."""
    label: str
    latency: list
    elections: list
    sent: int = 0
    decisions: int = 0
    ok: int = 0
    queue: list = field(default_factory=list)      # (requests under way, share of time)
    endpoints: list = field(default_factory=list)  # how often each endpoint was chosen
    metrics: list = field(default_factory=list)    # rows of metrics.csv
    runs: list = field(default_factory=list)       # rows of runs.csv, one for each seed
    faults: list = field(default_factory=list)
    values: dict = field(default_factory=dict)     # of the grid


@dataclass
class Results:
    path: str
    title: str
    seeds: str
    series: list
    axes: list          # of the grid; "file" if there are several
    is_sweep: bool = False


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise NoData(f"{path}: cannot be read: {error}") from None


def read_run(path):
    summary = read_json(os.path.join(path, "summary.json"))
    table = {name: rows_of(os.path.join(path, name + ".csv"))
             for name in ("latency", "elections", "queue", "endpoints", "metrics")}
    total = sum(int(row["time_ns"]) for row in table["queue"])
    series = Series(
        label=f"{summary['scenario']}, seed {summary['seed']}",
        latency=histogram(table["latency"]), elections=histogram(table["elections"]),
        sent=summary["messages"]["sent"], decisions=summary["nodes"]["decisions"],
        ok=summary["operations"]["ok"],
        queue=[(int(row["under_way"]), int(row["time_ns"]) / total) for row in table["queue"]],
        endpoints=[int(row["routed"]) for row in table["endpoints"]],
        metrics=table["metrics"], faults=[f["fault"] for f in summary["faults"] if f["fired"]])
    return Results(path, summary["scenario"], f"seed {summary['seed']}", [series], [])


def read_sweep(path):
    summary = read_json(os.path.join(path, "summary.json"))
    runs = rows_of(os.path.join(path, "runs.csv"))
    grid = rows_of(os.path.join(path, "grid.csv"))
    if not grid or not runs:
        raise NoData(f"{path}: grid.csv or runs.csv has no rows")
    columns = list(grid[0])
    axes = columns[columns.index("file") + 1:columns.index("runs")]
    if len({row["file"] for row in grid}) > 1:
        axes.insert(0, "file")
    by_cell = {name: {} for name in ("latency", "elections")}
    for name, cells in by_cell.items():
        for row in rows_of(os.path.join(path, name + ".csv")):
            cells.setdefault(row["cell"], []).append(row)
    series = []
    for row in grid:
        values = {axis: row[axis] for axis in axes}
        own = [r for r in runs if all(r[axis] == value for axis, value in values.items())]
        series.append(Series(
            label=label_of(values) or summary["cells"][0]["scenario"],
            latency=histogram(by_cell["latency"].get(row["cell"], [])),
            elections=histogram(by_cell["elections"].get(row["cell"], [])),
            sent=sum(int(r["sent"]) for r in own), decisions=sum(int(r["decisions"]) for r in own),
            ok=sum(int(r["ok"]) for r in own), runs=own, values=values))
    names = list(dict.fromkeys(cell["scenario"] for cell in summary["cells"]))
    title = names[0] if len(names) == 1 else f"{len(names)} scenarios"
    return Results(path, title, "seeds " + summary["seeds"], series, axes, True)


def short(axis):
    """The part of a path that tells it from others: "policy"."""
    return axis.split(".")[-1]


def label_of(values):
    words = []
    for axis, value in values.items():
        if axis == "file":
            words.append(os.path.splitext(os.path.basename(value))[0])
        else:
            words.append(value if number(value) is None else f"{short(axis)} {value}")
    return ", ".join(words)


def read(path):
    if not os.path.isdir(path):
        raise NoData(f"{path}: no such directory")
    if os.path.exists(os.path.join(path, "runs.csv")):
        return read_sweep(path)
    if os.path.exists(os.path.join(path, "metrics.csv")):
        return read_run(path)
    raise NoData(f"{path}: neither a run nor a sweep wrote this: no metrics.csv and no runs.csv")


def together(all_results):
    """Several results as one, with the directory in labels where two would be the same."""
    if len(all_results) == 1:
        return all_results[0]
    labels = [s.label for r in all_results for s in r.series]
    for result in all_results:
        for series in result.series:
            if labels.count(series.label) > 1:
                series.label += " (" + os.path.basename(os.path.normpath(result.path)) + ")"
            elif result.is_sweep:
                series.label = f"{result.title}, {series.label}"
    titles = list(dict.fromkeys(r.title for r in all_results))
    seeds = list(dict.fromkeys(r.seeds for r in all_results))
    title = " / ".join(titles[:3]) + (" ..." if len(titles) > 3 else "")
    return Results(all_results[0].path, title, ", ".join(seeds),
                   [s for r in all_results for s in r.series], all_results[0].axes,
                   all(r.is_sweep for r in all_results))
