#!/usr/bin/env python3
"""Sweeps: grids, shards, corpora, failures, interruption, and what CI systems read of them.

  sweep_test.py BALLAST [unittest options]
"""
import csv
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree

import command_line_test
from command_line_test import Case

# Environments in which the tests themselves run must not show.
PLAIN = {"GITHUB_ACTIONS": "", "GITHUB_STEP_SUMMARY": "", "BALLAST_SHARD": "", "CI": "1"}


def quiet(words):
    """Without the faults that a sweep invents: what is tested here is not what a nemesis finds, nor
    which goals so few runs reach."""
    if words[0] == "sweep" and "--profile" not in words:
        return (*words, "--profile", "none")
    return words


class SweepCase(Case):
    def ballast(self, *words, code=0, env=None, **more):
        return super().ballast(*quiet(words), code=code, env={**PLAIN, **(env or {})}, **more)

    def sweep(self, *words, code=0, **more):
        return self.ballast("sweep", *words, code=code, **more).stdout

    def rows(self, *path):
        with open(self.folder.joinpath(*path), newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def start(self, *words):
        words = quiet(words)
        return subprocess.Popen([command_line_test.BALLAST, *words], cwd=self.folder, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**os.environ, **PLAIN})


class Bytes(SweepCase):
    def test_any_number_of_jobs_gives_the_same_bytes(self):
        for scenario, code in [(self.small, 0), ("bug.json", 1)]:
            for more in ([], ["--fail-fast"]):
                texts = [self.sweep(scenario, "--seeds", "1..60", "--jobs", jobs,
                                    "--out", "jobs-" + jobs, *more, code=code)
                         .replace("jobs-" + jobs, "OUT") for jobs in ("1", "2", "8")]
                self.assertEqual(texts[0], texts[1])
                self.assertEqual(texts[0], texts[2])
                self.same_directories("jobs-1", "jobs-2")
                self.same_directories("jobs-1", "jobs-8")

    def test_merged_shards_give_the_bytes_of_one_process(self):
        grid = [self.small, "bug.json", "--grid", "network.loss=0:0.04:0.02", "--grid",
                'network.latency={"uniform":["1ms","4ms"]},{"uniform":["5ms","30ms"]}']
        for words, code, shards in [([self.small], 0, 3), (["bug.json"], 1, 4), (grid, 1, 5),
                                    (["bug.json", "--expect", "violation"], 0, 1)]:
            with self.subTest(words=words, shards=shards):
                sweep = [*words, "--seeds", "1..21,90", "--trace", "facts"]
                whole = self.sweep(*sweep, "--out", "whole", code=code)
                for i in range(1, shards + 1):
                    self.sweep(*sweep, "--shard", f"{i}/{shards}", "--out", f"parts/{i}")
                merged = self.ballast("merge", "parts", "--out", "merged", code=code).stdout
                self.assertEqual(merged.replace("merged", "whole"), whole)
                self.same_directories("whole", "merged")
                shutil.rmtree(self.folder / "parts")

    def test_a_merge_says_everything_that_is_wrong(self):
        for i in (1, 2, 3):
            self.sweep(self.small, "--seeds", "1..9", "--shard", f"{i}/3", "--out", f"parts/{i}")
        self.sweep(self.small, "--seeds", "1..8", "--shard", "2/3", "--out", "seeds")
        self.sweep(self.small, "--seeds", "1..9", "--shard", "2/3", "--out", "set",
                   "--set", "network.loss=1%")
        refused = self.ballast("merge", "parts/1", "parts/1", "seeds", "set", "nowhere",
                               "--out", "merged", code=2).stderr
        for text in ("nowhere/part.json: No such file", "shard 1 is there twice",
                     "has the seeds 1..8", "has another scenario small.json",
                     "missing of 3 shards: 3", "no verdict"):
            self.assertIn(text, refused)
        for damage in (lambda text: text[:-9], lambda text: text + text.splitlines(True)[-1],
                       lambda text: text.replace("\n2,", "\n4,")):
            path = self.folder / "parts/2/runs.csv"
            text = path.read_text()
            path.write_text(damage(text))
            refused = self.ballast("merge", "parts", "--out", "merged", code=2).stderr
            self.assertIn("parts/2", refused)
            path.write_text(text)
        for damage in (("\"held\":3,", "\"held\":2,"), ("\"held\":3,", "\"held\":4294967299,")):
            part = self.folder / "parts/2/part.json"
            text = part.read_text()
            self.assertIn(damage[0], text)
            part.write_text(text.replace(*damage))
            self.assertIn("parts/2/part.json: not a part of a sweep: it counts other runs",
                          self.ballast("merge", "parts", "--out", "merged", code=2).stderr)
            part.write_text(text)
        rows = self.folder / "parts/2/runs.csv"
        text = rows.read_text()
        rows.write_text(text.replace(",held,", ",violated,", 1))
        self.assertIn("parts/2: runs.csv has other verdicts than part.json",
                      self.ballast("merge", "parts", "--out", "merged", code=2).stderr)
        rows.write_text(text)
        part = self.folder / "parts/2/part.json"
        part.write_text(part.read_text().replace('"build":"', '"build":"0'))
        self.assertIn("made by another build",
                      self.ballast("merge", "parts", "--out", "merged", code=2).stderr)
        self.assertFalse((self.folder / "merged").exists())

    def test_where_shards_get_their_number(self):
        for env, code, text in [({"SLURM_ARRAY_TASK_ID": "2"}, 0, "shard 2 of 3"),
                                ({"JOB_COMPLETION_INDEX": "1"}, 0, "shard 2 of 3"),
                                ({"SLURM_ARRAY_TASK_ID": "0"}, 64, "from 1 to 3"),
                                ({}, 64, "auto")]:
            done = self.ballast("sweep", self.small, "--seeds", "1..4", "--shard", "auto/3",
                                "--out", "part", code=code, env=env)
            self.assertIn(text, done.stdout + done.stderr)
        done = self.sweep(self.small, "--seeds", "1..4", env={"BALLAST_SHARD": "3/3"})
        self.assertIn(".parts/3-of-3", done)


