#!/usr/bin/env python3
"""The page of `ballast check --html`, as a browser shows it.

  page_test.py BALLAST [unittest options]

Exit code 77, skipped, where there is no Chromium.
"""
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import unittest

import command_line_test
from command_line_test import Case

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
               None)

# Runs within the page, and leaves what it saw as JSON in the last element.
PROBE = """<script>
const errors=[];window.onerror=m=>errors.push(String(m));
addEventListener('load',()=>{
 const charts=[...document.querySelectorAll('.chart')].map(c=>{
  const svg=c.querySelector('svg:not(.names)'),box=svg.getBoundingClientRect();
  const inside=e=>{const r=e.getBoundingClientRect();
   return r.left>=box.left-1&&r.right<=box.right+1&&r.top>=box.top-1&&r.bottom<=box.bottom+1};
  const boxes=q=>[...c.querySelectorAll(q)].map(e=>e.getBoundingClientRect());
  const hit=(a,b)=>a.left<b.right-1&&b.left<a.right-1&&a.top<b.bottom-1&&b.top<a.bottom-1;
  const bars=boxes('.op .bar');let overlaps=0;
  bars.forEach((a,i)=>bars.forEach((b,j)=>{if(i<j&&hit(a,b))++overlaps}));
  const ticks=boxes('.tick');let ticks_overlap=0;
  ticks.slice(1).forEach((a,i)=>{if(i>0&&hit(a,ticks[i]))++ticks_overlap});
  const texts=[...c.querySelectorAll('.op')].filter(g=>{
   const bar=g.querySelector('.bar').getBoundingClientRect();
   return [...g.querySelectorAll('text')].some(t=>t.textContent&&
    t.getBoundingClientRect().right>bar.right+4)}).length;
  const shown=c.getBoundingClientRect(),here=c.querySelector('.here line');
  return {bars:bars.length,overlaps,ticks:ticks.length,ticks_overlap,texts_outside:texts,
   arrows:c.querySelectorAll('.arrow path').length,
   arrow_texts:boxes('.arrow text')
    .filter((a,i,all)=>all.some((b,j)=>i<j&&hit(a,b))).length,
   outside:[...svg.querySelectorAll('.bar,.dot,.tick,.arrow path,.arrow text')]
    .filter(e=>!inside(e)).length,
   bands:[...c.querySelectorAll('.band text')].map(e=>e.textContent),
   dots:c.querySelectorAll('.dot').length,core:c.querySelectorAll('.op.core').length,
   rows:[...c.querySelectorAll('.names text:not(.tick)')].map(e=>e.textContent),
   stuck:c.querySelectorAll('.op.stuck').length,
   failure_in_sight:!here||(here.getBoundingClientRect().left>shown.left&&
    here.getBoundingClientRect().left<shown.right)}});
 const choice=document.getElementById('key');
 let after_choice=null;
 if(choice){choice.value=choice.options[1].value;choice.onchange();
  after_choice=[...document.querySelectorAll('section')].filter(s=>!s.hidden).length}
 const out=document.createElement('pre');out.id='probe';
 out.textContent=JSON.stringify({charts,errors,after_choice,
  loaded:performance.getEntriesByType('resource').length,
  wide:document.documentElement.scrollWidth>innerWidth});
 document.body.append(out)});
</script>"""


