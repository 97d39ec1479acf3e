"""Elections, by chance: Figure 16, AvailSim, closed forms, Raft Refloated, partial partitions."""
import json
from fractions import Fraction
from math import sqrt

from . import formulas
from .runs import (HELD, INCONCLUSIVE, VIOLATED, distance, mean, milliseconds, quantile)
from .table import Group, Row, percent

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)

# --- Raft, Figure 16 ------------------------------------------------------------------------------

# Of each range of timeouts: minimum, the quantiles of SHARES, maximum, mean.
FIGURE_16 = {
    (150, 150): (9865, (19969, 28492, 41104, 60664, 84933, 121426, 527964), 527964, 54279),
    (150, 151): (86, (434, 737, 1199, 1943, 3132, 4007, 6013), 8231, 1536),
    (150, 155): (85, (119, 154, 287, 435, 609, 764, 1242), 2143, 345),
    (150, 200): (87, (110, 125, 146, 167, 194, 296, 352), 512, 156),
    (150, 300): (93, (125, 144, 171, 208, 244, 265, 415), 603, 181),
    (12, 24): (15, (20, 24, 30, 42, 53, 67, 87), 152, 35),
    (50, 100): (37, (48, 56, 67, 79, 96, 120, 169), 253, 71),
    (100, 200): (66, (85, 100, 120, 145, 166, 182, 277), 335, 125),
}
LOOSE = (150, 155)


def timeouts(low, high):
    return {"nodes.server.config.election_timeout": f'["{low}ms", "{high}ms"]',
            "nodes.server.config.heartbeat": f"{low * 500}us",
            "faults.0.crash.stagger": f"{low * 500}us"}


def duration(low, high):
    return {(150, 150): "2000s", (150, 151): "40s", (150, 155): "10s"}.get((low, high), "3s")


def figure_16(ballast, full):
    trials = 1000 if full else 400
    group = Group("figure-16", "Raft, Figure 16: time to replace a crashed leader",
                  "Ongaro and Ousterhout 2014, Figure 16, and the dissertation, chapter 9, as "
                  f"digitised from the vector figure. {trials} trials per range of timeouts (100 "
                  "for 150-150, as in the paper), from the crash until all others have heard from "
                  "the new leader. Delays and disk writes are a fit: the paper gives their sum, a "
                  "broadcast time of about 15 ms. KS is the largest distance between the "
                  "distribution functions at the published quantiles.")
    samples = {}
    for (low, high), (_, quantiles, _, average) in FIGURE_16.items():
        every_time = low == high
        if every_time and not full:
            continue
        sets = {**timeouts(low, high), "duration": duration(low, high)}
        rows = ballast.sweep("raft_figure_16.json", 100 if every_time else trials, sets)
        source = ballast.commands[-1]
        sample = samples[low, high] = milliseconds(rows, "followed_ns")
        name = f"{low}-{high} ms"
        if every_time:
            good = 0.1 <= quantile(sample, 0.5) / quantiles[2] <= 10
            group.fact(f"{name}: median, order of magnitude", str(quantiles[2]),
                       f"{quantile(sample, 0.5):.0f}", good, source)
            continue
        group.within(f"{name}: median", quantiles[2], quantile(sample, 0.5), 0.15, source)
        group.within(f"{name}: mean", average, mean(sample),
                     0.25 if (low, high) == LOOSE else 0.15, source)
        limit = {LOOSE: 0.20, (12, 24): 0.13}.get((low, high), 0.10)
        group.most(f"{name}: KS",
                   distance(sample, dict(zip(SHARES, quantiles)), 0.5), limit, source)
    by_mean = [sorted(samples, key=key) for key in (lambda each: FIGURE_16[each][3],
                                                    lambda each: mean(samples[each]))]
    ours = "the same" if by_mean[0] == by_mean[1] else ", ".join(
        f"{low}-{high}" for low, high in by_mean[1])
    group.fact("order of the curves by mean", "as given", ours, by_mean[0] == by_mean[1], source)
    group.details = quantile_table(samples)
    group.samples = samples
    return group


def quantile_table(samples):
    """Quantiles of both, for those who plot."""
    heads = ["min", *(f"p{share * 100:g}" for share in SHARES), "max", "mean"]
    text = "| timeouts, ms | |" + "".join(f" {head} |" for head in heads) + "\n|---|---|"
    text += "---:|" * len(heads) + "\n"
    for each, sample in samples.items():
        low, quantiles, high, average = FIGURE_16[each]
        ours = [sample[0], *(quantile(sample, share) for share in SHARES), sample[-1], mean(sample)]
        for who, values in (("paper", (low, *quantiles, high, average)), ("ours", ours)):
            name = f"{each[0]}-{each[1]}" if who == "paper" else ""
            text += f"| {name} | {who} |" + "".join(f" {value:.0f} |" for value in values) + "\n"
    return text


# --- AvailSim -------------------------------------------------------------------------------------