class Grid(SweepCase):
    def test_every_cell_is_run_with_every_seed_and_counted(self):
        shown = self.sweep(self.small, "bug.json", "--seeds", "1..8", "--grid",
                           "network.loss=0:0.1:0.05", "--out", "out", code=1)
        rows = self.rows("out/runs.csv")
        cells = self.rows("out/grid.csv")
        self.assertEqual([(cell["file"], cell["network.loss"]) for cell in cells],
                         [(file, loss) for file in ("small.json", "bug.json")
                          for loss in ("0", "0.05", "0.1")])
        self.assertEqual(len(rows), 48)
        for cell in cells:
            mine = [row for row in rows if all(row[key] == cell[key]
                                               for key in ("file", "network.loss"))]
            self.assertEqual([row["seed"] for row in mine], [str(seed) for seed in range(1, 9)])
            for key in ("events", "ok", "dropped", "crashes"):
                self.assertEqual(int(cell[key]), sum(int(row[key]) for row in mine))
            self.assertEqual(int(cell["violated"]),
                             sum(row["verdict"] == "violated" for row in mine))
            self.assertLessEqual(min(int(row["p99_ns"]) for row in mine), int(cell["p99_ns"]))
            self.assertEqual(max(int(row["max_ns"]) for row in mine), int(cell["max_ns"]))
            # The mean over the runs that answered anything, and its interval by Student's t.
            values = [int(row["p99_ns"]) for row in mine if int(row["ok"]) > 0]
            self.assertAlmostEqual(int(cell["p99_over_runs_ns"]), statistics.mean(values), delta=2)
            t = {8: 2.3646, 7: 2.4469, 6: 2.5706, 5: 2.7764, 4: 3.1824}[len(values)]
            half = t * statistics.stdev(values) / len(values) ** 0.5
            self.assertAlmostEqual(int(cell["p99_half_ns"]), half, delta=2 + half / 1000)
            self.assertIn(f"network.loss={cell['network.loss']}", shown)
        self.assertGreater(int(cells[2]["dropped"]), int(cells[1]["dropped"]))

    def test_a_cell_is_the_run_that_its_arguments_say(self):
        self.sweep(self.small, "--seeds", "3", "--grid", "nodes.server.count=3,5", "--out", "out")
        row = self.rows("out/runs.csv")[1]
        cell = self.read("out/summary.json")["cells"][1]
        run = self.ballast("run", cell["file"], "--seed", "3", *cell["arguments"].split(),
                           "--format", "json").stdout
        self.assertEqual(json.loads(run)["fingerprint"], row["fingerprint"])

    def test_every_wrong_value_is_said_before_anything_runs(self):
        wrong = self.ballast("sweep", self.small, "--seeds", "1..4", "--grid",
                             "network.loss=90%:110%:10%", "--grid", "network.los=1%,2%", "--grid",
                             "workload.clients=1,2", code=65).stderr
        self.assertIn("--grid network.loss: error: network.loss is \"110%\"", wrong)
        self.assertIn('did you mean "loss"?', wrong)
        self.assertIn("2 errors; nothing was run.", wrong)
        for words, text in [(["--grid", "x=1:2:0"], "leads nowhere"),
                            (["--grid", "a=1,2", "--grid", "a=3"], "twice"),
                            (["--grid", "a=1:999:1", "--grid", "b=1:999:1"], "more than 2,000"),
                            (["--for", "3"], "--for is"), (["--min-runs", "0"], "--min-runs is"),
                            (["--shard", "4/3"], "--shard: "), (["--shards", "3"], "--emit"),
                            (["--emit", "slurn", "--shards", "3"], "did you mean slurm?"),
                            (["--emit", "make"], "--shards N"),
                            (["--emit", "github", "--shards", "300"], "256"),
                            (["--shard", "1/3", "--fail-fast"], "--fail-fast"),
                            ([self.small], "named twice")]:
            with self.subTest(words=words):
                self.assertIn(text, self.ballast("sweep", self.small, "--seeds", "1..4", *words,
                                                 code=64).stderr)
        self.assertFalse((self.folder / "results").exists())