def history(clients, count, keys=1, seed=1):
    """A register under unknown writes and a nemesis; one late read returns an old value."""
    dice = random.Random(seed)
    free = [0] * clients
    process = list(range(clients))
    operations = []
    now = 0
    for _ in range(count):
        client = dice.randrange(clients)
        now += dice.randrange(1_500_000)
        begin = max(free[client], now) + dice.randrange(1, 2_000_000)
        free[client] = begin + dice.randrange(500_000, 6_000_000)
        operations.append(((begin + free[client]) // 2, client, begin, free[client]))
    lines = []
    values = [[None] for _ in range(keys)]
    for i, (_, client, begin, end) in enumerate(sorted(operations)):
        key = dice.randrange(keys)
        past = values[key]
        write = dice.random() < 0.4
        if write:
            past.append(i + 1)
        stale = i > count * 3 // 4 and len(past) > 5
        seen = past[-1] if write or not stale else past[-5]
        kind = "info" if write and dice.random() < 0.05 else "ok"
        common = {"process": process[client], "f": "write" if write else "read", "key": key}
        lines.append((begin, {**common, "type": "invoke", "value": seen if write else None}))
        lines.append((end, {**common, "type": kind, "value": seen}))
        if kind == "info":
            process[client] += clients
    last = max(time for time, _ in lines)
    for part, f in ((5, "start-partition"), (7, "bump-clock"), (9, "stop-partition")):
        lines.append((last * part // 10, {"process": "nemesis", "type": "info", "f": f}))
    lines.sort(key=lambda line: line[0])
    return "".join(json.dumps({**line, "time": time}) + "\n" for time, line in lines)


def transactions(clients, count, keys=4, seed=3):
    """Appends and reads of lists, some of which see a key as it was two appends before."""
    dice = random.Random(seed)
    free = [0] * clients
    lists = [[] for _ in range(keys)]
    lines = []
    for i in range(count):
        client = dice.randrange(clients)
        begin = free[client] + dice.randrange(1, 2_000_000)
        free[client] = begin + dice.randrange(500_000, 6_000_000)
        asked, told = [], []
        for _ in range(dice.randrange(1, 4)):
            key = dice.randrange(keys)
            if dice.random() < 0.5:
                element = len(lines) * 10 + len(asked)
                lists[key].append(element)
                asked.append(["append", key, element])
                told.append(asked[-1])
            else:
                back = 2 if dice.random() < 0.03 else 0
                asked.append(["r", key, None])
                told.append(["r", key, lists[key][:max(0, len(lists[key]) - back)]])
        common = {"process": client, "f": "txn"}
        lines.append((begin, {**common, "type": "invoke", "value": asked}))
        lines.append((free[client], {**common, "type": "ok", "value": told}))
    lines.sort(key=lambda line: line[0])
    return "".join(json.dumps({**line, "time": time}) + "\n" for time, line in lines)


class Page(Case):
    def see(self, page):
        """What a browser makes of a page: the findings of the probe, and a picture."""
        text = (self.folder / page).read_text(encoding="utf-8")
        probed = self.folder / "probed.html"
        probed.write_text(text.replace("</body>", PROBE + "</body>"), encoding="utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1300,900",
                 f"--user-data-dir={self.folder / 'browser'}"]
        shown = subprocess.run([BROWSER, *flags, "--dump-dom", probed.as_uri()], check=True,
                               capture_output=True, text=True, timeout=120).stdout
        seen = json.loads(re.search(r'<pre id="probe">(.*?)</pre>', shown)[1]
                          .replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
        self.assertEqual(seen["errors"], [])
        self.assertEqual(seen["loaded"], 0)
        self.assertFalse(seen["wide"], "only charts may be wider than the window")
        for chart in seen["charts"]:
            for wrong in ("overlaps", "ticks_overlap", "texts_outside", "outside", "arrow_texts"):
                self.assertEqual(chart[wrong], 0, wrong)
            self.assertGreater(chart["ticks"], 1)
            self.assertTrue(chart["failure_in_sight"])
        picture = self.folder / "page.png"
        subprocess.run([BROWSER, *flags, f"--screenshot={picture}", (self.folder / page).as_uri()],
                       check=True, capture_output=True, timeout=120)
        self.assertGreater(picture.stat().st_size, 10_000)
        return seen

    def check(self, text, code=1):
        (self.folder / "h.jsonl").write_text(text, encoding="utf-8")
        self.ballast("check", "h.jsonl", "--model", "register", "--html", "p.html", code=code)

    def test_three_clients(self):
        self.check(history(3, 40))
        [chart] = self.see("p.html")["charts"]
        self.assertEqual(chart["stuck"], 1)
        self.assertGreaterEqual(chart["core"], 2)
        self.assertGreater(chart["dots"], 10)
        self.assertIn("start-partition", chart["bands"])
        self.assertEqual(chart["rows"][-1][:7], "process")

    def test_sixty_clients_and_many_keys(self):
        self.check(history(60, 1500, keys=3, seed=2))
        seen = self.see("p.html")
        self.assertGreater(len(seen["charts"]), 1)
        self.assertEqual(seen["after_choice"], 1)
        self.assertGreater(max(len(chart["rows"]) for chart in seen["charts"]), 50)
        self.assertTrue(all(chart["bars"] <= 410 for chart in seen["charts"]))

    def test_cycles_of_transactions(self):
        (self.folder / "t.jsonl").write_text(transactions(8, 200), encoding="utf-8")
        self.ballast("check", "t.jsonl", "--model", "list-append", "--html", "p.html", code=1)
        seen = self.see("p.html")
        self.assertGreater(len(seen["charts"]), 1)
        self.assertEqual(seen["after_choice"], 1)
        cycles = [chart for chart in seen["charts"] if chart["arrows"] > 0]
        self.assertGreater(len(cycles), 0)
        for chart in cycles:
            self.assertEqual(chart["arrows"], chart["core"])
            self.assertGreaterEqual(chart["core"], 2)

    def test_the_faults_of_a_run_are_shaded(self):
        scenario = command_line_test.ROOT / "scenarios" / "bugs" / "raft_read_without_quorum.json"
        self.ballast("run", scenario, "--out", "run", "--quiet", code=1)
        self.ballast("check", "run", "--model", "cas-register", "--html", "p.html", code=1)
        [chart] = self.see("p.html")["charts"]
        self.assertIn("partition", chart["bands"][0])
        self.assertEqual([row[0] for row in chart["rows"]], ["c"] * len(chart["rows"]))

    def test_a_history_that_can_be_explained_is_drawn_with_its_order(self):
        self.ballast("run", self.small, "--out", "run", "--quiet")
        self.ballast("check", "run", "--model", "cas-register", "--html", "p.html")
        seen = self.see("p.html")
        self.assertTrue(all(chart["dots"] > 0 for chart in seen["charts"]))
        self.assertTrue(all(chart["core"] == 0 for chart in seen["charts"]))


if __name__ == "__main__":
    command_line_test.BALLAST = command_line_test.os.path.abspath(sys.argv.pop(1))
    if BROWSER is None:
        print("skipped: no Chromium; scripts/setup --browser installs it")
        sys.exit(77)
    unittest.main()
