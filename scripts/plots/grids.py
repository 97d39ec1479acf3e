"""Sweeps: throughput curves, heat maps, messages for each commit, and the spread over seeds."""
import numpy as np

import style
from data import NoData, label_of, natural, number, short

VALUES = {  # what a heat map shows: words for it, and its value for the rows of a cell
    "p50": ("p50 latency", lambda rows: median_of(rows, "p50_ns") / 1e9),
    "p99": ("p99 latency", lambda rows: median_of(rows, "p99_ns") / 1e9),
    "p999": ("p99.9 latency", lambda rows: median_of(rows, "p999_ns") / 1e9),
    "ok": ("operations answered ok", lambda rows: total(rows, "ok") / max(1, invoked(rows))),
    "violated": ("runs that violate a property",
                 lambda rows: sum(r["verdict"] == "violated" for r in rows) / max(1, len(rows))),
    "throughput": ("operations answered ok per second", lambda rows: throughput(rows)),
}
SHARES = {"ok", "violated"}
TIMES = {"p50", "p99", "p999"}


MOST_ROWS = 24  # of bars or boxes


def first_rows(series):
    """As many as fit, and a word if that is not all."""
    note = f", the first {MOST_ROWS} of {len(series)}" if len(series) > MOST_ROWS else ""
    return series[:MOST_ROWS], note


def total(rows, name):
    return sum(int(row[name]) for row in rows)


def invoked(rows):
    return sum(total(rows, name) for name in ("ok", "fail", "info", "open"))


def throughput(rows):
    return total(rows, "ok") * 1e9 / max(1, total(rows, "sim_ns"))


def median_of(rows, name):
    return float(np.median([int(row[name]) for row in rows])) if rows else 0.0


def numeric_axes(results):
    return [axis for axis in results.axes if axis != "file"
            and all(number(s.values[axis]) is not None for s in results.series)
            and len({s.values[axis] for s in results.series}) > 1]


def is_load(axis):
    return "arrivals" in axis or "clients" in axis


def lines_along(results, axis, kind):
    """{label: cells} of what else the grid varies; cells as the axis rises, so that a fold-back
    shows."""
    lines = {}
    for series in results.series:
        others = {a: v for a, v in series.values.items() if a != axis}
        if total(series.runs, "ok") > 0:
            lines.setdefault(label_of(others) or results.title, []).append(series)
    if not lines or len(lines) > style.MOST_LINES:
        raise NoData(f"{kind}: {len(lines)} lines; a picture has 1 to {style.MOST_LINES}")
    for cells in lines.values():
        cells.sort(key=lambda s: number(s.values[axis]))
    return lines


def draw_latency(ax, lines, place):
    """p50 and p99 of each line, at the places of its cells, with the span over seeds."""
    for i, (label, cells) in enumerate(lines.items()):
        x = [place(s) for s in cells]
        look = {"color": style.COLOURS[i], "marker": style.MARKERS[i]}
        for name, line in (("p50_ns", "-"), ("p99_ns", "--")):
            y = [median_of(s.runs, name) / 1e9 for s in cells]
            ax.plot(x, y, linestyle=line, label=label if line == "-" else None, **look)
            low = [min(int(r[name]) for r in s.runs) / 1e9 for s in cells]
            high = [max(int(r[name]) for r in s.runs) / 1e9 for s in cells]
            if low != high:
                ax.vlines(x, low, high, color=style.COLOURS[i], linewidth=0.8, alpha=0.6)
    style.log_time(ax.yaxis)
    several = any(len(s.runs) > 1 for cells in lines.values() for s in cells)
    for line, name in (("-", "p50"), ("--", "p99; bars: all seeds" if several else "p99")):
        ax.plot([], [], color="#555555", linestyle=line, label=name)
    style.legend(ax, len(lines) + 2)