class Verdicts(SweepCase):
    def test_failures_are_told_apart_and_counted(self):
        shown = self.sweep("bug.json", "--seeds", "1..60", "--out", "out", code=1)
        rows = self.rows("out/runs.csv")
        self.assertEqual([row["seed"] for row in rows], [str(seed) for seed in range(1, 61)])
        failing = [row for row in rows if row["verdict"] == "violated"]
        summary = self.read("out/summary.json")
        self.assertEqual(summary["violated"], len(failing))
        self.assertEqual(summary["made_twice"], 4)
        kind, = summary["failures"]
        self.assertEqual(kind["runs"], len(failing))
        self.assertEqual({row["failure"] for row in failing}, {kind["id"]})
        self.assertEqual((kind["property"], kind["how"], str(kind["first_seed"])),
                         ("vote_once_per_term", "partition, crash", failing[0]["seed"]))
        self.assertEqual(os.listdir(self.folder / "out/failures"), [kind["id"]])
        self.assertIn("bit for bit", self.ballast("replay", "out/" + kind["directory"]).stdout)
        self.assertIn("ballast replay out/" + kind["directory"], shown)
        self.assertIn(f"{len(failing)} of 60 runs: failure probability ", shown)
        again = self.ballast(*kind["again"].split()[1:], code=1).stdout
        self.assertIn("vote_once_per_term", again)

    def test_a_sweep_that_holds_states_its_bound(self):
        shown = self.sweep(self.small, "--seeds", "1..100")
        self.assertIn("0 violations in 100 runs: failure probability < 3 % (95 %)", shown)
        self.assertFalse((self.folder / "results/small/sweep-1..100/failures").exists())

    def test_runs_without_a_verdict_are_no_success(self):
        shown = self.sweep(self.small, "--seeds", "1..3", "--until", "1ms", code=2)
        self.assertIn("no run came to a verdict", shown)

    def test_too_few_runs_are_no_success(self):
        shown = self.sweep(self.small, "--seeds", "1..9", "--min-runs", "10", "--out", "out",
                           code=2)
        self.assertIn("TOO FEW", shown)
        self.assertEqual(self.read("out/summary.json")["verdict"], "inconclusive")
        # No time at all: nothing ran.
        shown = self.sweep(self.small, "--seeds", "1..9", "--for", "1ns", code=2)
        self.assertIn("no run came to a verdict", shown)

    def test_a_sweep_whose_time_is_over_says_how_much_it_made(self):
        shown = self.sweep(self.small, "--seeds", "1..1000000", "--for", "700ms", "--min-runs", "3",
                           "--out", "out")
        summary = self.read("out/summary.json")
        self.assertEqual((summary["ended"], summary["complete"]), ("time_over", True))
        self.assertEqual(summary["runs"], len(self.rows("out/runs.csv")))
        self.assertIn(" of 1,000,000: its time was over", shown)

    def test_each_file_must_show_what_it_is_there_for(self):
        self.sweep("bug.json", "--seeds", "1..9", "--expect", "violation")
        self.assertIn("no run of small.json is violated",
                      self.sweep("bug.json", self.small, "--seeds", "1..9", "--expect", "violation",
                                 code=1))
        self.assertIn("no run of bug.json is violated",
                      self.sweep("bug.json", self.small, "--seeds", "1..9", "--set",
                                 "nodes.server.config.bug=none", code=2))


