"""Distributions: latency, queues and elections, one line for each run or cell."""
import numpy as np

import style
from data import NoData, number, short

QUANTILES = ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"))


def chosen(results, has):
    """Lines that fit into one picture: of a grid those of its greatest load."""
    series = [s for s in results.series if has(s)]
    if len(series) <= style.MOST_LINES:
        return series, ""
    for axis in results.axes:
        values = [number(s.values.get(axis, "")) for s in series]
        if None in values or len(set(values)) < 2:
            continue
        kept = [s for s, value in zip(series, values) if value == max(values)]
        if len(kept) <= style.MOST_LINES:
            return kept, f", at {short(axis)} {kept[0].values[axis]}"
    kept = series[:style.MOST_LINES]
    return kept, f", the first {len(kept)} of {len(series)}"


def cumulative(histogram):
    """Values, and the share of all that does not exceed each."""
    values = np.array([value for value, _ in histogram])
    counts = np.array([count for _, count in histogram], dtype=float)
    return values, np.cumsum(counts) / counts.sum()


def steps(ax, series, histogram, tail=False):
    for i, each in enumerate(series):
        values, share = cumulative(histogram(each))
        if tail:
            values = values[:-1]
            share = 1 - share[:-1]  # the greatest value has nothing above it
        ax.step(values, share, where="post", color=style.COLOURS[i], label=each.label,
                marker=style.MARKERS[i], markevery=max(1, len(values) // 8))


def cdf(results):
    series, which = chosen(results, lambda s: s.latency)
    if not series:
        raise NoData("cdf: no operation was answered, or latency.csv is missing")
    fig, ax = style.figure()
    style.title(fig, "Latency from the intended send time" + which, results)
    steps(ax, series, lambda s: s.latency)
    style.log_time(ax.xaxis)
    ax.set(xlabel="latency of operations answered ok", ylabel="share of operations at most that")
    ax.set_ylim(0, 1.02)
    ax.yaxis.set_major_formatter(lambda v, _: f"{v * 100:.0f} %")
    style.legend(ax, len(series))
    return fig


def ccdf(results):
    series, which = chosen(results, lambda s: len(s.latency) > 1)
    if not series:
        raise NoData("ccdf: fewer than two different latencies, or latency.csv is missing")
    fig, ax = style.figure()
    style.title(fig, "Latency tail from the intended send time" + which, results)
    steps(ax, series, lambda s: s.latency, tail=True)
    style.log_time(ax.xaxis)
    style.log_share(ax.yaxis)
    for level, name in QUANTILES[1:]:
        ax.axhline(1 - level, color="#999999", linewidth=0.7, linestyle=":")
        ax.annotate(name, (1, 1 - level), xycoords=("axes fraction", "data"), fontsize=7,
                    color="#555555", ha="right", va="bottom")
    ax.set(xlabel="latency of operations answered ok", ylabel="share of operations above that")
    style.legend(ax, len(series))
    return fig


def elections(results):
    series, which = chosen(results, lambda s: s.elections)
    if not series:
        raise NoData("elections: no leader was elected, or elections.csv is missing")
    fig, ax = style.figure()
    style.title(fig, "Time until a new leader was elected" + which, results)
    for i, each in enumerate(series):
        values, share = cumulative(each.elections)
        total = sum(count for _, count in each.elections)
        ax.step(np.r_[values[0], values], np.r_[0, share], where="post", color=style.COLOURS[i],
                label=f"{each.label} ({total} elections)", marker=style.MARKERS[i],
                markevery=max(1, len(values) // 8))
    style.log_time(ax.xaxis)
    ax.set(xlabel="from the loss of the leader before, or the start, to the election",
           ylabel="share of elections at most that")
    ax.set_ylim(0, 1.02)
    ax.yaxis.set_major_formatter(lambda v, _: f"{v * 100:.0f} %")
    ax.legend()  # also for one line: it counts
    return fig


def queue(results):
    series, which = chosen(results, lambda s: s.queue)
    if not series:
        raise NoData("queue: no balancer routed a request, or queue.csv is missing")
    fig, ax = style.figure()
    style.title(fig, "Requests under way at an endpoint" + which, results)
    for i, each in enumerate(series):
        lengths = np.array([length for length, _ in each.queue])
        share = np.array([part for _, part in each.queue])
        above = np.cumsum(share[::-1])[::-1]  # at least so many
        ax.plot(lengths, above, drawstyle="steps-mid", color=style.COLOURS[i], label=each.label,
                marker=style.MARKERS[i], markevery=max(1, len(lengths) // 12))
    style.log_share(ax.yaxis)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="requests under way", ylabel="share of time with at least so many")
    style.legend(ax, len(series))
    return fig


def balance(results):
    series, which = chosen(results, lambda s: len(s.endpoints) > 1)
    if not series:
        raise NoData("balance: no balancer routed to two endpoints, or endpoints.csv is missing")
    fig, (shares, peaks) = style.figure(1, 2, figsize=(9.2, 4.3))
    style.title(fig, "How evenly requests were spread over endpoints" + which, results)
    for i, each in enumerate(series):
        look = {"color": style.COLOURS[i], "label": each.label, "marker": style.MARKERS[i]}
        mean = sum(each.endpoints) / len(each.endpoints)
        load = [n / mean for n in sorted(each.endpoints, reverse=True)]
        shares.plot(range(1, len(load) + 1), load, markevery=max(1, len(load) // 20), **look)
        rows = [row for row in each.metrics if int(row["routed"]) > 0]
        middle = [(int(row["from_ns"]) + int(row["to_ns"])) / 2e9 for row in rows]
        peak = [int(row["most_routed"]) * len(load) / int(row["routed"]) for row in rows]
        peaks.plot(middle, peak, markevery=max(1, len(middle) // 8), **look)
    shares.axhline(1, color="#999999", linewidth=0.7, linestyle=":")
    shares.xaxis.get_major_locator().set_params(integer=True)
    shares.set(xlabel="endpoints, the busiest first", ylabel="requests routed there / mean")
    shares.set_ylim(0, 1.08 * shares.dataLim.y1)
    peaks.set(xlabel="simulated time in s", ylabel="busiest endpoint / mean, in each interval")
    peaks.set_ylim(0, 1.08 * peaks.dataLim.y1)
    style.legend(shares, len(series))
    return fig
