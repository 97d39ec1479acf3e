"""The table of published numbers: what a paper says, what Ballast says, and whether they agree."""
from dataclasses import dataclass, field


@dataclass
class Row:
    what: str
    paper: str
    ours: str
    tolerance: str
    good: bool
    source: str  # the command that gives our number

    @property
    def verdict(self):
        return "agrees" if self.good else "DIFFERS"


@dataclass
class Group:
    """What one part of a paper gives."""
    name: str
    title: str
    about: str  # the reference and the set-up, for the page
    rows: list = field(default_factory=list)
    details: str = ""  # Markdown behind the table

    def exact(self, what, paper, ours, source):
        self.rows.append(Row(what, number(paper), number(ours), "exact", paper == ours, source))

    def within(self, what, paper, ours, share, source, decimals=0):
        """Within a share of the published number."""
        good = abs(ours - paper) <= share * paper
        self.rows.append(Row(what, number(paper), f"{ours:.{decimals}f}", f"± {percent(share)}",
                             good, source))

    def most(self, what, ours, limit, source):
        """A distance that may be at most so large."""
        self.rows.append(Row(what, "0", f"{ours:.3f}", f"≤ {limit:g}", ours <= limit, source))

    def fact(self, what, paper, ours, good, source):
        self.rows.append(Row(what, paper, ours, "exact", good, source))

    @property
    def good(self):
        return bool(self.rows) and all(row.good for row in self.rows)


def number(value):
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share):
    return f"{share * 100:.3g} %"


def aligned(group):
    """For a terminal."""
    lines = [("", "paper", "ours", "tolerance", "")]
    lines += [(row.what, row.paper, row.ours, row.tolerance, row.verdict) for row in group.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(5)]
    text = f"{group.title}\n"
    for line in lines:
        cells = [line[0].ljust(widths[0]), *(line[i].rjust(widths[i]) for i in (1, 2, 3)), line[4]]
        text += "  " + "  ".join(cells).rstrip() + "\n"
    return text


def page(groups, version, command="scripts/paper --full"):
    """results/paper.md."""
    text = (f"# Published numbers\n\nMade by `{command}` with {version}. Times are in "
            "milliseconds unless a row says otherwise. Each number of ours comes from the "
            "command in its row; `scripts/paper` reads it from `runs.csv`, `history.jsonl` or "
            "`trace.jsonl`.\n")
    for group in groups:
        text += f"\n## {group.title}\n\n{group.about}\n\n"
        sources = list(dict.fromkeys(row.source for row in group.rows))
        text += "| | paper | ours | tolerance | | from |\n|---|---:|---:|---:|---|---:|\n"
        for row in group.rows:
            text += (f"| {row.what} | {row.paper} | {row.ours} | {row.tolerance} | {row.verdict} | "
                     f"{sources.index(row.source) + 1} |\n")
        if group.details:
            text += "\n" + group.details
        text += "\n```\n"
        text += "".join(f"{i + 1}  {source}\n" for i, source in enumerate(sources))
        text += "```\n"
    return text
