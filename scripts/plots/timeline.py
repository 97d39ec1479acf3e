"""Latency and rate over time, with faults shaded."""
import style
from data import NoData, seconds
from tails import chosen

# By what a fault acts on.
NETWORK = {"partition", "isolate", "cut", "bridge", "flap", "latency", "loss", "duplicate",
           "replay", "reorder", "corrupt", "clog", "swizzle", "bandwidth", "split", "ring",
           "chain", "star", "constrained_election", "old_leader_bridge", "two_leaf",
           "client_only", "deaf", "mute", "links_only"}
LOAD = {"rate", "double_submit"}
SHADES = {"network": "#8C8C8C", "load": "#56B4E9", "node": "#E69F00"}
# What is over as soon as it has happened; the others stand until they end.
MOMENTARY = {"restart", "clock_jump", "wipe", "rollback", "bit_rot", "misdirected_write", "disturb",
             "crash_loop"}
COMMON = {"at", "for", "after_event", "id", "after", "delay", "when", "every", "optional",
          "bounded"}


def kind_of(fault):
    return next((key for key in fault if key not in COMMON), "fault")


def end_of(fault, faults, end):
    """When a fault ends, in seconds; a crash at the next restart, whoever it is of."""
    begin = seconds(fault["at"])
    if fault.get("for"):
        return begin + seconds(fault["for"])
    if kind_of(fault) in MOMENTARY:
        return begin
    restarts = [seconds(f["at"]) for f in faults if kind_of(f) == "restart"]
    return min([t for t in restarts if t > begin and kind_of(fault) == "crash"] + [end])


def shade(axes, faults, end):
    """A band for each fault, a line for a moment; names above, not over each other."""
    seen = set()
    last = {}
    for fault in faults:
        kind = kind_of(fault)
        group = "network" if kind in NETWORK else "load" if kind in LOAD else "node"
        begin = seconds(fault["at"])
        until = end_of(fault, faults, end)
        if begin < 0.02 * end and until > 0.98 * end:
            axes[0].annotate(f"{kind}: all the time", (1.0, 1.0), xycoords="axes fraction",
                             fontsize=7, color="#444444", va="bottom", ha="right")
            continue
        label = f"fault: {group}" if group not in seen else None
        seen.add(group)
        for ax in axes:
            own = label if ax is axes[0] else None
            if until > begin:
                ax.axvspan(begin, min(until, end), color=SHADES[group], alpha=0.25, linewidth=0,
                           label=own)
            else:
                ax.axvline(begin, color=SHADES[group], linewidth=1.2, label=own)
        if begin - last.get("at", -end) > 0.1 * end:
            axes[0].annotate(kind, (begin, 1.0), xycoords=("data", "axes fraction"), fontsize=7,
                             color="#444444", va="bottom", ha="left", annotation_clip=False)
            last["at"] = begin


def column(rows, name, scale=1.0):
    return [int(row[name]) * scale for row in rows]


def over_time(results):
    series = [s for s in results.series if s.metrics]
    if not series:
        raise NoData("time: metrics.csv is missing; only single runs write it")
    if len(series) > 1:
        raise NoData("time: one run at a time, please")
    rows = series[0].metrics
    end = int(rows[-1]["to_ns"]) / 1e9
    fig, (upper, lower) = style.figure(2, 1, sharex=True, figsize=(7.6, 5.4))
    style.title(fig, "Latency and rate over time", results)
    middle = [(int(row["from_ns"]) + int(row["to_ns"])) / 2e9 for row in rows]
    answered = [i for i, row in enumerate(rows) if int(row["ok"]) > 0]
    for i, (name, label) in enumerate((("p50_ns", "p50"), ("p99_ns", "p99"), ("max_ns", "max"))):
        values = column(rows, name, 1e-9)
        upper.plot([middle[k] for k in answered], [values[k] for k in answered],
                   color=style.COLOURS[i], marker=style.MARKERS[i], markersize=2.5, linewidth=1,
                   label=label)
    if answered:
        style.log_time(upper.yaxis)
    else:
        upper.set_yticks([])
    upper.set_ylabel("latency of what was answered ok")
    span = [(int(row["to_ns"]) - int(row["from_ns"])) / 1e9 for row in rows]
    for i, (name, label) in enumerate((("invoked", "begun"), ("ok", "ok"), ("fail", "failed"),
                                       ("info", "given up"))):
        rates = [count / s for count, s in zip(column(rows, name), span)]
        if name in ("fail", "info") and not any(rates):
            continue
        lower.plot(middle, rates, color=("#7F7F7F", *style.COLOURS)[i], label=label,
                   linestyle="--" if i == 0 else "-", marker=("", *style.MARKERS)[i],
                   markersize=2.5, linewidth=1)
    elected = [middle[i] for i, row in enumerate(rows) if int(row["elections"]) > 0]
    if elected:
        lower.plot(elected, [0] * len(elected), linestyle="", marker="^", color="#CC79A7",
                   markersize=7, clip_on=False, label="leader elected")
    lower.set(xlabel="simulated time in s", ylabel="operations per second")
    lower.set_ylim(bottom=0)
    lower.set_xlim(0, end)
    shade((upper, lower), series[0].faults, end)
    for ax in (upper, lower):
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return fig


def moves(results):
    series, which = chosen(results, lambda s: any(int(row.get("moved") or 0) for row in s.metrics))
    if not series:
        raise NoData("moves: no key moved from one endpoint to another; runs with several keys")
    fig, ax = style.figure()
    style.title(fig, "Keys that moved to another endpoint" + which, results)
    for i, each in enumerate(series):
        seen = 0
        end, sums = [0.0], [0]
        for row in each.metrics:
            seen += int(row["moved"])
            end.append(int(row["to_ns"]) / 1e9)
            sums.append(seen)
        ax.plot(end, sums, color=style.COLOURS[i], marker=style.MARKERS[i],
                markevery=max(1, len(end) // 10), label=f"{each.label}: {seen}")
    ax.set(xlabel="simulated time in s",
           ylabel="requests so far that went elsewhere\nthan the last about the same key")
    ax.set_xlim(0, end[-1])
    if max(line.get_ydata()[-1] for line in ax.lines) > 20 * min(
            line.get_ydata()[-1] for line in ax.lines):
        ax.set_yscale("symlog", linthresh=10)
    ax.set_ylim(bottom=0)
    shade((ax,), series[0].faults, end[-1])
    ax.legend()
    return fig
