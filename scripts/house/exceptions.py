"""Who may break which rule of the house, and why. An entry that nothing uses is a finding too."""

# (rule, path): the reason.
ALLOWED = {
    ("thread_local", "sim/base/assert.cc"):
        "the replay command of a failed SIM_ASSERT, which the simulation never reads",
    ("floating point", "sim/scenario/json.cc"):
        "names the parser's number type; the values are read from their text",
    ("width", "sim/scenario/json.cc"): "the parser's number type, as above",
    ("thread", "sim/scenario/trials.cc"): "makes several runs at a time, each by itself",
    ("closure", "sim/scenario/trials.h"): "what is tried: nothing in a world holds it",
    ("closure", "sim/scenario/trials.cc"): "what is tried, as above",
    ("closure", "sim/scenario/shrink_search.h"): "how candidates are made, as above",
    ("closure", "sim/scenario/shrink_world.cc"): "how candidates are made, as above",
    ("closure", "sim/cli/parse_parts.h"): "what the words of a command come to",
    ("clock", "sim/scenario/trials.cc"): "how long is searched, never what a run does",
    ("thread", "sim/cli/sweep/engine.cc"): "the one place that makes several runs at a time",
    ("clock", "sim/cli/bugs.cc"): "how long each took, which the tables of bugs show",
    ("thread", "sim/cli/workers.cc"): "judges several objects of a history at a time",
    ("clock", "sim/cli/check.cc"): "how long to search, after which a verdict stays unknown",
    ("clock", "sim/cli/sweep/engine.cc"): "how long to wait before it shows how far it has come",
    ("environment", "sim/cli/sweep/shard.cc"): "which task of an engine this process is",
    ("environment", "sim/cli/sweep/words.cc"): "BALLAST_SHARD, the twin of --shard",
    ("environment", "sim/cli/sweep/github.cc"): "whether this is a job of GitHub's",
    ("floating point", "sim/cli/interval.h"): "confidence intervals, which no run depends on",
    ("floating point", "sim/cli/interval.cc"): "confidence intervals, as above",
    ("libm", "sim/cli/interval.cc"): "confidence intervals, as above",
    ("mutable static", "sim/protocol/register.cc"):
        "the register of algorithms, complete before main() and constant from then on",
    ("unstable order", "sim/kernel/event_queue.cc"):
        "parts pending events, whose order is total: no two of them are equal",
    ("clock", "sim/cli/manifest.cc"):
        "writes manifest.json, the one file of a result that may hold the time",
    ("environment", "sim/cli/terminal.cc"): "NO_COLOR and its kin: colours of the output only",
    ("global", "sim/cli/interrupt.cc"): "a signal handler can reach nothing else",
    ("mutable static", "algorithms/balancing/policy.cc"): "the register of policies, likewise",
}

# Files and functions that were longer than the limit when it came, with their lines then. They may
# shrink and never grow; nothing may be added.
LONG_FILES = {}
LONG_FUNCTIONS = {}