class Corpus(SweepCase):
    def setUp(self):
        super().setUp()
        self.ballast("run", "bug.json", "--out", "bug", code=1)
        (self.folder / "tests/corpus").mkdir(parents=True)
        self.repro = self.read("bug/repro.json")

    def entry(self, name, expect, change=None):
        repro = json.loads(json.dumps(self.repro))
        repro["scenario"]["expect"] = expect
        if change:
            change(repro["scenario"])
        (self.folder / "tests/corpus" / f"{name}.repro.json").write_text(json.dumps(repro))

    def results(self, code):
        shown = self.sweep(self.small, "--seeds", "1..3", "--out", "out", code=code)
        corpus = self.read("out/summary.json")["corpus"]
        cases = xml.etree.ElementTree.parse(self.folder / "out/junit.xml").findall(".//testcase")
        bad = [case.get("name") for case in cases if len(case) > 0]
        return {pathlib.Path(case["file"]).name.split(".")[0]: case["result"] for case in corpus
                }, [pathlib.Path(name).name.split(".")[0] for name in bad], shown

    @staticmethod
    def mend(scenario):
        scenario["nodes"]["server"]["config"]["bug"] = "none"

    @staticmethod
    def hurry(scenario):
        scenario["budget"]["events"] = 5

    def test_what_stays_as_wanted(self):
        self.entry("canary", {"verdict": "violated"})
        self.entry("canary_moved", {"verdict": "violated"},
                   lambda scenario: scenario["workload"].update(arrivals={"periodic": "1/s"}))
        self.entry("mended", None, self.mend)
        results, bad, shown = self.results(0)
        # The scenario's own expectation is part of no event: the canary is the same run.
        self.assertEqual(results, {"canary": "reproduced", "canary_moved": "same_violation",
                                   "mended": "held"})
        self.assertEqual(bad, [])
        self.assertIn("3 failures tried again: 3 as wanted", shown)
        self.assertIn("corpus", self.sweep(self.small, "--seeds", "1", "--corpus", "tests/corpus"))
        self.assertNotIn("corpus", self.sweep(self.small, "--seeds", "1", "--corpus", "none"))

    def test_a_regression_fails_the_sweep(self):
        self.entry("back", {"verdict": "held"})
        results, bad, shown = self.results(1)
        self.assertEqual((results, bad), ({"back": "regression"}, ["back"]))
        self.assertIn("is back: vote_once_per_term: n3 voted twice", " ".join(shown.split()))

    def test_a_blind_canary_and_an_empty_run_are_inconclusive(self):
        self.entry("blind", {"verdict": "violated"}, self.mend)
        self.entry("empty", None, self.hurry)
        results, bad, shown = self.results(2)
        self.assertEqual(results, {"blind": "missed", "empty": "inconclusive"})
        self.assertEqual(bad, ["blind", "empty"])
        self.assertIn("no longer fails so", shown)

    def test_a_damaged_corpus_is_said_before_anything_runs(self):
        (self.folder / "tests/corpus/a.repro.json").write_text("{}")
        self.ballast("sweep", self.small, "--seeds", "1..3", code=65)
        self.ballast("sweep", self.small, "--seeds", "1..3", "--corpus", "nowhere", code=66)


