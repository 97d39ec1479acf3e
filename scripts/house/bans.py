"""Banned words: a pattern, where it is banned, what to do instead, an example that it must hit."""
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Ban:
    name: str
    pattern: str
    instead: str
    example: str
    where: str = r"(sim|algorithms)/"

    def lines(self, text):
        """The lines, from 1, on which the pattern occurs."""
        found = (text.count("\n", 0, m.end()) + 1 for m in re.finditer(self.pattern, text, re.M))
        return sorted(set(found))


def include(names):
    return rf"#[ ]*include[ ]*<(?:{names})>"


CXX = r"(sim|algorithms|tests)/"

# In code; comments and the inside of literals do not count. The reasons stand in sim/README.md.
BANS = [
    Ban("chance",
        include("random") + r"|\b(random_device|mt19937(_64)?|default_random_engine)\b"
        r"|\bstd::(ranges::)?(shuffle|sample)\(|(?<![\w.>])(std::)?(s?rand|drand48)\(",
        "draw from a keyed Stream (sim/base/random.h)", "const int dice = rand();"),
    Ban("hash container",
        include("unordered_map|unordered_set") + r"|\bunordered_(multi)?(map|set)\b",
        "an ordered container or a vector indexed by id: no library may choose an order",
        "std::unordered_map<int, int> seen;"),
    Ban("clock",
        include(r"chrono|ctime|time\.h") + r"|\bstd::chrono\b|(?<![\w.>])(std::)?(time|clock)\("
        r"|\b(clock_gettime|gettimeofday|localtime|gmtime)\(",
        "simulated Time; the wall clock belongs to progress and manifest",
        "const auto now = std::time(nullptr);"),
    Ban("thread",
        include("thread|mutex|shared_mutex|atomic|future|condition_variable|stop_token|execution"),
        "one run is one thread; only the sweep has several", "#include <mutex>"),
    Ban("thread_local", r"\bthread_local\b", "state that belongs to the run",
        "thread_local int depth = 0;"),
    Ban("libm", include(r"cmath|math\.h|complex|numbers|valarray"),
        "integers: libm differs between processors", "#include <cmath>"),
    Ban("floating point", r"\b(float|double)\b", "Ratio, Rate or integers (sim/base)",
        "double loss = 0;"),
    Ban("std::hash", r"\bstd::hash\b", "Fingerprint: std::hash differs between libraries",
        "std::hash<int> h;"),
    Ban("unstable order",
        # Whole values in their own order are safe: equal ones cannot be told apart.
        r"\bstd::(ranges::)?sort\((?!(\w+)\.begin\(\), \2\.end\(\)(, std::greater<>\(\))?\))"
        r"|\bstd::(ranges::)?(partition|nth_element|partial_sort|make_heap|sort_heap)\("
        r"|\bpriority_queue\b",
        "std::stable_sort, or whole values in their own order",
        "std::sort(all.begin(), all.end(), by_weight);"),
    Ban("closure", r"\bstd::function\b", "a struct, an enum or a function pointer: events are data",
        "std::function<void()> later;"),
    Ban("environment", r"\b(getenv|setenv|putenv|setlocale|system|popen)\(",
        "a setting of the scenario or an option", 'const char* home = std::getenv("HOME");'),
    Ban("pointer order", r"\b(map|set)<\s*(const\s+)?[\w:]+\s*\*",
        "an id as the key: addresses differ between runs", "std::map<Node*, int> rank;"),
    Ban("width", r"\b(wchar_t|long double)\b", "a type of fixed width", "wchar_t c = 0;"),
    Ban("mutable static",
        r"^[ ]+(inline )?static (?!const\b|constexpr\b|inline const)[\w:<>,&* ]*[\w>&*] \w+"
        r"( =|\{|;)",
        "state that belongs to the run", "  static int calls = 0;"),
    Ban("assert", r"(?<!\w)assert\(", "SIM_ASSERT, which is always on, or ensure",
        "assert(x > 0);"),
    Ban("console", include("iostream") + r"|\bstd::(cout|cerr)\b",
        "return text; sim/cli prints it", 'std::cout << "x";',
        r"(sim/(?!cli/)|algorithms/)"),
    Ban("file", include("fstream|filesystem"), "sim/scenario, sim/report and sim/cli own the files",
        "#include <fstream>", r"(sim/(?!cli/|report/|scenario/)|algorithms/)"),
    Ban("later compiler",
        include("format|print|expected|source_location|stacktrace|generator|flat_map|mdspan")
        + r"|\bstd::(ranges::)?views::",
        "what both g++ 12 and clang 14 build", "#include <format>", CXX),
    Ban("using namespace std", r"\busing namespace std\b", "std:: in full", "using namespace std;",
        CXX),
]

# In code and prose, of every kind of file. The examples are put together here, so that this file
# keeps its own rules.
WORDS = [
    Ban("unfinished", r"\b(FIX" + "ME|TOD" + "O|X" + r"XX|HA" + r"CK)\b",
        "finish it, or say in sim/decisions why not", "// TOD" + "O", ""),
    Ban("machine path", r"(^|[^\w.])/(work|farm|root|home/\w+)/",
        "a path from the root of the tree", "// see /ro" + "ot/notes", ""),
    Ban("ticket", r"\b[Ii]ssue #?\d+\b", "the reason itself: tickets are not part of the tree",
        "// see iss" + "ue 12", ""),
]
