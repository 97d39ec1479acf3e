"""How pictures look, and how they become the same bytes every time."""
import os
import textwrap

import matplotlib

matplotlib.use("Agg")  # the default may need a display
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

# Okabe and Ito (2008): told apart with any colour vision, and by marker without colours.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
MOST_LINES = len(COLOURS)


def set_up():
    matplotlib.rcdefaults()  # whatever this machine's matplotlibrc says
    plt.rcParams.update({
        "svg.hashsalt": "ballast", "font.family": "DejaVu Sans", "font.size": 9,
        "axes.titlesize": 10, "axes.titlelocation": "left", "axes.grid": True,
        "grid.color": "#DDDDDD", "grid.linewidth": 0.6, "axes.axisbelow": True,
        "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
        "legend.fontsize": 8, "lines.linewidth": 1.4, "lines.markersize": 4.5,
        "figure.figsize": (7.2, 4.3), "figure.dpi": 120, "savefig.dpi": 120,
    })


def figure(rows=1, columns=1, **options):
    return plt.subplots(rows, columns, layout="constrained", **options)


def title(fig, what, results):
    """What is shown, of which scenario, with which seeds."""
    subject = textwrap.shorten(results.title, 70, placeholder=" ...")
    fig.suptitle(f"{what}\n{subject}; {results.seeds}", x=0.01, ha="left", fontsize=10)


def in_time(value, _=None):
    """1.5e-3 -> "1.5 ms" """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        if value >= size * 0.9999 or unit == "ns":
            return f"{value / size:.3g} {unit}"
    return ""


def log_time(axis):
    """An axis of durations in seconds, labelled with their units."""
    ax = axis.axes
    (ax.set_xscale if axis is ax.xaxis else ax.set_yscale)("log")
    low, high = axis.get_view_interval()
    narrow = high / max(low, 1e-12) < 300
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,), numticks=12))
    axis.set_major_formatter(FuncFormatter(in_time))
    axis.set_minor_formatter(NullFormatter())


def log_share(axis):
    ax = axis.axes
    (ax.set_xscale if axis is ax.xaxis else ax.set_yscale)("log")
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v * 100:.6g} %"))
    axis.set_minor_formatter(NullFormatter())


def legend(ax, count, **options):
    """Inside while it is short, below the picture if it is long; one line is named by the title."""
    if count > 4:
        ax.legend(loc="upper left", bbox_to_anchor=(0, -0.16), ncol=2, **options)
    elif count > 1:
        ax.legend(**options)


def save(fig, folder, name):
    os.makedirs(folder, exist_ok=True)
    written = []
    for ending, metadata in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
        path = os.path.join(folder, f"{name}.{ending}")
        fig.savefig(path, metadata=metadata)
        written.append(path)
    plt.close(fig)
    return written