class Interruption(SweepCase):
    """Signals at moments that rows tell, in a sweep that takes some seconds on any machine."""

    def setUp(self):
        super().setUp()
        begun = time.monotonic()
        self.sweep(self.small, "--seeds", "1..200", "--out", "speed")
        self.count = max(200, int(200 * 3 / (time.monotonic() - begun)))
        self.command = ("sweep", self.small, "--seeds", f"1..{self.count}")

    def whole(self):
        self.ballast(*self.command, "--out", "whole")

    def signal_after_rows(self, process, where, number, sent):
        """Sends the signal once that many rows stand on the disk."""
        for _ in range(6000):
            for path in self.folder.glob(where):
                try:
                    rows = path.read_bytes().count(b"\n") - 1
                except FileNotFoundError:  # renamed meanwhile
                    rows = 0
                if rows >= number:
                    process.send_signal(sent)
                    return process.communicate(timeout=60)
            self.assertIsNone(process.poll(), "it was over too early")
            time.sleep(0.01)
        return self.fail("no rows came")

    def test_ctrl_c_leaves_a_valid_result_to_go_on_from(self):
        self.whole()
        process = self.start(*self.command, "--out", "out")
        shown, _ = self.signal_after_rows(process, "out.tmp-*/runs.csv", self.count // 4,
                                          signal.SIGINT)
        self.assertEqual(process.returncode, 130)
        self.assertIn("INCOMPLETE", shown)
        summary = self.read("out/summary.json")
        self.assertFalse(summary["complete"])
        self.assertEqual(len(self.rows("out/runs.csv")), summary["runs"])
        self.assertLess(summary["runs"], self.count)
        on = self.ballast(*self.command, "--out", "out", "--resume")
        self.assertIn(f"goes on after {summary['runs']:,} runs", on.stderr)
        self.same_directories("whole", "out")

    def test_kill_9_costs_no_more_than_the_last_second(self):
        self.whole()
        sweep = (*self.command, "--out", "out", "--resume")
        for rows in (1, self.count // 3, self.count * 2 // 3):
            self.signal_after_rows(self.start(*sweep), "out.tmp-*/runs.csv", rows, signal.SIGKILL)
            self.assertFalse((self.folder / "out").exists())
        # A torn line, as a full disk or a lost machine would leave it.
        for path in self.folder.glob("out.tmp-*/runs.csv"):
            with open(path, "a", encoding="utf-8") as file:
                file.write("17,hel")
        saved = max(json.loads(path.read_text())["rows"]
                    for path in self.folder.glob("out.tmp-*/part.json"))
        self.assertIn(f"goes on after {saved:,} runs", self.ballast(*sweep).stderr)
        self.same_directories("whole", "out")
        self.assertEqual(list(self.folder.glob("out.tmp-*")), [])

    def test_a_killed_shard_goes_on(self):
        self.whole()
        first = (*self.command, "--shard", "1/2", "--out", "parts/1", "--resume")
        self.signal_after_rows(self.start(*first), "parts/1.tmp-*/runs.csv", self.count // 8,
                               signal.SIGKILL)
        self.assertIn("no verdict", self.ballast("merge", "parts", "--out", "out", code=2).stderr)
        self.ballast(*first)
        self.ballast(*first)  # a scheduler may start a task twice
        self.ballast(*self.command, "--shard", "2/2", "--out", "parts/2")
        self.ballast("merge", "parts", "--out", "out")
        self.same_directories("whole", "out")

    def test_another_sweep_is_not_gone_on_with(self):
        process = self.start(*self.command, "--out", "out")
        self.signal_after_rows(process, "out.tmp-*/runs.csv", 1, signal.SIGINT)
        for more in (["--set", "network.loss=1%"], ["--seeds", "2..5"]):
            seeds = [] if "--seeds" in more else ["--seeds", "1..5"]
            on = self.ballast("sweep", self.small, *seeds, "--out", "out", "--resume", *more)
            self.assertIn("nothing is left", on.stderr)

    def test_it_says_what_could_be_gone_on_with(self):
        process = self.start(*self.command, "--out", "out")
        self.signal_after_rows(process, "out.tmp-*/runs.csv", 1, signal.SIGINT)
        anew = self.ballast(*self.command, "--out", "out", "--for", "1ns", code=2)
        self.assertIn("begins anew; --resume would go on after ", anew.stderr)

    def test_what_a_living_process_writes_is_left_alone(self):
        sweep = ("sweep", self.small, "--seeds", "1..10000000", "--out", "out")
        process = self.start(*sweep)
        time.sleep(1.5)
        on = self.ballast(*sweep, "--resume", "--for", "200ms")
        self.assertIn("nothing is left", on.stderr)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)


