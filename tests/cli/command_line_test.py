#!/usr/bin/env python3
"""The program as people and scripts meet it: exit codes, texts, files, interruption.

  command_line_test.py BALLAST [unittest options]
"""
import filecmp
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUG = ROOT / "scenarios/bugs/raft_vote_not_persisted.json"
BALLAST = ""

SMALL = {
    "name": "small", "seed": 7, "duration": "1s",
    "nodes": {"server": {"count": 3, "algorithm": "raft"}},
    "network": {"latency": {"uniform": ["1ms", "4ms"]}},
    "workload": {"clients": 2, "arrivals": {"poisson": "50/s"}},
    "expect": {"verdict": "held"},
}


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.small = self.write("small.json", json.dumps(SMALL, indent=2))
        shutil.copy(BUG, self.folder / "bug.json")

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def ballast(self, *words, code=0, env=None, **more):
        more = {"capture_output": True, "timeout": 120, **more}
        clean = {key: value for key, value in os.environ.items()
                 if key not in ("NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR")}
        result = subprocess.run([BALLAST, *map(str, words)], cwd=self.folder, text=True,
                                errors="replace", check=False, env={**clean, **(env or {})}, **more)
        self.assertEqual(result.returncode, code, f"{words}: {result.stdout}{result.stderr}")
        return result

    def read(self, *path):
        return json.loads((self.folder.joinpath(*path)).read_text(encoding="utf-8"))

    def same_directories(self, a, b):
        """Byte for byte, manifests apart."""
        pairs = filecmp.dircmp(self.folder / a, self.folder / b, ignore=[], hide=[])
        self.assertFalse(pairs.left_only + pairs.right_only)
        different = [name for name in pairs.common_files if name != "manifest.json" and
                     not filecmp.cmp(pairs.left / name, pairs.right / name, False)]
        self.assertEqual(different, [])
        for sub in pairs.common_dirs:
            self.same_directories(f"{a}/{sub}", f"{b}/{sub}")


class ExitCodes(Case):
    def test_the_verdict_is_the_exit_code(self):
        self.ballast("run", self.small)
        self.ballast("run", "bug.json", code=1)
        # Nothing can have been answered after a millisecond.
        self.ballast("run", self.small, "--until", "1ms", code=2)
        self.ballast("run", self.small, "--no-check", code=2)

    def test_expect_violation_turns_held_and_violated_round(self):
        self.ballast("run", "bug.json", "--expect", "violation")
        self.ballast("run", self.small, "--expect", "violation", code=1)
        self.ballast("sweep", self.small, "--seeds", "1..3", "--profile", "none", "--expect",
                     "violation", code=1)

    def test_a_scenario_that_shows_nothing_is_inconclusive_and_says_so(self):
        run = self.ballast("run", "bug.json", "--set", "nodes.server.config.bug=none", code=2)
        self.assertIn("HELD, NOT AS EXPECTED", run.stdout)

    def test_usage(self):
        for words, text in [
                ([], "Usage"), (["rum"], "did you mean run?"),
                (["run"], "FILE is required"), (["run", "a", "b"], "not expected: b"),
                (["run", self.small, "--sed", "3"], "did you mean --set?"),
                (["run", self.small, "--seed", "-1"], '--seed is "-1"; expected a number'),
                (["run", self.small, "--seed", "010"], '"010"'),
                (["run", self.small, "--seed=18446744073709551616"], "2^64 - 1"),
                (["run", self.small, "--trace", "ful"], "did you mean full?"),
                (["run", self.small, "--trace-cap", "0"], "from 1 to"),
                (["run", self.small, "--until", "3"], 'such as "30s"'),
                (["run", self.small, "--expect", "held"], 'expected "violation"'),
                (["sweep", self.small], "--seeds is required"),
                (["sweep", self.small, "--seeds", "9..1"], "counts down"),
                (["sweep", self.small, "--seeds", "1..5", "--jobs", "-2"], "--jobs is"),
                (["list", "fautls"], "did you mean faults?"),
                (["describe", "fault", "partiton"], "did you mean partition?"),
        ]:
            with self.subTest(words=words):
                self.assertIn(text, self.ballast(*words, code=64).stderr)
        self.assertFalse((self.folder / "results").exists())

    def test_input(self):
        missing = self.ballast("run", "nowhere.json", code=66)
        self.assertEqual(missing.stderr, "ballast: nowhere.json: No such file or directory\n")
        self.ballast("run", ".", code=66)
        wrong = self.ballast("run", self.small, "--set", "network.los=2%", code=65)
        self.assertIn("--set network.los: error: ", wrong.stderr)
        self.assertIn('did you mean "loss"?', wrong.stderr)
        self.ballast("replay", "nowhere", code=66)
        self.ballast("replay", self.small, code=65)
        self.assertFalse((self.folder / "results").exists())

    def test_output_that_cannot_be_written(self):
        self.write("file", "x")
        cannot = self.ballast("run", self.small, "--out", "file/run", code=73)
        self.assertIn("file/run: cannot create the results: ", cannot.stderr)
        self.ballast("run", self.small, "--out", "file", code=73)
        limited = self.ballast(
            "run", self.small, "--out", "full", code=74,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)))
        self.assertIn("cannot write: File too large", limited.stderr)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()),
                         ["bug.json", "file", "small.json"])
        with open("/dev/full", "w", encoding="utf-8") as full:
            self.ballast("run", self.small, code=74, capture_output=False, stdout=full,
                         stderr=subprocess.DEVNULL)

    def test_somebody_elses_directory_is_left_alone(self):
        (self.folder / "mine").mkdir()
        self.write("mine/thesis.txt", "years of work")
        refused = self.ballast("run", self.small, "--out", "mine", code=73)
        self.assertIn('holds "thesis.txt", which no run wrote', refused.stderr)
        self.assertEqual((self.folder / "mine/thesis.txt").read_text(), "years of work")


