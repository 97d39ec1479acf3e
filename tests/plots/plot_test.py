#!/usr/bin/env python3
"""Pictures: that there is one of each kind, the same bytes every time, of the right numbers.

  plot_test.py BALLAST [unittest options]

Exit code 77, which is "skipped": no Python here has matplotlib.
"""
import hashlib
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BALLAST = ""
DEBIANS = "/usr/bin/python3"
SCENARIO = """{
  "name": "two endpoints", "duration": "2s",
  "nodes": {
    "balancer": { "algorithm": "balancer", "members": ["endpoint"],
                  "config": { "policy": "random" } },
    "endpoint": { "count": 2, "algorithm": "endpoint",
                  "config": { "service": { "exponential": "5ms" } } } },
  "network": { "latency": "100us" },
  "workload": { "clients": 2, "arrivals": { "poisson": "100/s" } } }
"""


class Plots(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        (cls.folder / "balance.json").write_text(SCENARIO, encoding="utf-8")
        raft = ROOT / "scenarios/quick/raft_leader_crash.json"
        cls.raft = cls.ballast("run", raft, "--out", "raft")
        cls.ballast("run", "balance.json", "--out", "run")
        cls.grid = cls.ballast(
            "sweep", "balance.json", "--profile", "none", "--seeds", "1..3", "--out", "grid",
            "--grid", "workload.arrivals.poisson=50/s,250/s,150/s",
            "--grid", "nodes.balancer.config.policy=random,least_loaded")

    @classmethod
    def ballast(cls, *words):
        return subprocess.run([BALLAST, *map(str, words)], cwd=cls.folder, text=True, check=True,
                              capture_output=True, timeout=300).stdout

    def plot(self, *words, code=0, environment=None):
        result = subprocess.run([ROOT / "scripts/plot", *words], cwd=self.folder, text=True,
                                capture_output=True, check=False, timeout=300,
                                env={**os.environ, **(environment or {})})
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def drawn(self, *words):
        return {pathlib.Path(line).stem for line in self.plot(*words).stdout.split()}

    def test_results_say_how_they_are_plotted(self):
        self.assertIn("plot         scripts/plot raft\n", self.raft)
        self.assertIn("plot         scripts/plot grid\n", self.grid)

    def test_each_result_gives_every_kind_that_it_has_data_for(self):
        self.assertEqual(self.drawn("raft"), {"cdf", "ccdf", "time", "elections", "messages"})
        self.assertEqual(self.drawn("run"),
                         {"cdf", "ccdf", "time", "queue", "balance", "messages"})
        self.assertEqual(self.drawn("grid"),
                         {"throughput", "cdf", "ccdf", "heat", "messages", "spread"})
        for name in ("raft", "run", "grid"):
            for picture in (self.folder / name / "plots").iterdir():
                start = picture.read_bytes()[:8]
                self.assertEqual(start[:5], b"<?xml" if picture.suffix == ".svg" else b"\x89PNG\r")
        # They are no obstacle to running again in the same place.
        self.ballast("run", "balance.json", "--out", "run")

    def test_the_same_bytes_come_out_whatever_the_environment(self):
        digests = []
        for out, environment in (("a", {}), ("b", {"LC_ALL": "C", "TZ": "Asia/Kathmandu",
                                                   "SOURCE_DATE_EPOCH": "1", "MPLBACKEND": "svg",
                                                   "PYTHONHASHSEED": "7"})):
            for name in ("raft", "grid"):
                self.plot(name, "--out", f"{out}/{name}", environment=environment)
            files = sorted((self.folder / out).rglob("*.*"))
            self.assertEqual(len(files), 22)
            digests.append([(file.name, hashlib.sha256(file.read_bytes()).hexdigest())
                            for file in files])
        self.assertEqual(*digests)

    def test_several_runs_share_a_picture(self):
        self.ballast("run", "balance.json", "--seed", "2", "--out", "other")
        shown = self.plot("run", "other", "cdf", "queue", "--out", "both").stdout
        self.assertEqual(len(shown.split()), 4)

    def test_what_cannot_be_drawn_is_said_in_a_line(self):
        def says(words, line):
            result = self.plot(*words, code=66)
            self.assertEqual(result.stdout, "")
            self.assertIn(line, result.stderr)

        says(["raft", "heat"], "heat: takes a sweep with two --grid axes")
        says(["grid", "time"], "time: metrics.csv is missing; only single runs write it")
        says(["nowhere"], "nowhere: no such directory")
        says([str(ROOT / "scripts")], "neither a run nor a sweep wrote this")
        self.plot("heat", code=64)

    def test_an_interpreter_without_matplotlib_is_passed_over(self):
        bare = self.folder / "bin/python3"
        bare.parent.mkdir()
        bare.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        bare.chmod(0o755)
        path = f"{bare.parent}:{os.environ['PATH']}"
        self.plot("run", "cdf", environment={"PATH": path})


class Numbers(unittest.TestCase):
    """What stands behind the pictures, from tables written by hand."""

    def test_values_of_axes_are_understood(self):
        self.assertEqual(data.number("300/s"), 300)
        self.assertEqual(data.number("3/10ms"), 300)
        self.assertEqual(data.number("5%"), 0.05)
        self.assertEqual(data.number("1/50"), 0.02)
        self.assertEqual(data.number("250us"), 0.00025)
        self.assertIsNone(data.number("round_robin"))
        self.assertEqual(data.natural(["90/s", "800/s", "90/s", "100/s"]),
                         ["90/s", "100/s", "800/s"])

    def test_the_tail_of_a_histogram_adds_up(self):
        values, share = tails.cumulative([(0.001, 90), (0.002, 9), (0.004, 1)])
        self.assertEqual(list(values), [0.001, 0.002, 0.004])
        for got, wanted in zip(share, (0.9, 0.99, 1.0)):
            self.assertAlmostEqual(got, wanted)

    def test_a_hockey_stick_has_a_line_for_each_policy_in_the_order_of_load(self):
        def cell(load, policy, ok, p50):
            run = {"ok": str(ok), "sim_ns": "2000000000", "p50_ns": str(p50),
                   "p99_ns": str(2 * p50)}
            return data.Series("", [], [], runs=[run], values={
                "workload.arrivals.poisson": load, "policy": policy})

        results = data.Results("", "", "", [
            cell("90/s", "a", 180, 10**6), cell("800/s", "a", 900, 9 * 10**6),
            cell("100/s", "a", 200, 2 * 10**6), cell("90/s", "b", 180, 3 * 10**6)],
            ["workload.arrivals.poisson", "policy"], True)
        lines = [line for line in grids.hockey_stick(results).axes[0].lines
                 if len(line.get_xdata()) > 0]
        self.assertEqual(list(lines[0].get_xdata()), [90, 100, 450])
        self.assertEqual(list(lines[0].get_ydata()), [0.001, 0.002, 0.009])
        self.assertEqual(list(lines[1].get_ydata()), [0.002, 0.004, 0.018])
        self.assertEqual(list(lines[2].get_ydata()), [0.003])

    def test_latency_is_drawn_against_any_number_that_is_not_the_load(self):
        def cell(interval, choices, p50):
            run = {"ok": "9", "sim_ns": "1000000000", "p50_ns": str(p50), "p99_ns": str(2 * p50)}
            return data.Series("", [], [], runs=[run],
                               values={"reports.interval": interval, "choices": choices})

        results = data.Results("", "", "", [
            cell("100ms", "2", 10**7), cell("1ms", "2", 10**6), cell("10ms", "2", 2 * 10**6),
            cell("1ms", "10", 10**5)], ["reports.interval", "choices"], True)
        axes = grids.against(results).axes[0]
        lines = [line for line in axes.lines if len(line.get_xdata()) > 0]
        self.assertEqual(list(lines[0].get_xdata()), [0.001, 0.01, 0.1])
        self.assertEqual(list(lines[0].get_ydata()), [0.001, 0.002, 0.01])
        self.assertEqual([t.get_text() for t in axes.get_xticklabels()], ["1ms", "10ms", "100ms"])
        with self.assertRaises(data.NoData):
            grids.hockey_stick(results)

    def test_keys_that_moved_add_up_over_time(self):
        rows = [{"to_ns": str(second * 10**9), "moved": moved}
                for second, moved in ((1, "0"), (2, "3"), (3, "2"))]
        one = data.Series("x", [], [], metrics=rows)
        results = data.Results("", "", "", [one], [])
        line = timeline.moves(results).axes[0].lines[0]
        self.assertEqual(list(line.get_xdata()), [0.0, 1.0, 2.0, 3.0])
        self.assertEqual(list(line.get_ydata()), [0, 0, 3, 5])
        one.metrics = rows[:1]
        with self.assertRaises(data.NoData):
            timeline.moves(results)

    def test_a_fault_is_shaded_while_it_stands(self):
        fault = {"at": "3s", "crash": {"nodes": 5}, "for": "500ms", "after_event": 7}
        self.assertEqual(timeline.kind_of(fault), "crash")
        fig, ax = style.figure()
        timeline.shade((ax,), [fault], 10.0)
        corners = ax.patches[0].get_xy()
        self.assertEqual((min(corners[:, 0]), max(corners[:, 0])), (3.0, 3.5))
        crash, restart = {"at": "1s", "crash": 5}, {"at": "4s", "restart": 5}
        self.assertEqual(timeline.end_of(crash, [crash, restart], 10.0), 4.0)
        self.assertEqual(timeline.end_of(crash, [crash], 10.0), 10.0)
        self.assertEqual(timeline.end_of(restart, [crash, restart], 10.0), 4.0)
        style.plt.close(fig)

    def test_messages_are_counted_for_each_commit(self):
        rows = [{"sent": "100", "decisions": "10", "ok": "5"},
                {"sent": "50", "decisions": "10", "ok": "5"}]
        series = data.Series("x", [], [], runs=rows)
        self.assertEqual(grids.bars([series], "decisions"), [("x", 7.5, [10.0, 5.0])])


if __name__ == "__main__":
    if importlib.util.find_spec("matplotlib") is None:
        has_it = [DEBIANS, "-c", "import matplotlib"]
        if sys.executable == DEBIANS or subprocess.run(has_it, capture_output=True).returncode:
            print("skipped: no Python here has matplotlib (scripts/setup --plot installs it)")
            sys.exit(77)
        os.execv(DEBIANS, [DEBIANS, *sys.argv])
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(ROOT / "scripts/plots"))
    import data
    import grids
    import style
    import tails
    import timeline
    style.set_up()
    BALLAST = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