AVAILSIM_SHARES = (0.1, 0.5, 0.75, 0.9, 0.99, 0.999)
AVAILSIM = (
    ("availsim_equal_logs.json", "all up, equal logs", (375, 410, 446, 489, 833, 985), 430, .03),
    ("availsim_equal_logs_1_failed.json", "1 failed, equal logs",
     (379, 423, 474, 562, 1005, 1385), 469, .03),
    ("availsim_logs_differ.json", "all up, all logs different",
     (386, 471, 539, 614, 941, 1163), 493, .03),
    ("availsim_logs_differ_2_failed.json", "2 failed, all logs different",
     (416, 599, 871, 1147, 2011, 2881), 715, .03),
)


def availsim(ballast, full):
    elections = 10_000 if full else 2_000
    group = Group("availsim", "AvailSim: elections over a wide area",
                  "Dissertation, chapter 9; ongardie/availsim: timeouts of 300 to 600 ms, messages "
                  f"of 30 to 40 ms, everybody starts at once. {elections:,} elections per row, "
                  "until the leader was elected who then stayed. KS is the largest distance "
                  "between the distribution functions at the published quantiles.")
    heads = "".join(f" p{share * 100:g} |" for share in AVAILSIM_SHARES)
    group.details = f"| | |{heads} mean |\n|---|---|" + "---:|" * 7 + "\n"
    for file, name, quantiles, average, limit in AVAILSIM:
        # Where logs differ, 10 ms went by until they did.
        start = 10 if "differ" in file else 0
        sample = [each - start
                  for each in milliseconds(ballast.sweep(file, elections), "led_since_ns")]
        source = ballast.commands[-1]
        group.most(f"{name}: KS", distance(sample, dict(zip(AVAILSIM_SHARES, quantiles)), 0.5),
                   limit, source)
        group.within(f"{name}: median", quantiles[1], quantile(sample, 0.5), 0.05, source)
        group.within(f"{name}: mean", average, mean(sample), 0.05, source)
        ours = [*(quantile(sample, share) for share in AVAILSIM_SHARES), mean(sample)]
        for who, values in (("AvailSim", (*quantiles, average)), ("ours", ours)):
            group.details += (f"| {name if who != 'ours' else ''} | {who} |" +
                              "".join(f" {value:.0f} |" for value in values) + "\n")
    return group


# --- Closed forms ---------------------------------------------------------------------------------

SPLITS = ((5, 4, "0.01", "0.059 %"), (5, 4, "0.1", "5.23 %"), (5, 4, "0.2", "18.1 %"),
          (5, 3, "0.2", "48.8 %"), (9, 5, "0.1", "41.0 %"), (9, 5, "0.2", "67.2 %"),
          (9, 7, "0.2", "14.8 %"))


def servers(count, alive):
    return {"nodes.server.count": str(count),
            "faults.0.crash.nodes": str(list(range(alive + 1, count + 1)))}


def share_split(rows):
    return sum(row["term"] != "1" for row in rows) / len(rows)


def split_votes(ballast, full):
    runs = 10_000 if full else 1_500
    group = Group("split-votes", "Split votes and election times: closed forms",
                  "Dissertation, chapter 9, for timeouts of 1 to 2 and a fixed latency l. The "
                  f"forms are evaluated exactly (scripts/published/formulas.py); {runs:,} "
                  "simulated elections must agree within three standard deviations. The form for "
                  "election times takes all terms of an election to be alike, which those after "
                  "a split vote are not: hence 3 %.")
    for count, alive, latency, paper in SPLITS:
        name = f"n={count}, s={alive}, l={latency}"
        p = formulas.split_vote(count, alive, latency)
        group.fact(f"split votes, {name}: form", paper, as_printed(p, paper),
                   as_printed(p, paper) == paper, "scripts/published/formulas.py")
        seconds = f"{round(float(latency) * 1000)}ms"
        rows = ballast.sweep("split_votes.json", runs,
                             {**servers(count, alive), "network.latency": seconds},
                             (HELD, INCONCLUSIVE))  # nobody was elected: split, too
        against(group, f"split votes, {name}: simulated", p, share_split(rows), runs,
                ballast.commands[-1])
    for alive, paper in ((4, 0.16), (3, 0.40)):
        sets = {**servers(5, alive), "network.latency": '{"uniform": ["100ms", "200ms"]}'}
        ours = share_split(ballast.sweep("split_votes.json", runs, sets))
        group.rows.append(points(f"split votes, n=5, s={alive}, l from 0.1 to 0.2", paper, ours,
                                 ballast.commands[-1]))
    first_timeouts(group, ballast, runs)
    election_times(group, ballast, runs)
    return group


def as_printed(p, paper):
    """With as many digits as the paper has."""
    digits = len(paper.split(".")[1].split()[0])
    return f"{float(p * 100):.{digits}f} %"