class Files(Case):
    def test_two_runs_write_the_same_bytes(self):
        for scenario, code in [(self.small, 0), ("bug.json", 1)]:
            texts = [self.ballast("run", scenario, "--trace", "full", "--out", out, code=code)
                     .stdout.replace(out, "OUT") for out in ("run-a", "run-b")]
            self.assertEqual(*texts)
            self.same_directories("run-a", "run-b")

    def test_what_a_run_writes(self):
        self.ballast("run", self.small)
        place = self.folder / "results/small/seed-7"
        self.assertEqual(sorted(path.name for path in place.iterdir()),
                         ["elections.csv", "history.jsonl", "latency.csv", "manifest.json",
                          "metrics.csv", "scenario.resolved.json", "summary.json",
                          "trace.jsonl"])
        self.assertEqual((self.folder / "results/latest").resolve(), place.resolve())
        summary = self.read(place, "summary.json")
        self.assertEqual((summary["verdict"], summary["seed"]), ("held", 7))
        self.assertGreater(summary["operations"]["ok"], 10)
        trace = (place / "trace.jsonl").read_text().splitlines()
        self.assertEqual(json.loads(trace[0])["records"], len(trace) - 1)
        self.assertIn("command", self.read(place, "manifest.json"))
        self.ballast("run", "bug.json", "--out", "bug", code=1)
        self.assertTrue({"violation.md", "repro.json"} <= set(os.listdir(self.folder / "bug")))

    def test_a_result_is_replaced_whole(self):
        self.ballast("run", "bug.json", "--out", "out", code=1)
        self.ballast("run", self.small, "--trace", "none", "--out", "out")
        self.assertEqual(sorted(os.listdir(self.folder / "out")),
                         ["elections.csv", "latency.csv", "manifest.json", "metrics.csv",
                          "scenario.resolved.json", "summary.json"])

    def test_names_tell_changed_scenarios_apart(self):
        for more in [["--seed", "8"], ["--set", "network.loss=1%"], ["--until", "500ms"],
                     ["--until", "9s"], ["--set", "seed=7"]]:
            self.ballast("run", self.small, "--trace", "none", *more)
        names = sorted(os.listdir(self.folder / "results/small"))
        self.assertEqual(len(names), 4)  # what changes nothing is the run as it stands
        self.assertEqual([len(name) for name in names], [6, 15, 15, 6])

    def test_the_resolved_scenario_is_the_same_run(self):
        self.ballast("run", self.small, "--set", "network.loss=3%", "--out", "one")
        self.ballast("run", "one/scenario.resolved.json", "--out", "two")
        self.same_directories("one", "two")

    def test_json_on_stdout_is_the_summary(self):
        shown = self.ballast("run", self.small, "--format", "json", "--out", "out").stdout
        self.assertEqual(shown, (self.folder / "out/summary.json").read_text())

    def test_fingerprints(self):
        lines = self.ballast("fingerprints", self.small, "bug.json").stdout.splitlines()
        shown = self.ballast("run", self.small, "--format", "json").stdout
        self.assertEqual(lines[0], json.loads(shown)["fingerprint"] + " small.json")
        self.assertEqual(len(lines), 2)
        self.ballast("fingerprints", "nowhere", self.small, code=66)


