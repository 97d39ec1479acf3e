"""Runs and sweeps of the scenarios in scenarios/paper, and what can be read from their results."""
import csv
import json
import pathlib
import shlex
import subprocess
import tempfile

HELD, VIOLATED, INCONCLUSIVE = 0, 1, 2


class RunFailed(Exception):
    pass


class Run:
    """One run, written down in a folder that is gone by now."""

    def __init__(self, folder):
        self.summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        with open(folder / "trace.jsonl", encoding="utf-8") as file:
            self.trace = [json.loads(line) for line in file]
        begun, self.operations = {}, []
        with open(folder / "history.jsonl", encoding="utf-8") as file:
            for line in map(json.loads, file):
                key = line["client"], line["process"]
                if line["type"] == "invoke":
                    begun[key] = line
                elif line["type"] == "ok":
                    self.operations.append((begun[key]["client"], begun[key]["f"],
                                            begun[key]["time"], line["time"]))

    def latency(self, client, what, start, before=None):
        """In nanoseconds, of the only such operation that began at `start` or later, and before
        `before` if that is given."""
        found = [end - begin for c, f, begin, end in self.operations
                 if (c, f) == (client, what) and begin >= start
                 and (before is None or begin < before)]
        if len(found) != 1:
            raise RunFailed(f"{len(found)} operations {what} of {client} were answered; expected 1")
        return found[0]

    def facts(self, name):
        """(time, node) of each such fact."""
        return [(each["time"], each["node"]) for each in self.trace
                if each["what"] == "stated" and each["name"] == name]


class Ballast:
    def __init__(self, program, scenarios):
        self.program = str(program)
        self.scenarios = pathlib.Path(scenarios)
        self.commands = []  # as a reader would type them

    def run(self, file, sets=None):
        with tempfile.TemporaryDirectory() as folder:
            self._start(["run", file], sets, folder, {HELD})
            return Run(pathlib.Path(folder) / "run")

    def faults(self, file):
        """As the scenario has them; it must be one without comments."""
        return json.loads((self.scenarios / file).read_text(encoding="utf-8"))["faults"]

    def sweep(self, file, seeds, sets=None, codes=(HELD,)):
        """The rows of runs.csv."""
        words = ["sweep", file, "--seeds", f"1..{seeds}", "--profile", "none"]
        with tempfile.TemporaryDirectory() as folder:
            self._start(words, sets, folder, set(codes),
                        ["--corpus", "none", "--shrink", "0s", "--quiet"])
            with open(f"{folder}/run/runs.csv", newline="", encoding="utf-8") as rows:
                return list(csv.DictReader(rows))

    def _start(self, words, sets, folder, codes, more=()):
        for path, value in (sets or {}).items():
            words = [*words, "--set", f"{path}={value}"]
        shown = [f"scenarios/paper/{word}" if word == words[1] else word for word in words]
        self.commands.append("ballast " + shlex.join(shown))
        words = [str(self.scenarios / word) if word == words[1] else word for word in words]
        done = subprocess.run([self.program, *words, *more, "--out", f"{folder}/run"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode not in codes:
            raise RunFailed(f"{self.commands[-1]}: exit code {done.returncode}\n"
                            f"{done.stdout}{done.stderr}")


# --- Samples, ascending ---------------------------------------------------------------------------

def milliseconds(rows, column):
    """A column of runs.csv in nanoseconds. A run in which it is empty did not come to an end."""
    if any(not row[column] for row in rows):
        raise RunFailed(f"no {column} in the run of seed "
                        f"{next(row['seed'] for row in rows if not row[column])}")
    return sorted(int(row[column]) / 1e6 for row in rows)


def mean(sample):
    return sum(sample) / len(sample)


def quantile(sample, share):
    """The smallest value that at least this share of all does not exceed."""
    rank = -(-round(share * 1_000_000) * len(sample) // 1_000_000)
    return sample[max(rank, 1) - 1]


def share_up_to(sample, value):
    return sum(each <= value for each in sample) / len(sample)


def distance(sample, quantiles, half_unit):
    """The largest distance between the sample's distribution function and the published one, at the
    points of it that were published, {share: value}. A published value is rounded: the nearest
    value that rounds to it counts. No more than the distance of Kolmogorov and Smirnov."""
    worst = 0.0
    for share, value in quantiles.items():
        low = share_up_to(sample, value - half_unit)
        high = share_up_to(sample, value + half_unit)
        worst = max(worst, low - share, share - high)
    return worst
