#!/usr/bin/env python3
"""Statistics of a run and comparisons, as people type them.

  compare_test.py BALLAST [unittest options]
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BALLAST = ""


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        shutil.copy(ROOT / "scenarios/quick/balancing_equal.json", self.folder / "equal.json")

    def ballast(self, *words, code=0):
        result = subprocess.run([BALLAST, *map(str, words)], cwd=self.folder, text=True,
                                capture_output=True, check=False, timeout=300)
        self.assertEqual(result.returncode, code, f"{words}: {result.stdout}{result.stderr}")
        return result


class Compare(Case):
    def test_policies_are_told_apart_on_the_same_jobs(self):
        words = ("compare", "equal.json", "--until", "4s", "--seeds", "1..6", "--vary",
                 "policy=random,round_robin,least_loaded")
        told = json.loads(self.ballast(*words, "--format", "json").stdout)
        self.assertEqual(told["path"], "nodes.balancer.config.policy")
        self.assertTrue(told["same_jobs"])
        self.assertIsNone(told["doubt"])
        measures = {each["name"]: each for each in told["measures"]}
        self.assertEqual(list(measures), ["mean", "p50", "p99", "throughput"])
        mean = {each["of"]: each["value"] for each in measures["mean"]["values"]}
        self.assertGreater(mean["random"], mean["round_robin"])
        self.assertGreater(mean["round_robin"], mean["least_loaded"])
        for each in measures["mean"]["differences"]:
            self.assertAlmostEqual(each["value"], mean[each["of"]] - mean[each["minus"]], delta=1)
            self.assertEqual(each["real"], abs(each["value"]) > each["half_width"])
        real = {(d["of"], d["minus"]): d["real"] for d in measures["mean"]["differences"]}
        self.assertTrue(real["random", "least_loaded"])

    def test_what_does_not_matter_is_not_called_a_difference(self):
        told = json.loads(self.ballast(
            "compare", "equal.json", "--until", "2s", "--seeds", "1..4", "--format", "json",
            "--vary", "queue_limit=1000000,2000000").stdout)
        self.assertFalse(any(d["real"] for m in told["measures"] for d in m["differences"]))

    def test_the_same_is_shown_for_any_number_of_jobs(self):
        words = ("compare", "equal.json", "--until", "2s", "--seeds", "1..4", "--vary",
                 "policy=random,least_loaded", "--jobs")
        one = self.ballast(*words, 1).stdout
        self.assertEqual(one, self.ballast(*words, 3).stdout)
        self.assertIn("random", one)
        self.assertIn("real", one)
        self.assertIn("the same jobs", one)

    def test_what_is_wrong_with_the_command_is_said(self):
        says = {
            ("policy=random",): "one value is nothing to compare",
            ("polcy=random,least_loaded",): "nothing in the scenario is called that",
            ("count=1,2",): "nodes.endpoint.count",
            ("policy=random,random",): "twice",
            ("policy=random,least_loaded", "--seeds", "7"): "expected two or more",
        }
        for (vary, *more), sentence in says.items():
            told = self.ballast("compare", "equal.json", "--vary", vary, *more, code=64)
            self.assertIn(sentence, told.stderr)
        told = self.ballast("compare", "equal.json", "--vary", "policy=random,magic", code=65)
        self.assertIn("magic", told.stderr)
        self.assertIn("--vary nodes", told.stderr)
        self.ballast("compare", "nowhere.json", "--vary", "policy=a,b", code=66)
        self.assertIn("Example", self.ballast("compare", "--help").stdout)


class Statistics(Case):
    def test_a_run_says_its_intervals_and_keeps_its_fingerprint(self):
        plain = json.loads(self.ballast("run", "equal.json", "--format", "json").stdout)
        self.assertNotIn("statistics", plain)
        told = json.loads(self.ballast("run", "equal.json", "--format", "json", "--set",
                                       "statistics={}").stdout)
        self.assertEqual(told["fingerprint"], plain["fingerprint"])
        mean = told["statistics"]["latency"]["mean"]
        self.assertLess(abs(mean["ns"] - plain["latency_ns"]["mean"]), mean["half_width_ns"])
        self.assertIsNone(told["statistics"]["converged"])
        shown = self.ballast("run", "equal.json", "--set", "statistics={}").stdout
        self.assertIn("statistics   mean ", shown)

    def test_a_run_ends_when_it_is_precise_enough(self):
        precise = json.loads(self.ballast(
            "run", "equal.json", "--format", "json", "--set",
            'statistics={"precision": "10%"}', "--set", "duration=100s").stdout)
        self.assertTrue(precise["statistics"]["converged"])
        self.assertLess(precise["time"], 100_000_000_000)
        mean = precise["statistics"]["latency"]["mean"]
        self.assertLessEqual(mean["half_width_ns"], mean["ns"] / 10)
        resolved = json.loads((self.folder / "results/latest/scenario.resolved.json").read_text())
        self.assertEqual(resolved["statistics"]["precision"], "1/10")

    def test_a_run_that_never_is_says_so_and_is_inconclusive(self):
        told = self.ballast("run", "equal.json", "--set", 'statistics={"precision": "0.1%"}',
                            code=2).stdout
        self.assertIn("INCONCLUSIVE", told)
        self.assertIn("NOT CONVERGED: the mean is known to ", told)

    def test_what_is_wrong_with_statistics_is_said(self):
        for wrong, sentence in {
            '{"precision": "0%"}': "a precision of 0",
            '{"confidence": "100%"}': "less than 100%",
            '{"warmup": "soon"}': "auto",
            '{"metric": "p98"}': "p99",
            '{"max_requests": 0}': "max_requests",
        }.items():
            told = self.ballast("run", "equal.json", "--set", "statistics=" + wrong, code=65)
            self.assertIn(sentence, told.stderr)


if __name__ == "__main__":
    BALLAST = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