class Ci(SweepCase):
    def test_junit_is_xml_with_a_case_for_each_cell(self):
        name = 'a <b> & "c" ä'
        self.write("odd.json", json.dumps({**command_line_test.SMALL, "name": name}))
        self.sweep("odd.json", "bug.json", "--seeds", "1..9", "--out", "out", code=1)
        suites = xml.etree.ElementTree.parse(self.folder / "out/junit.xml").getroot()
        self.assertEqual((suites.get("tests"), suites.get("failures")), ("2", "1"))
        failure, = suites.findall(".//failure")
        self.assertIn("ballast run bug.json --seed ", failure.text)
        self.sweep("odd.json", "--seeds", "1..2", "--out", "one")
        case, = xml.etree.ElementTree.parse(self.folder / "one/junit.xml").findall(".//testcase")
        self.assertEqual(case.get("name"), name)

    def test_github_gets_annotations_and_a_summary(self):
        github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(self.folder / "step.md")}
        words = ("bug.json", "--seeds", "1..9", "--out", "out")
        shown = self.sweep(*words, code=1, env=github)
        lines = [line for line in shown.splitlines() if line.startswith("::error ")]
        self.assertEqual(len(lines), 1)
        self.assertIn("file=bug.json,title=vote_once_per_term after partition%2C crash::", lines[0])
        self.assertIn("%0Aballast run bug.json --seed ", lines[0])
        markdown = (self.folder / "step.md").read_text()
        self.assertEqual(markdown, (self.folder / "out/summary.md").read_text())
        self.assertTrue(markdown.startswith("## VIOLATED: "))
        self.assertNotIn("::error", self.sweep(*words, code=1))
        json.loads(self.sweep(*words, "--format", "json", code=1, env=github))

    def test_scripts_for_engines(self):
        odd = "with 'quotes' and $dollars.json"
        shutil.copy(self.folder / self.small, self.folder / odd)
        for engine in ("slurm", "parallel"):
            script = self.sweep(odd, "--seeds", "1..9", "--emit", engine, "--shards", "3",
                                "--grid", "network.loss=0:0.1:0.1")
            subprocess.run(["bash", "-n"], input=script, text=True, check=True)
            self.assertIn("/3", script)
        workflow = self.sweep(self.small, "--seeds", "1..9", "--emit", "github", "--shards", "3")
        self.assertIn("shard: [1, 2, 3]", workflow)
        self.assertIn("--shard ${{ matrix.shard }}/3", workflow)

    @unittest.skipUnless(shutil.which("make"), "there is no make")
    def test_the_makefile_gives_the_same_bytes(self):
        odd = "with 'quotes' and $dollars.json"
        shutil.copy(self.folder / self.small, self.folder / odd)
        sweep = (odd, "--seeds", "1..9", "--grid", "network.loss=0:0.1:0.1")
        script = self.sweep(*sweep, "--emit", "make", "--shards", "3", "--out", "out")
        self.write("sweep.mk", script)
        subprocess.run(["make", "-j2", "-f", "sweep.mk"], cwd=self.folder, check=True,
                       capture_output=True, env={**os.environ, **PLAIN})
        self.sweep(*sweep, "--out", "whole")
        self.same_directories("whole", "out")


if __name__ == "__main__":
    command_line_test.BALLAST = os.path.abspath(sys.argv.pop(1))
    unittest.main()