def against(group, what, p, ours, runs, source):
    tolerance = 3 * sqrt(p * (1 - p) / runs)
    group.rows.append(Row(what, percent(float(p)), percent(ours),
                                f"± {percent(tolerance)}", abs(ours - p) <= tolerance, source))


def points(what, paper, ours, source):
    return Row(what, percent(paper), percent(ours), "± 2 points", abs(ours - paper) <= 0.02,
                     source)


def first_timeouts(group, ballast, runs):
    """Without latency a leader is elected at the first timeout."""
    for alive in (4, 5):
        sets = {"network.latency": "0s", "faults": "[]"} if alive == 5 else {
            "network.latency": "0s"}
        sample = milliseconds(ballast.sweep("split_votes.json", runs, sets), "elected_ns")
        form = 1000 * (1 + formulas.first_timeout(alive))
        tolerance = 3 * 1000 * sqrt(formulas.first_timeout_variance(alive) / runs)
        ours = mean(sample)
        group.rows.append(Row(f"first of {alive} timeouts, mean, in thousandths",
                              f"{float(form):.0f}", f"{ours:.1f}", f"± {tolerance:.1f}",
                              abs(ours - form) <= tolerance, ballast.commands[-1]))


def election_times(group, ballast, runs):
    for file, alive, paper in (("availsim_equal_logs.json", 5, 425),
                               ("availsim_equal_logs_1_failed.json", 4, 460)):
        form = 300 * formulas.election_time(5, alive, Fraction(35, 300))
        name = f"election time, {5 - alive} failed, 300-600 ms, latency 35 ms"
        group.fact(f"{name}: form", str(paper), f"{float(form):.0f}", abs(form - paper) <= 1,
                   "scripts/published/formulas.py")
        sample = milliseconds(ballast.sweep(file, runs, {"network.latency": "35ms"}),
                              "elected_ns")
        group.within(f"{name}: simulated", float(form), mean(sample), 0.03, ballast.commands[-1])


# --- Raft Refloated -------------------------------------------------------------------------------

REFLOATED = {(150, 151): 2500, (150, 155): 581, (150, 200): 186, (150, 300): 194, (12, 24): 51,
             (50, 100): 88, (100, 200): 141}

# After the crash, and three heartbeats to three others later: nobody is deposed any more.
CALM = {"at": "9002us", "when": {"what": "received", "of": "AppendReply", "nth": 9},
        "latency": {"factor": 0}, "optional": True}


def refloated(ballast, full):
    trials = 1000 if full else 300
    group = Group("refloated", "Raft Refloated",
                  "Howard et al. 2015; heidihoward/ocaml-raft: as Figure 16, but packets take a "
                  "normal time of 5 ± 3 ms, negative ones left out, and disks take none. Its "
                  "result files are not published: in the place of the paper's numbers stand the "
                  f"means of an independent simulation. {trials} trials each. With timeouts of "
                  "12-24 ms and packets that may take as long, leaders are deposed again and "
                  "again, and a run tells its longest change of leaders: so that this is the one "
                  "after the crash, packets take no time any more once the new leader has had "
                  "nine answers.")
    for (low, high), paper in REFLOATED.items():
        sets = {**timeouts(low, high), "duration": "60s" if high < 155 else "15s"}
        if (low, high) == (12, 24):
            sets = {"faults": json.dumps(ballast.faults("raft_refloated.json") + [CALM]), **sets,
                    "duration": "500ms"}
        rows = ballast.sweep("raft_refloated.json", trials, sets)
        group.within(f"{low}-{high} ms: mean", paper, mean(milliseconds(rows, "followed_ns")), 0.15,
                     ballast.commands[-1])
    return group


# --- Partial partitions ---------------------------------------------------------------------------

PARTITIONS = (("howard_abraham_1.json", "plain Raft", "stable_leader"),
              ("howard_abraham_2.json", "PreVote alone", "availability"),
              ("howard_abraham_3.json", "PreVote and CheckQuorum", None))


def partitions(ballast, full):
    seeds = 200 if full else 20
    group = Group("partitions", "Raft under partial partitions",
                  "Howard and Abraham, \"Raft does not Guarantee Liveness in the face of Network "
                  f"Faults\", 2020. Of {seeds} seeds those count in which the leader was the one "
                  "that the cut is meant for; all of them must agree, and half of the seeds at "
                  "least must count.")
    for file, name, broken in PARTITIONS:
        rows = ballast.sweep(file, seeds, codes=(HELD, VIOLATED, INCONCLUSIVE))
        rows = [row for row in rows if row["verdict"] != "inconclusive"]
        wanted = [row for row in rows if row["property"] == (broken or "")]
        paper = f"fails ({broken})" if broken else "passes"
        good = len(wanted) == len(rows) and 2 * len(rows) >= seeds
        group.fact(name, paper, f"{len(wanted)} of {len(rows)}", good, ballast.commands[-1])
    return group
