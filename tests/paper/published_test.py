#!/usr/bin/env python3
"""scripts/paper: the published numbers come out, and where the world is another one they do not.

  published_test.py BALLAST [unittest options]
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from published import runs, table  # noqa: E402

BALLAST = ""


def paper(*words, scenarios=None):
    words = [sys.executable, str(ROOT / "scripts/paper"), "--ballast", BALLAST, *words]
    if scenarios:
        words += ["--scenarios", str(scenarios)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


class Published(unittest.TestCase):
    """The fast part, group by group, so that a failure names its group."""

    def agrees(self, name):
        done = paper("--fast", name)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_delays(self):
        self.agrees("delays")

    def test_wan(self):
        self.agrees("wan")

    def test_split_votes(self):
        self.agrees("split-votes")

    def test_figure_16(self):
        self.agrees("figure-16")

    def test_availsim(self):
        self.agrees("availsim")

    def test_refloated(self):
        self.agrees("refloated")

    def test_partitions(self):
        self.agrees("partitions")


class Broken(unittest.TestCase):
    """A world that is not the paper's must give numbers that are not the paper's."""

    def differs(self, group, file, old, new, row):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(ROOT / "scenarios/paper", folder, dirs_exist_ok=True)
            scenario = pathlib.Path(folder) / file
            text = scenario.read_text(encoding="utf-8")
            self.assertIn(old, text)
            scenario.write_text(text.replace(old, new), encoding="utf-8")
            done = paper("--fast", group, scenarios=folder)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, rf"(?m)^ *{row}.*DIFFERS$")

    def test_one_link_a_nanosecond_slower(self):
        self.differs("wan", "wan_gcp_multi_paxos.json",
                     '"between": ["w1", "w4"], "latency": "3500us"',
                     '"between": ["w1", "w4"], "latency": "3500001ns"',
                     "GCP, leader w1, Q2=2: each site")

    def test_messages_that_take_two_delays(self):
        self.differs("delays", "delays_raft.json", '"latency": "1ms"', '"latency": "2ms"',
                     "Raft, remote client")

    def test_two_logs_equal_where_all_should_differ(self):
        self.differs("availsim", "availsim_logs_differ_2_failed.json",
                     '"isolate": 4, "for": "3500us"', '"isolate": 4, "for": "1us"',
                     "2 failed, all logs different: KS")

    def test_votes_that_take_twice_as_long(self):
        self.differs("figure-16", "raft_figure_16.json", '["5ms", "11ms"]', '["10ms", "22ms"]',
                     "12-24 ms: median")

    def test_pre_vote_where_there_should_be_none(self):
        self.differs("partitions", "howard_abraham_1.json", '"algorithm": "raft"',
                     '"algorithm": "raft", "config": { "pre_vote": true, "check_quorum": true }',
                     "plain Raft")

    def test_no_pre_vote_where_there_should_be_one(self):
        self.differs("partitions", "howard_abraham_2.json", ', "config": { "pre_vote": true }', "",
                     "PreVote alone")


class Statistics(unittest.TestCase):
    def test_quantile_is_the_smallest_value_that_suffices(self):
        self.assertEqual(runs.quantile([1, 2, 3, 4], 0.5), 2)
        self.assertEqual(runs.quantile([1, 2, 3, 4], 0.51), 3)
        self.assertEqual(runs.quantile([7], 0.999), 7)

    def test_distance_at_published_quantiles(self):
        sample = [10, 20, 30, 40]
        self.assertEqual(runs.distance(sample, {0.5: 20}, 0.5), 0)
        self.assertEqual(runs.distance(sample, {0.5: 40.4}, 0.5), 0.25)  # 3 of 4 are below 39.9
        self.assertEqual(runs.distance(sample, {0.5: 5}, 0.5), 0.5)

    def test_a_row_at_its_limit_agrees_and_beyond_it_differs(self):
        group = table.Group("name", "title", "about")
        group.within("at", 100, 115.0, 0.15, "")
        group.within("beyond", 100, 115.1, 0.15, "")
        group.most("at", 0.1, 0.1, "")
        group.most("beyond", 0.1001, 0.1, "")
        group.exact("same", 4, 4, "")
        group.exact("other", 4, 4.000001, "")
        self.assertEqual([row.good for row in group.rows], [True, False] * 3)

    def test_a_group_without_rows_agrees_with_nothing(self):
        self.assertFalse(table.Group("name", "title", "about").good)


class CommandLine(unittest.TestCase):
    def test_unknown_group(self):
        done = paper("figure-17")
        self.assertEqual(done.returncode, 64)
        self.assertIn("figure-16", done.stderr)

    def test_a_scenario_that_is_missing_is_no_disagreement(self):
        with tempfile.TemporaryDirectory() as folder:
            done = paper("delays", scenarios=folder)
        self.assertEqual(done.returncode, 70, done.stdout + done.stderr)

    def test_the_page_names_the_command_of_each_number(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "page.md"
            done = paper("delays", "--out", str(out))
            page = out.read_text(encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        rows = re.findall(r"(?m)^\| Raft, .* \| exact \| agrees \| (\d+) \|$", page)
        self.assertTrue(rows)
        for number in rows:
            self.assertRegex(page, rf"(?m)^{number}  ballast run scenarios/paper/delays_raft.json")


if __name__ == "__main__":
    BALLAST = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
