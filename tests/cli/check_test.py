#!/usr/bin/env python3
"""Histories judged on the command line: verdicts, exit codes, mistakes, reports.

  check_test.py BALLAST [unittest options]
"""
import json
import sys
import unittest

import command_line_test
from command_line_test import Case


def lines(*operations):
    """JSON Lines of (process, f, value seen or written, begin, end), the end None if unknown."""
    events = []
    for process, f, value, begin, end in operations:
        asked = None if f == "read" else value
        events.append((begin, 0, {"process": process, "type": "invoke", "f": f, "value": asked,
                                  "time": begin}))
        if end is not None:
            events.append((end, 1, {"process": process, "type": "ok", "f": f, "value": value,
                                    "time": end}))
    return "".join(json.dumps(each) + "\n" for _, _, each in sorted(events, key=lambda e: e[:2]))


GOOD = lines((0, "write", 1, 1, 5), (1, "read", 1, 3, 8), (2, "write", 2, 4, None))
STALE = lines((0, "write", 1, 1, 2), (0, "write", 2, 3, 4), (1, "read", 1, 5, 6))


class Check(Case):
    def check(self, text, *words, model="register", code=0):
        (self.folder / "h.jsonl").write_text(text, encoding="utf-8")
        return self.ballast("check", "h.jsonl", "--model", model, *words, code=code)

    def test_a_linearizable_history_is_held(self):
        self.assertIn("linearizable: 3 operations on 1 object", self.check(GOOD).stdout)

    def test_a_stale_read_is_violated_and_explained(self):
        text = self.check(STALE, code=1).stdout
        self.assertIn("not linearizable", text)
        self.assertIn("had completed before the read began", text)

    def test_json_holds_the_core(self):
        report = json.loads(self.check(STALE, "--format", "json", code=1).stdout)
        self.assertEqual(report["verdict"], "not linearizable")
        core = report["violations"][0]["core"]
        self.assertEqual([each["value"] for each in core], [1, 2, 1])
        self.assertEqual(core[2]["line"], 5)

    def test_the_page_loads_nothing(self):
        self.check(STALE, "--html", "why.html", code=1)
        page = (self.folder / "why.html").read_text(encoding="utf-8")
        self.assertIn("<svg", page)
        for outside in ("http:", "https:", "src=", "@import", "url("):
            self.assertNotIn(outside, page)

    def test_edn(self):
        edn = ("[{:process 0, :type :invoke, :f :write, :value 1}"
               " {:process 0, :type :ok, :f :write, :value 1}\n"
               " {:process 0, :type :invoke, :f :read, :value nil}"
               " {:process 0, :type :ok, :f :read, :value nil}]")
        self.assertIn("returned nothing", self.check(edn, code=1).stdout)

    def test_no_memory_is_unknown(self):
        many = []
        for i in range(0, 30000, 10):
            many += [(0, "write", i % 5, i, i + 8), (1, "write", i % 7, i + 1, i + 9)]
        text = self.check(lines(*many), "--memory", "1kB", code=2).stdout
        self.assertIn("undecided within the limits", text)

    def test_mistakes_have_places(self):
        error = self.check('{"process":0,"type":"ok","f":"read","value":1}\n{"process":0}\n',
                           code=65).stderr
        self.assertIn("h.jsonl:1:1: error: process 0 completes", error)
        self.assertIn("h.jsonl:2:1: error: an operation without \"type\"", error)

    def test_no_such_file_and_wrong_words(self):
        self.ballast("check", "none.jsonl", "--model", "register", code=66)
        self.assertIn("did you mean register?",
                      self.ballast("check", "x", "--model", "registre", code=64).stderr)
        self.ballast("check", "x", "--model", "register", "--memory", "much", code=64)

    def test_what_correct_machines_did_is_linearizable(self):
        raft = command_line_test.ROOT / "scenarios" / "raft"
        for machine in ("lock", "counter", "queue"):
            self.ballast("run", raft / f"{machine}.json", "--out", machine, "--quiet")
            self.ballast("check", machine, "--model", machine)
        self.ballast("check", "lock", "--model", "fenced-lock")

    def test_a_lock_that_two_hold_is_violated(self):
        def acquire(process, kind, time, **more):
            event = {"process": process, "type": kind, "f": "acquire", "time": time, **more}
            return json.dumps(event) + "\n"
        text = (acquire(0, "invoke", 1) + acquire(0, "ok", 2, value=1) +
                acquire(1, "invoke", 3) + acquire(1, "ok", 4, value=2))
        self.check(text, model="lock", code=1)
        # A holder that is given its own token again, and one that is not.
        again = text.replace('"process": 1', '"process": 0')
        self.check(again, model="lock", code=1)
        self.check(again.replace('"value": 2', '"value": 1'), model="lock")

    def test_the_history_of_a_run(self):
        self.ballast("run", self.small, "--out", "run")
        self.ballast("check", "run", "--model", "cas-register")


if __name__ == "__main__":
    command_line_test.BALLAST = command_line_test.os.path.abspath(sys.argv.pop(1))
    unittest.main()