def hockey_stick(results):
    axes = [a for a in numeric_axes(results) if is_load(a)] if results.is_sweep else []
    if not axes:
        raise NoData("throughput: takes a sweep with a --grid over the load, such as "
                     "--grid workload.arrivals.poisson=100/s:900/s:100/s")
    axis = axes[0]
    lines = lines_along(results, axis, "throughput")
    fig, ax = style.figure()
    style.title(fig, f"Latency against throughput, {short(axis)} rising along each line", results)
    closed = "closed" in axis or "sessions" in axis
    ax.set(xlabel="operations answered ok per simulated second",
           ylabel="latency, " + ("closed loop" if closed else "open loop: from the intended send"))
    draw_latency(ax, lines, lambda s: throughput(s.runs))
    ax.set_xlim(left=0)
    return fig


def against(results):
    axes = [a for a in numeric_axes(results) if not is_load(a)] if results.is_sweep else []
    if not axes:
        raise NoData("against: takes a sweep with a --grid over a number that is not the load, "
                     "such as --grid workload.fan_out=1,10,100")
    axis = max(axes, key=lambda a: len({s.values[a] for s in results.series}))
    lines = lines_along(results, axis, "against")
    texts = natural([s.values[axis] for s in results.series])
    places = [number(text) for text in texts]
    fig, ax = style.figure()
    style.title(fig, f"Latency against {short(axis)}", results)
    ax.set(xlabel=axis, ylabel="latency of what was answered ok")
    if places[0] > 0 and places[-1] >= 20 * places[0]:
        ax.set_xscale("log")
    draw_latency(ax, lines, lambda s: number(s.values[axis]))
    ax.set_xticks(places, texts)
    ax.xaxis.set_minor_locator(style.matplotlib.ticker.NullLocator())
    return fig


def heat_value(results, wanted):
    if wanted:
        return wanted
    runs = [row for s in results.series for row in s.runs]
    return "violated" if any(row["verdict"] == "violated" for row in runs) else "p99"