class Replay(Case):
    def test_bit_for_bit(self):
        self.ballast("run", self.small, "--out", "held")
        self.ballast("run", "bug.json", "--out", "bug", code=1)
        for path in ("held", "bug", "bug/repro.json"):
            shown = self.ballast("replay", path).stdout
            self.assertTrue(shown.startswith("reproduced, bit for bit (fingerprint "), shown)

    def test_a_different_run_is_exit_4(self):
        self.ballast("run", "bug.json", "--out", "bug", code=1)
        repro = self.read("bug/repro.json")
        moved = json.loads(json.dumps(repro))
        moved["scenario"]["workload"]["arrivals"] = {"periodic": "1/s"}
        self.write("moved.json", json.dumps(moved))
        shown = self.ballast("replay", "moved.json", code=4).stdout
        self.assertTrue(shown.startswith("same violation, different trace; first divergence betwe"),
                        shown)
        repro["scenario"]["nodes"]["server"]["config"]["bug"] = "none"
        self.write("mended.json", json.dumps(repro))
        shown = self.ballast("replay", "mended.json", code=4).stdout
        self.assertTrue(shown.startswith("not reproduced; first divergence between event "), shown)
        again = self.ballast("replay", "mended.json", "--format", "json", code=4).stdout
        answer = json.loads(again)
        self.assertEqual((answer["reproduced"], answer["verdict"]), (False, "held"))

    def test_what_was_altered_since(self):
        self.ballast("run", self.small, "--out", "held")
        self.ballast("run", self.small, "--trace", "full", "--trace-cap", "50", "--out", "capped")
        self.assertEqual(self.ballast("replay", "capped").stdout.count("\n"), 2)
        for name, line in (("trace.jsonl", 7), ("history.jsonl", 3)):
            for folder in ("held", "capped"):
                with self.subTest(name=name, folder=folder):
                    path = self.folder / folder / name
                    text = path.read_text()
                    lines = text.splitlines(keepends=True)
                    lines[line - 1] = lines[line - 1].replace('"time":', '"time":1')
                    for altered, at in (("".join(lines), line), (lines[0] * 2 + text, 2),
                                        (text[:-1], text.count("\n")), ("", 1)):
                        path.write_text(altered)
                        shown = self.ballast("replay", folder, code=4).stdout
                        self.assertIn(f"{name} is not what this run writes: line {at:,} ", shown)
                    answer = json.loads(
                        self.ballast("replay", folder, "--format", "json", code=4).stdout)
                    self.assertEqual(answer["altered"], [{"file": name, "line": 1}])
                    path.write_text(text)
        (self.folder / "held" / "trace.jsonl").unlink()
        self.ballast("replay", "held")

    def test_damaged_results(self):
        self.ballast("run", self.small, "--out", "held")
        for name in ("summary.json", "scenario.resolved.json"):
            with self.subTest(name=name):
                path = self.folder / "held" / name
                text = path.read_text()
                for damaged in ("", text[:len(text) // 2], "{}", text.replace('"', "'")):
                    path.write_text(damaged)
                    self.ballast("replay", "held", code=65)
                path.unlink()
                self.ballast("replay", "held", code=66)
                path.write_text(text)
        self.ballast("sweep", self.small, "--seeds", "1", "--profile", "none", "--out", "sweep")
        self.assertIn("a sweep", self.ballast("replay", "sweep", code=66).stderr)


class Interruption(Case):
    def test_an_interrupted_run_leaves_a_valid_result(self):
        process = subprocess.Popen([BALLAST, "run", self.small, "--set", "duration=10h", "--trace",
                                    "none", "--out", "out"], cwd=self.folder,
                                   stdout=subprocess.DEVNULL)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        summary = self.read("out/summary.json")
        self.assertEqual(summary["verdict"], "inconclusive")
        self.assertTrue(summary["reasons"][0].startswith("interrupted at "))


class Texts(Case):
    def test_help_of_every_command_has_an_example(self):
        commands = ["run", "replay", "sweep", "merge", "validate", "fingerprints", "list",
                    "describe", "schema"]
        top = self.ballast("--help").stdout
        for command in commands:
            self.assertIn(command, top)
            shown = self.ballast(command, "--help").stdout
            self.assertIn(f"Usage: ballast {command}", shown)
            self.assertIn("Example", shown)

    def test_about_ten_lines_and_the_commands_to_replay_and_plot(self):
        shown = self.ballast("run", self.small).stdout.splitlines()
        self.assertLessEqual(len(shown), 14)
        self.assertEqual(shown[-2].split(), ["replay", "ballast", "replay",
                                             "results/small/seed-7"])
        self.assertEqual(shown[-1].split(), ["plot", "scripts/plot", "results/small/seed-7"])
        again = self.ballast(*shown[-2].split()[2:]).stdout
        self.assertIn("bit for bit", again)
        quiet = self.ballast("run", self.small, "--quiet").stdout.splitlines()
        self.assertTrue(quiet[0].startswith("HELD, as expected"))

    def test_colour_only_where_it_is_welcome(self):
        escape = "\033["
        for words, env, coloured in [([], {}, False), (["--color", "always"], {}, True),
                                     ([], {"FORCE_COLOR": "1"}, True),
                                     ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
                                     (["--color", "never"], {"FORCE_COLOR": "1"}, False)]:
            shown = self.ballast("run", self.small, *words, env=env).stdout
            self.assertEqual(escape in shown, coloured, (words, env))

    def test_catalogue(self):
        shown = self.ballast("list").stdout
        for word in ("raft", "paxos", "least_loaded", "partition", "agreement", "exponential"):
            self.assertIn(f"  {word} ", shown)
        for words in (["algorithm", "raft"], ["fault", "flap"], ["check", "linearizable"],
                      ["distribution", "lognormal"], ["policy", "random"], [], ["scenario"]):
            self.assertGreater(len(self.ballast("describe", *words).stdout), 40)
        self.assertIn("election_timeout", self.ballast("describe", "algorithm", "raft").stdout)

    def test_schema(self):
        schema = json.loads(self.ballast("schema").stdout)
        self.assertEqual(schema["$schema"], "http://json-schema.org/draft-07/schema#")
        cases = schema["properties"]["nodes"]["additionalProperties"]["allOf"]
        self.assertIn("raft", [case["if"]["properties"]["algorithm"]["const"] for case in cases])

    def test_version(self):
        self.assertTrue(self.ballast("--version").stdout.startswith("ballast "))
        self.assertIn("compiler", json.loads(self.ballast("--version", "--json").stdout))


class Malformed(Case):
    def test_every_bad_file_is_refused_with_its_place(self):
        files = sorted((ROOT / "tests/scenario/bad").iterdir())
        self.assertGreater(len(files), 20)
        for path in files:
            with self.subTest(file=path.name):
                self.assertIn(path.name, self.ballast("validate", path, code=65).stderr)
                self.ballast("run", path, code=65)

    def test_hostile_input_ends_soon(self):
        self.write("deep.json", "[" * 1_000_000)
        self.write("long.json", '{"name": "' + "x" * 20_000_000 + '"}')
        self.write("huge.json", json.dumps({**SMALL, "duration": "1e400s"}))
        self.write("number.json", '{"seed": 1e400}')
        for name in ("deep.json", "long.json", "huge.json", "number.json", "/dev/null"):
            with self.subTest(name=name):
                begun = time.monotonic()
                self.assertGreater(len(self.ballast("validate", name, code=65).stderr), 10)
                self.assertLess(time.monotonic() - begun, 10)

    def test_a_load_beyond_capacity_is_said_and_run(self):
        (self.folder / "busy.json").write_text("""{ "name": "busy", "duration": "2s",
          "nodes": { "endpoint": { "algorithm": "endpoint", "config": { "service": "10ms" } } },
          "workload": { "arrivals": { "poisson": "150/s" } } }""", encoding="utf-8")
        said = "the load is 1.50: 150.0 jobs a second are asked for and 100.0 can be done"
        self.assertIn(f"busy.json: ok, but {said}", self.ballast("validate", "busy.json").stdout)
        shown = " ".join(self.ballast("run", "busy.json", "--out", "busy").stdout.split())
        self.assertIn(said, shown)
        self.assertIn("HELD", shown)

    def test_all_files_and_all_mistakes_are_shown(self):
        self.write("wrong.json", json.dumps({**SMALL, "sede": 1, "duration": 5,
                                             "network": {"loss": 2}}))
        result = self.ballast("validate", "wrong.json", self.small, "nowhere", code=66)
        self.assertEqual(result.stdout, "small.json: ok\n")
        for words in ('unknown key "sede"', "duration is 5", "network.loss is 2", "3 errors",
                      "nowhere: No such file"):
            self.assertIn(words, result.stderr)


if __name__ == "__main__":
    BALLAST = os.path.abspath(sys.argv.pop(1))
    unittest.main()
