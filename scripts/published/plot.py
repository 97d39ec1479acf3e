"""Figure 16 as a picture, ours beside the paper's quantiles."""
from .elections import FIGURE_16, SHARES


def figure_16(samples, path):
    """Returns what to tell the user."""
    try:
        import matplotlib
    except ImportError:
        return "no plot: matplotlib is missing; scripts/setup --plot installs it"
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "ballast"  # the same bytes every time
    import matplotlib.pyplot as plt
    figure, panels = plt.subplots(2, 1, figsize=(8, 8), sharey=True)
    for panel, (first, log) in zip(panels, ((150, True), (None, False))):
        for each, sample in samples.items():
            # Above, the range grows while the minimum stays; below, the minimum shrinks.
            if (each[0] == 150) != (first == 150) and each != (150, 300):
                continue
            shares = [(i + 1) / len(sample) for i in range(len(sample))]
            line, = panel.step(sample, shares, where="post", linewidth=1,
                               label=f"{each[0]}–{each[1]} ms")
            panel.plot(FIGURE_16[each][1], SHARES, "o", markersize=4, color=line.get_color())
        if log:
            panel.set_xscale("log")
        panel.set_ylabel("cumulative share")
        panel.set_ylim(0, 1)
        panel.grid(alpha=0.3)
        panel.legend(title="election timeout")
    panels[1].set_xlabel("time without a leader, ms (lines: Ballast; dots: the paper's quantiles)")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    return f"wrote {path}"
