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

    def test_each_consistency_has_a_verdict_of_its_own(self):
        words = ("--consistency", "linearizable", "--consistency", "sequential",
                 "--consistency", "bounded-staleness=2", "--consistency", "read-your-writes")
        text = self.check(STALE, *words, code=1).stdout
        self.assertIn("not linearizable: 3 operations", text)
        self.assertIn("sequential holds: 3 operations of 2 processes on 1 object", text)
        self.assertIn("bounded-staleness=2 holds", text)
        self.assertIn("read-your-writes holds", text)
        self.check(STALE, *words[2:])
        reports = json.loads(self.check(STALE, "--format", "json", *words[2:]).stdout)
        self.assertEqual([each["consistency"] for each in reports],
                         ["sequential", "bounded-staleness=2", "read-your-writes"])

    def test_a_session_that_goes_back_is_told(self):
        back = lines((0, "write", 5, 1, 2), (0, "write", 7, 3, 4), (1, "read", 7, 5, 6),
                     (1, "read", 5, 7, 8))
        text = self.check(back, "--consistency", "monotonic-reads", "--html", "why.html",
                          code=1).stdout
        self.assertIn("process 1's read -> 5", text)
        self.assertIn("came after its read -> 7", text)
        self.assertIn("<svg", (self.folder / "why.html").read_text(encoding="utf-8"))
        self.check(back, "--consistency", "monotonic-reads", "--write-order", "any")

    def test_what_cannot_be_told_apart_is_unknown(self):
        twice = lines((0, "write", 5, 1, 2), (0, "write", 5, 3, 4), (1, "read", 5, 5, 6))
        text = self.check(twice, "--consistency", "session", code=2).stdout
        self.assertIn("5 was there more than once (line 1, line 3)", text)

    def test_a_consistency_must_fit_the_model_and_its_bound(self):
        error = self.check(STALE, "--consistency", "mutual-exclusion", code=64).stderr
        self.assertIn("says nothing of a register; it judges lock", error)
        error = self.check(STALE, "--consistency", "bounded-staleness", code=64).stderr
        self.assertIn("expected a bound", error)
        self.assertIn("did you mean sequential?",
                      self.check(STALE, "--consistency", "sequentail", code=64).stderr)
        self.assertIn("Lamport", self.ballast("describe", "consistency", "sequential").stdout)

    def transactions(self, text, *words, code=0):
        (self.folder / "t.edn").write_text(text, encoding="utf-8")
        return self.ballast("check", "t.edn", "--model", "list-append", *words, code=code)

    def test_transactions_are_held_to_an_isolation(self):
        skew = ("{:process 0 :type :invoke :f :txn :value [[:r :x nil] [:append :y 1]]}"
                "{:process 1 :type :invoke :f :txn :value [[:r :y nil] [:append :x 1]]}"
                "{:process 0 :type :ok :f :txn :value [[:r :x []] [:append :y 1]]}"
                "{:process 1 :type :ok :f :txn :value [[:r :y []] [:append :x 1]]}")
        text = self.transactions(skew, code=1).stdout
        self.assertIn("strict-serializable violated: 2 transactions on 2 keys", text)
        self.assertIn("G2-item", text)
        self.assertIn("T1 < T2 (rw): it read key x as nothing", text)
        self.transactions(skew, "--isolation", "snapshot-isolation")
        report = json.loads(self.transactions(skew, "--format", "json", code=1).stdout)
        self.assertEqual(report["strongest"], ["snapshot-isolation"])
        self.transactions(skew, "--consistency", "causal", code=64)
        self.check(STALE, "--isolation", "serializable", code=64)
        self.assertIn("t.edn:1:1: error: expected the operation",
                      self.transactions("{:process 0 :type :invoke :f :read}", code=65).stderr)

    def test_mistakes_have_places(self):
        error = self.check('{"process":0,"type":"ok","f":"read","value":1}\n{"process":0}\n',
                           code=65).stderr
        self.assertIn("h.jsonl:1:1: error: process 0 completes", error)
        self.assertIn("h.jsonl:2:1: error: an operation without \"type\"", error)

    def test_what_is_no_history_has_a_place_and_never_a_crash(self):
        begin = '{"process":0,"type":"invoke","f":"write","value":1,"time":%s}\n'
        end = '{"process":0,"type":"ok","f":"write","value":1,"time":%s}\n'
        edn = "{:process 0, :type :invoke, :f :write, :value %s}"
        for text, place in (
                (begin % 1 + (end % 2)[:20], ":2:1: error: this is not JSON"),
                (begin % "1.5" + end % 2, ':1:1: error: the "time" of an operation is a whole'),
                (begin % 1 + end % "99999999999999999999", ":2:1: error: the \"time\""),
                (begin % '"soon"' + end % 2, ":1:1: error: the \"time\""),
                (begin % 5 + end % 3, ":2:1: error: the operation of process 0 ends before"),
                (begin % 1 + begin % 2, ":2:1: error: process 0 has two operations open"),
                (begin % 1 + end % 2 + end % 3, ":3:1: error: process 0 completes"),
                ((begin % 1).replace("invoke", "begin"), ':1:1: error: unknown type "begin"'),
                ('{"value":' + "[" * 50000 + "]" * 50000 + "}\n", ":1:1: error: values are nested"),
                ("[" * 50000, ":1:103: error: values are nested too deeply"),
                (edn % ("[" * 50000), ": error: values are nested too deeply"),
                (edn % ("#_" * 50000), ": error: values are nested too deeply"),
                (edn % ("#a " * 50000), ": error: values are nested too deeply"),
                (edn % ("^a " * 50000), ": error: values are nested too deeply"),
                (edn % "1" + "]", ":1:49: error: a bracket that closes nothing"),
                ("[" + edn % "1", "error: the text ends within a vector"),
                ("{:process 0, :type}", "error: a map with a key that has no value"),
                (edn % '"\\u12"', "error: \\u is followed by the four digits of a letter"),
                (edn % '"\\ud83d"', "error: \\u is followed by the four digits of a letter"),
                ((begin % 1).replace('"write"', '"txn"'), "or --model list-append or rw-register"),
                ('{:f "wri', "error: the text ends within a string")):
            error = self.check(text, code=65).stderr
            self.assertIn(place, error, text[:100])
        bad = b'{"process":0,"type":"invoke","f":"write","value":"\xff","time":1}\n'
        (self.folder / "h.jsonl").write_bytes(bad)
        self.assertIn(":1:1: error: this is not JSON",
                      self.ballast("check", "h.jsonl", "--model", "register", code=65).stderr)
        bad = b'{:process 0, :type :invoke,\n :f :write, :value "\xc3"}'
        (self.folder / "h.edn").write_bytes(bad)
        self.assertIn("h.edn:2:21: error: this is not UTF-8",
                      self.ballast("check", "h.edn", "--model", "register", code=65).stderr)

    def test_what_jepsen_writes_is_read(self):
        edn = ("; a test\r\n"
               "#jepsen.history.Op{:type :info, :f :start, :process :nemesis, :time 10}\r\n"
               "{:type :invoke, :f :start, :process :nemesis, :time 11}\r\n"
               "^{:a 1} {:type :invoke, :f :write, :value [1 5], :process 0, :time 100}\r\n"
               "{ :type :invoke, :f :read, :value [1 nil], :process 1, :time 101}\r\n"
               "{:type :ok, :f :write, :value [1 5], :process 0, :time 103, :error \\{}\r\n"
               "{:type :ok, :f :read, :value [1 5], :process 1, :time 104} #_{:type :bogus}\r\n"
               "{:type :invoke, :f :cas, :value [1 [7 6]], :process 1, :time 105}\r\n"
               "{:type :fail, :f :cas, :value [1 [7 6]], :process 1, :time 106, :error [:no 1]}\r\n"
               "{:type :invoke, :f :read, :value [2 nil], :process 3, :time 107}\r\n"
               "{:type :info, :f :read, :value [2 nil], :process 3, :time 108, :error :timeout}\r\n"
               "{:type :info, :f :stop, :process :nemesis, :time 110, :value {:a #{1 2}}}\r\n")
        words = ("--partition", "value", "--format", "json")
        for text in (edn, "\ufeff" + edn):
            report = json.loads(self.check(text, *words, model="cas-register").stdout)
            self.assertEqual((report["verdict"], report["objects"]), ("linearizable", 2))
        # A refused cas that looked would have found the 5 that it asks for.
        seen = edn.replace("[7 6]", "[5 6]")
        self.check(seen, *words, model="cas-register")
        self.check(seen, *words, "--fail", "observed", model="cas-register", code=1)
        # Microseconds since 1970, and no times at all.
        self.check(GOOD.replace('"time": ', '"time": 178000000000000000'))
        self.check(STALE.replace('"time"', '"when"'), code=1)

    def test_a_history_without_operations_proves_nothing(self):
        failed = ('{"process":0,"type":"invoke","f":"write","value":1}\n'
                  '{"process":0,"type":"fail","f":"write","value":1}\n')
        nemesis = "{:type :info, :f :start, :process :nemesis}"
        for text in ("", "\n\n", "; nothing\n", "[]", failed, nemesis):
            self.assertIn("unknown: h.jsonl has no operation that may have happened",
                          self.check(text, code=2).stdout)
            self.check(text, "--consistency", "session", code=2)
            report = json.loads(self.check(text, "--format", "json", code=2).stdout)
            self.assertEqual((report["verdict"], report["operations"]), ("unknown", 0))
        self.assertIn("nothing was judged", self.check("", model="list-append", code=2).stdout)

    def test_what_cannot_be_read_says_what_to_do(self):
        for begin, advice in ((b"\x1f\x8b\x08\x00", "unpack it with gzip -d"),
                              (b"PK\x03\x04", "unpack it with unzip"),
                              (b"\x28\xb5\x2f\xfd", "unpack it with zstd -d"),
                              ("{}".encode("utf-16"), "write it as UTF-8")):
            (self.folder / "h.bin").write_bytes(begin + b"\x00\n\x00")
            error = self.ballast("check", "h.bin", "--model", "register", code=65).stderr
            self.assertEqual(error.count("error:"), 1)
            self.assertIn("h.bin:1:1: error: this is", error)
            self.assertIn(advice, error)
        again = ('{"process":0,"type":"invoke","f":"write","value":1}\n'
                 '{"process":0,"type":"info","f":"write","value":1}\n'
                 '{"process":0,"type":"invoke","f":"read"}\n')
        self.assertIn(":3:1: error: process 0 is retired: its operation of line 2 ended as info "
                      "and may still be under way. What its client does next is done by a new",
                      self.check(again, code=65).stderr)
        pair = "{:process 0, :type :invoke, :f :read, :value [7 nil]}"
        self.assertIn("as jepsen.independent has it: say --partition value",
                      self.check(pair, code=65).stderr)
        self.check(pair, "--partition", "value")
        other = ('{"process":0,"type":"invoke","f":"write","value":1}\n'
                 '{"process":0,"type":"ok","f":"write","value":%s}\n')
        error = self.check(other % 2, code=65).stderr
        self.assertIn(":2:1: error: process 0 completes another write than it had invoked in line",
                      error)
        self.check(other % "null")

    def test_equal_times_are_concurrent_and_all_equal_ones_are_mentioned(self):
        # The read may come before the write, for nothing comes before anything.
        both = self.check(lines((0, "write", 1, 5, 5), (1, "read", None, 5, 5)))
        self.assertIn('note: every operation of', both.stderr)
        self.check(lines((0, "write", 1, 5, 5), (1, "read", 7, 5, 5)), code=1)
        later = self.check(lines((0, "write", 1, 5, 5), (1, "read", None, 5, 6)))
        self.assertEqual("", later.stderr)

    def test_one_array_of_json_is_as_good_as_lines(self):
        operations = STALE.replace("\n", ",\n")[:-2]
        told = self.check(STALE, "--format", "json", code=1).stdout
        self.assertEqual(self.check("[" + operations + "]\n", "--format", "json", code=1).stdout,
                         told)
        spread = " [\n" + operations.replace(", ", ",\r\n  ") + "\n]"
        report = json.loads(self.check(spread, "--format", "json", code=1).stdout)
        self.assertEqual(report["verdict"], "not linearizable")
        text = '{"process":0,"type":"invoke","f":"write","value":"}]\\"{"}'
        self.check("[" + text + "]")
        for wrong, place in (("[" + text + "\n", ":2:1: error: the text ends within an array"),
                             ("[\n" + text + ",\n{\"f\"}]", ":3:1: error: this is not JSON"),
                             ("[" + text + ", 5]", ":1:1: error: a line of a history is a JSON"),
                             ("[" + text + "]\n[]", ":1:1: error: there is more after the array")):
            self.assertIn(place, self.check(wrong, code=65).stderr, wrong)

    def test_processes_may_have_names(self):
        named = STALE.replace('"process": 1', '"process": "client-a"')
        told = self.check(named, code=1).stdout
        self.assertIn("process client-a", told)
        report = json.loads(self.check(named, "--format", "json", code=1).stdout)
        self.assertIn("client-a", [each["process"] for each in report["violations"][0]["core"]])
        self.assertIn("process client-a", self.check(named, "--consistency", "monotonic-reads",
                                                     "--consistency", "sequential").stdout + told)
        edn = ("{:process :a, :type :invoke, :f :write, :value 1}"
               "{:process :a, :type :invoke, :f :write, :value 2}")
        self.assertIn("process a has two operations open", self.check(edn, code=65).stderr)
        # What only reports is no client, whatever it is called.
        self.check("{:process :kill-nodes, :type :info, :f :kill}" + edn.split("}")[0] + "}")

    def test_values_are_compared_to_the_digit(self):
        line = '{"process":0,"type":"%s","f":"%s","value":%s}\n'

        def wrote_and_read(written, seen):
            return (line % ("invoke", "write", written) + line % ("ok", "write", written) +
                    line % ("invoke", "read", "null") + line % ("ok", "read", seen))
        great = "123456789012345678901234567890"
        for value, other in (("18446744073709551615", "-1"), (great, great[:-1] + "1"),
                             ("2305843009213693952", "2305843009213693953"), ("1.5", "1.25"),
                             ('{"a":1,"b":2}', '{"a":2,"b":1}')):
            self.check(wrote_and_read(value, value))
            self.check(wrote_and_read(value, other), code=1)
        self.check(wrote_and_read('{"a":1,"b":2}', '{"b":2,"a":1}'))
        line = "{:process 0, :type :%s, :f :%s, :value %s}\n"
        for value, same in (("+5", "5"), ("5N", "5"), (great + "N", great), ("#{1 2}", "#{2 1}"),
                            ("{:a 1, :b 2}", "{:b 2, :a 1}"), ("1/3", "1/3"), ("-7", "-7"),
                            ('"x\\u00e9\\u20acy"', '"xé€y"')):
            self.check(wrote_and_read(value, same).replace(":value null", ":value nil"))
        self.check(wrote_and_read("[1 2]", "[2 1]").replace("null", "nil"), code=1)

    def test_any_number_of_jobs_says_the_same(self):
        events = []
        for key in range(40):
            # Few values under many clients: some keys take a search, and one is wrong.
            for i in range(60):
                process = key * 10 + i % 6
                f, value = ("write", i % 3) if i % 2 == 0 else ("read", (i - 1) % 3)
                if key == 33 and i == 59:
                    value = 7
                for kind, time in (("invoke", i * 10 + i % 6), ("ok", i * 10 + 50)):
                    events.append((time, kind == "ok", {
                        "process": process, "type": kind, "f": f, "key": key, "time": time,
                        "value": None if f == "read" and kind == "invoke" else value}))
        events.sort(key=lambda event: event[:2])
        text = "".join(json.dumps(each) + "\n" for _, _, each in events)
        for more in ((), ("--memory", "64kB"), ("--format", "json")):
            said = {self.check(text, "--jobs", str(jobs), *more, code=1).stdout
                    for jobs in (1, 2, 7, 0)}
            self.assertEqual(len(said), 1)
            self.assertIn("7", said.pop())

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
