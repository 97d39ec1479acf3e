#!/usr/bin/env python3
"""From a failure to its explanation, as people type it: shrink, fork, diff, frontier.

  explain_test.py BALLAST [unittest options]
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUGS = ROOT / "scenarios/bugs"
BALLAST = ""


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        shutil.copy(BUGS / "raft_vote_not_persisted.json", self.folder / "bug.json")
        shutil.copy(ROOT / "scenarios/quick/raft_leader_crash.json", self.folder / "good.json")

    def ballast(self, *words, code=0):
        result = subprocess.run([BALLAST, *map(str, words)], cwd=self.folder, text=True,
                                capture_output=True, check=False, timeout=300)
        self.assertEqual(result.returncode, code, f"{words}: {result.stdout}{result.stderr}")
        return result

    def read(self, name):
        return (self.folder / name).read_text(encoding="utf-8")


class Shrink(Case):
    def test_a_failure_becomes_a_few_lines_that_replay_bit_for_bit(self):
        self.ballast("run", "bug.json", "--out", "failed", code=1)
        shown = self.ballast("shrink", "failed").stdout
        self.assertIn("SHRUNK  vote_once_per_term: 2 of 2 faults", shown)
        self.assertEqual(shown.count("without it: holds"), 2)
        self.assertIn("reproduced, bit for bit",
                      self.ballast("replay", "failed/shrunk.repro.json").stdout)
        self.ballast("run", "failed/shrunk.json", "--out", "again", code=1)
        repro = json.loads(self.read("failed/shrunk.repro.json"))
        again = json.loads(self.read("again/summary.json"))
        self.assertEqual(repro["fingerprint"], again["fingerprint"])
        self.assertIn("Smallest schedule found (2 of 2 faults", self.read("failed/shrunk.md"))
        self.assertIn("ballast replay failed/shrunk.repro.json", self.read("failed/shrunk.md"))
        # What it wrote does not keep the run from being made again in the same place.
        self.ballast("run", "bug.json", "--out", "failed", code=1)

    def test_the_same_is_shown_and_written_for_any_number_of_jobs(self):
        outputs = []
        for jobs in (1, 3):
            shown = self.ballast("shrink", "bug.json", "--jobs", jobs, "--out", "here").stdout
            outputs.append((shown, self.read("here/shrunk.json"), self.read("here/shrunk.md")))
        self.assertEqual(outputs[0], outputs[1])

    def test_out_may_name_a_file_and_json_says_it_to_machines(self):
        shown = self.ballast("shrink", "bug.json", "--out", "a/small.json", "--format", "json")
        summary = json.loads(shown.stdout)
        self.assertEqual(summary["after"]["faults"], 2)
        self.assertEqual(summary["scenario"], "a/small.json")
        self.assertRegex(summary["id"], "^[0-9a-f]{12}$")
        for name in ("a/small.json", "a/small.repro.json", "a/small.md"):
            self.assertTrue((self.folder / name).exists(), name)

    def test_a_run_that_holds_has_nothing_to_shrink(self):
        self.assertIn("violates nothing", self.ballast("shrink", "good.json", code=2).stderr)
        self.ballast("shrink", "missing.json", code=66)
        self.ballast("shrink", "bug.json", "--for", "soon", code=64)


class Fork(Case):
    def test_the_curve_rises_to_a_turning_point_that_is_told(self):
        shown = self.ballast("fork", "bug.json", "--seeds", 20, "--format", "json").stdout
        found = json.loads(shown)
        curve = found["curve"]
        self.assertGreater(len(curve), 4)
        events = [point["after_event"] for point in curve]
        self.assertEqual(events, sorted(set(events)))
        self.assertLess(curve[0]["violated"], 18)
        turning = found["turning_point"]
        self.assertGreaterEqual(turning["violated"], 19)
        self.assertGreater(turning["after_event"], 0)
        self.assertTrue(found["what"])
        text = self.ballast("fork", "bug.json", "--seeds", 20).stdout
        self.assertIn("turning point: event", text)

    def test_one_time_and_any_number_of_jobs(self):
        one = self.ballast("fork", "bug.json", "--at", "100ms", "--seeds", 30, "--jobs", 1).stdout
        two = self.ballast("fork", "bug.json", "--at", "100ms", "--seeds", 30, "--jobs", 3).stdout
        self.assertEqual(one, two)
        self.assertIn("of 30 (", one)
        self.ballast("fork", "good.json", code=2)


class Diff(Case):
    def test_equal_runs_and_the_event_at_which_others_part(self):
        self.assertEqual(self.ballast("diff", "bug.json", "bug.json@5").stdout,
                         "the same run, bit for bit\n")
        self.ballast("run", "bug.json", "--out", "failed", code=1)
        self.ballast("diff", "bug.json", "failed")
        parted = json.loads(
            self.ballast("diff", "bug.json", "bug.json@6", "--format", "json", code=1).stdout)
        self.assertNotEqual(parted["a"], parted["b"])
        self.assertLess(parted["before"][-1]["event"], parted["event"])
        self.assertEqual(min(each[0]["event"] for each in (parted["a"], parted["b"])),
                         parted["event"])

    def test_late_partings_are_found_too(self):
        late = json.loads(self.read("good.json"))
        late["faults"].append({"at": "8s", "pause": 2, "for": "10ms"})
        (self.folder / "late.json").write_text(json.dumps(late), encoding="utf-8")
        shown = self.ballast("diff", "good.json", "late.json", code=1).stdout
        self.assertIn("n2  paused", shown)
        self.assertIn("8.000 s", shown)


class Frontier(Case):
    def test_the_smallest_intensity_that_breaks_is_bracketed(self):
        file = str(BUGS / "raft_no_up_to_date_check.json")
        shown = self.ballast("frontier", file, "--vary", "faults.0.for=1ms:1s", "--seeds", "1..5",
                             "--format", "json").stdout
        found = json.loads(shown)
        low, high = (float(found[key].removesuffix("ms")) for key in ("holds_at", "breaks_at"))
        self.assertLessEqual(high - low, 1.0)
        by_value = {each["value"]: each for each in found["probes"]}
        self.assertEqual(by_value[found["holds_at"]]["violated"], 0)
        self.assertGreater(by_value[found["breaks_at"]]["violated"], 0)
        self.assertIn("leader_completeness", by_value[found["breaks_at"]]["properties"])

    def test_ranges_that_are_none_and_paths_that_lead_nowhere(self):
        self.ballast("frontier", "good.json", "--vary", "network.loss=5", code=64)
        self.ballast("frontier", "good.json", "--vary", "network.loss=9%:3%", code=64)
        told = self.ballast("frontier", "good.json", "--vary", "network.lost=0%:3%", code=65)
        self.assertIn("--vary network.lost: error: unknown key", told.stderr)
        shown = self.ballast("frontier", "good.json", "--vary", "network.loss=0%:1%", "--seeds",
                             "1..2", "--until", "1s").stdout
        self.assertIn("no frontier: 1.00% does not break it either", shown)


if __name__ == "__main__":
    BALLAST = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