def heat(results, wanted=None):
    axes = [a for a in results.axes if len({s.values[a] for s in results.series}) > 1]
    if len(axes) < 2:
        raise NoData("heat: takes a sweep with two --grid axes")
    down, across = axes[0], axes[1]
    rest = list(dict.fromkeys(label_of({a: s.values[a] for a in axes[2:]})
                              for s in results.series))[:6]
    name = heat_value(results, wanted)
    words, value = VALUES[name]
    columns = natural([s.values[across] for s in results.series])
    lines = natural([s.values[down] for s in results.series])
    wide = min(3, len(rest))
    fig, plots = style.figure(-(-len(rest) // wide), wide, squeeze=False,
                              figsize=(max(5.2, 0.8 * len(columns)) * wide + 1.6,
                                       max(3.6, 0.42 * len(lines) + 1.6) * -(-len(rest) // wide)))
    style.title(fig, f"{words[0].upper()}{words[1:]} for each cell of the grid", results)
    tables = []
    for part in rest:
        table = np.full((len(lines), len(columns)), np.nan)
        for s in results.series:
            if label_of({a: s.values[a] for a in axes[2:]}) == part and s.runs:
                table[lines.index(s.values[down]), columns.index(s.values[across])] = value(s.runs)
        tables.append(table)
    everything = np.concatenate([t[~np.isnan(t)] for t in tables])
    log = name in TIMES and everything.min() > 0 and everything.max() > 10 * everything.min()
    bounds = (0.0, 1.0) if name in SHARES else (everything.min(), everything.max())
    norm = (style.matplotlib.colors.LogNorm if log else style.matplotlib.colors.Normalize)(*bounds)
    form = style.in_time if name in TIMES else (
        lambda v, _=None: f"{v * 100:.3g} %" if name in SHARES else f"{v:.4g}")
    for ax, part, table in zip(plots.flat, rest, tables):
        image = ax.imshow(table, cmap="viridis", norm=norm, aspect="auto", origin="lower")
        ax.grid(False)
        ax.set_xticks(range(len(columns)), columns, rotation=45 if len(columns) > 5 else 0)
        ax.set_yticks(range(len(lines)), lines)
        ax.set(xlabel=across, ylabel=down, title=part)
        if table.size <= 120:
            for (y, x), v in np.ndenumerate(table):
                if not np.isnan(v):
                    ax.text(x, y, form(v), ha="center", va="center", fontsize=7,
                            color="black" if norm(v) > 0.6 else "white")
    for ax in list(plots.flat)[len(rest):]:
        ax.remove()
    bar = fig.colorbar(image, ax=plots.ravel().tolist(), format=form, label=words)
    bar.ax.minorticks_off()
    return fig


def bars(series, of):
    """For each series: its label, the value of all its seeds together, and each seed's own."""
    found = []
    for each in series:
        rows = each.runs or [{"sent": each.sent, "decisions": each.decisions, "ok": each.ok}]
        if total(rows, of) > 0:
            ratio = [int(r["sent"]) / int(r[of]) for r in rows if int(r[of]) > 0]
            found.append((each.label, total(rows, "sent") / total(rows, of), ratio))
    return found


def messages(results):
    of = "decisions" if any(s.decisions for s in results.series) else "ok"
    found, which = first_rows(bars(results.series, of))
    if not found:
        raise NoData("messages: nothing was decided and no operation was answered")
    fig, ax = style.figure(figsize=(7.2, 1.6 + 0.34 * len(found)))
    unit = "commit" if of == "decisions" else "operation answered ok"
    style.title(fig, f"Messages for each {unit}{which}", results)
    places = np.arange(len(found))
    ax.barh(places, [value for _, value, _ in found], color=style.COLOURS[0], height=0.6)
    for place, (_, value, seeds) in zip(places, found):
        if len(seeds) > 1:
            ax.plot(seeds, [place] * len(seeds), linestyle="", marker="|", markersize=9,
                    color=style.COLOURS[1], label="each seed" if place == 0 else None)
        ax.annotate(f" {value:.3g}", (max([value, *seeds]), place), va="center", fontsize=8)
    ax.set_yticks(places, [label for label, _, _ in found])
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.margins(x=0.12)
    ax.set_xlim(left=0)
    ax.set_xlabel(f"messages sent / {unit}, clients' included")
    if any(len(seeds) > 1 for _, _, seeds in found):
        ax.legend(loc="lower right")
    return fig


def interval(values):
    """Bootstrap: 95 % of the means of 2,000 samples of the same size, always the same ones."""
    draws = np.random.RandomState(1).randint(0, len(values), (2000, len(values)))
    means = np.array(values)[draws].mean(axis=1)
    return np.percentile(means, [2.5, 97.5])


def spread(results):
    series, which = first_rows([s for s in results.series if len(s.runs) > 1])
    if not series:
        raise NoData("spread: takes a sweep with more than one seed")
    fig, plots = style.figure(1, 2, sharey=True, figsize=(9.2, 1.9 + 0.36 * len(series)))
    style.title(fig, "From seed to seed" + which, results)
    for ax, name, label, scale in (
            (plots[0], "p99_ns", "p99 latency of a run", 1e-9),
            (plots[1], None, "operations answered ok per second in a run", 1)):
        values = [[int(r[name]) * scale if name else throughput([r]) for r in s.runs]
                  for s in series]
        ax.boxplot(values, vert=False, positions=range(len(series)), widths=0.6,
                   flierprops={"marker": ".", "markersize": 3, "markeredgecolor": "#7F7F7F"},
                   medianprops={"color": style.COLOURS[1]})
        for place, each in enumerate(values):
            low, high = interval(each)
            ax.plot([low, high], [place, place], color=style.COLOURS[0], linewidth=4, alpha=0.7,
                    solid_capstyle="butt",
                    label="mean, 95 % interval (bootstrap)" if place == 0 else None)
        if name and min(min(v) for v in values) > 0:
            style.log_time(ax.xaxis)
        ax.set_xlabel(label)
        ax.grid(axis="y", visible=False)
    plots[0].set_yticks(range(len(series)), [s.label for s in series])
    plots[0].invert_yaxis()
    plots[1].legend(loc="best")
    return fig
