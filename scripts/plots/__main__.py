"""scripts/plot RESULTS_DIR... [KIND...] [--out DIR] [--value WHAT]"""
import argparse
import os
import sys

import data
import grids
import style
import tails
import timeline

KINDS = {
    "throughput": ("latency against throughput, p50 and p99; a sweep over load",
                   grids.hockey_stick),
    "against": ("latency against any other number; a sweep over it", grids.against),
    "cdf": ("latency: which share is at most so much", tails.cdf),
    "ccdf": ("latency: the tail, on logarithmic axes", tails.ccdf),
    "time": ("latency and rate over time, faults shaded; a run", timeline.over_time),
    "heat": ("a heat map of a sweep with two axes", grids.heat),
    "queue": ("requests under way at an endpoint: the tail; runs", tails.queue),
    "balance": ("how evenly requests were spread; runs", tails.balance),
    "moves": ("requests whose key had moved to another endpoint, over time; runs",
              timeline.moves),
    "elections": ("how long leaders were waited for", tails.elections),
    "messages": ("messages for each commit", grids.messages),
    "spread": ("how much seeds differ; a sweep", grids.spread),
}


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/plot", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Draws results of `ballast run` and `ballast sweep`; several directories are "
                    "drawn into one picture.",
        epilog="kinds, by default all that there is data for:\n"
               + "\n".join(f"  {name:11} {what}" for name, (what, _) in KINDS.items()))
    parser.add_argument("words", nargs="+", metavar="RESULTS_DIR|KIND")
    parser.add_argument("--out", help="where pictures go; by default plots/ of the first result")
    parser.add_argument("--value", choices=list(grids.VALUES),
                        help="what a heat map shows; by default violations if any, else p99")
    options = parser.parse_args()
    options.kinds = [w for w in options.words if w in KINDS and not os.path.isdir(w)]
    options.places = [w for w in options.words if w not in options.kinds]
    if not options.places:
        parser.error("names no directory of results")
    return options


def main():
    try:
        options = arguments()
    except SystemExit as stop:
        return 64 if stop.code else 0
    style.set_up()
    written = []
    missing = []
    try:
        results = data.together([data.read(place) for place in options.places])
    except data.NoData as why:
        print(f"ballast: {why}", file=sys.stderr)
        return 66
    folder = options.out or os.path.join(options.places[0], "plots")
    for kind in options.kinds or KINDS:
        draw = KINDS[kind][1]
        try:
            fig = draw(results, options.value) if kind == "heat" else draw(results)
        except data.NoData as why:
            missing.append(str(why))
            continue
        written += style.save(fig, folder, kind)
    for path in written:
        print(path)
    if options.kinds or not written:
        for why in missing:
            print(f"ballast: {why}", file=sys.stderr)
        return 66 if missing else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
