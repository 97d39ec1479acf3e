// Cycles of dependencies, what they are called, and which isolation they refute.
#include <algorithm>

#include "sim/base/describe.h"
#include "sim/history/transactions.h"

namespace ballast::history {
namespace {

using Kinds = OrderGraph::Kinds;

constexpr std::size_t most_cycles = 4;  // of a kind
constexpr std::uint64_t most_steps = std::uint64_t{1} << 26;

constexpr Kinds set(Dependency kind) { return OrderGraph::set_of(kind); }

// Looks for cycles, first for those of dependencies alone, then for those that need the order of
// sessions, then for those that need real time. Whether there are any of a kind is exact; which of
// them are shown depends on a budget.
class CycleSearch {
 public:
  CycleSearch(const TransactionHistory& history, const Dependencies& dependencies,
              TransactionVerdict& verdict)
      : history_(history),
        dependencies_(dependencies),
        graph_(dependencies.graph()),
        verdict_(verdict) {}

  void run() {
    constexpr Kinds all =
        set(ww) | set(wr) | set(rw) | set(session_order) | set(real_time) | set(ww_later);
    if (graph_.components(all).count == 0) return;
    search(0, Besides::nothing);
    search(set(session_order), Besides::process);
    search(set(session_order) | set(real_time), Besides::realtime);
  }

 private:
  void search(Kinds besides, Besides what) {
    const Kinds writes = set(ww) | besides;
    const Kinds reads = writes | set(ww_later) | set(wr);
    const Kinds all = reads | set(rw);
    const OrderGraph::Components among = graph_.components(all);
    if (among.count == 0) return;
    if (!found(AnomalyKind::g0)) {
      const OrderGraph::Components part = graph_.components(writes);
      if (has(part, ww)) show(AnomalyKind::g0, what, part, set(ww), writes, 0);
    }
    if (!found(AnomalyKind::g1c)) {
      const OrderGraph::Components part = graph_.components(reads);
      if (has(part, wr) || has(part, ww_later)) {
        show(AnomalyKind::g1c, what, part, set(wr) | set(ww_later), reads, 0);
      }
    }
    if (!has(among, rw)) return;
    if (!found(AnomalyKind::g_single) && !found(AnomalyKind::g_nonadjacent) &&
        graph_.has_walk_apart(all, set(rw))) {
      const bool shown = show(AnomalyKind::g_single, what, among, set(rw), reads, 0);
      if (!shown && !show(AnomalyKind::g_nonadjacent, what, among, set(rw), all, set(rw))) {
        add(too_long(AnomalyKind::g_nonadjacent, what));
      }
    }
    if (!found(AnomalyKind::g2_item)) show_adjacent(what, among, all);
  }

  static bool has_two_adjacent(const std::vector<OrderGraph::Arc>& cycle) {
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      const OrderGraph::Arc& next = cycle[(i + 1) % cycle.size()];
      if (cycle[i].kind == rw && next.kind == rw) return true;
    }
    return false;
  }

  // Of the shortest cycles with writes that follow reads, those that are none of the others.
  void show_adjacent(Besides what, const OrderGraph::Components& among, Kinds all) {
    std::uint64_t budget = most_steps;
    bool other = false;
    for (const auto& cycle : graph_.cycles(among, set(rw), all, 0, most_cycles, budget)) {
      const std::vector<OrderGraph::Arc> arcs = between_transactions(cycle);
      if (has_two_adjacent(arcs)) {
        add(in_words(AnomalyKind::g2_item, what, arcs));
      } else {
        other = true;
      }
    }
    const bool known = other || found(AnomalyKind::g_single) || found(AnomalyKind::g_nonadjacent) ||
                       found(AnomalyKind::g2_item);
    if (!known) add(too_long(AnomalyKind::g2_item, what));
  }

  static Anomaly too_long(AnomalyKind kind, Besides what) {
    return {kind, what, {}, {"a cycle too long to be shown"}, {}, "a cycle too long to be shown"};
  }

  bool has(const OrderGraph::Components& components, Dependency kind) const {
    return components.count > 0 &&
           std::any_of(graph_.arcs().begin(), graph_.arcs().end(), [&](const OrderGraph::Arc& arc) {
             return arc.kind == kind && components.inside(arc);
           });
  }
  bool found(AnomalyKind kind) const { return (found_ & 1U << static_cast<unsigned>(kind)) != 0; }
  void add(Anomaly anomaly) {
    found_ |= 1U << static_cast<unsigned>(anomaly.kind);
    ++verdict_.anomaly_count;
    verdict_.anomalies.push_back(std::move(anomaly));
  }

  bool show(AnomalyKind kind, Besides what, const OrderGraph::Components& among, Kinds first,
            Kinds rest, Kinds apart) {
    std::uint64_t budget = most_steps;
    for (const auto& cycle : graph_.cycles(among, first, rest, apart, most_cycles, budget)) {
      add(in_words(kind, what, between_transactions(cycle)));
    }
    return found(kind);
  }

  // Without the nodes that only save arcs.
  std::vector<OrderGraph::Arc> between_transactions(std::vector<OrderGraph::Arc> cycle) const {
    const auto real = [this](const OrderGraph::Arc& arc) {
      return arc.from < history_.transactions.size();
    };
    std::rotate(cycle.begin(), std::find_if(cycle.begin(), cycle.end(), real), cycle.end());
    std::vector<OrderGraph::Arc> result;
    for (const OrderGraph::Arc& arc : cycle) {
      if (real(arc)) {
        result.push_back(arc);
      } else {
        result.back().to = arc.to;
      }
    }
    return result;
  }

  Anomaly in_words(AnomalyKind kind, Besides what, std::vector<OrderGraph::Arc> arcs) const {
    // From the one that was called first.
    std::rotate(arcs.begin(),
                std::min_element(arcs.begin(), arcs.end(),
                                 [](const OrderGraph::Arc& a, const OrderGraph::Arc& b) {
                                   return a.from < b.from;
                                 }),
                arcs.end());
    static constexpr std::array<std::string_view, 7> names{"",        "ww",       "wr", "rw",
                                                           "process", "realtime", "ww"};
    Anomaly anomaly;
    anomaly.kind = kind;
    anomaly.besides = what;
    for (std::size_t i = 0; i < arcs.size(); ++i) {
      anomaly.transactions.push_back(arcs[i].from);
      anomaly.orders.emplace_back(names[arcs[i].kind]);
      const Dependencies::Names both{"T" + std::to_string(i + 1),
                                     "T" + std::to_string((i + 1) % arcs.size() + 1)};
      const auto why = [&](const Dependencies::Names& called) {
        return dependencies_.reason(arcs[i].from, arcs[i].to, static_cast<Dependency>(arcs[i].kind),
                                    called);
      };
      anomaly.reasons.push_back(both.it + " < " + both.other + " (" + anomaly.orders.back() +
                                "): " + why({}));
      const bool last = i + 1 == arcs.size();
      anomaly.sentence += (i == 0 ? "" : last ? ", but " : ", ") + why(both);
    }
    return anomaly;
  }

  const TransactionHistory& history_;
  const Dependencies& dependencies_;
  const OrderGraph& graph_;
  TransactionVerdict& verdict_;
  unsigned found_ = 0;
};

bool at_least(Isolation isolation, Isolation least) {
  return static_cast<int>(isolation) >= static_cast<int>(least);
}

// Whether the stronger one allows only what the weaker one does.
bool implies(Isolation stronger, Isolation weaker) {
  const bool apart =
      stronger == Isolation::repeatable_read && weaker == Isolation::snapshot_isolation;
  return at_least(stronger, weaker) && !apart;
}

}  // namespace

std::string in_words(AnomalyKind kind, Besides besides) {
  static constexpr std::array<std::string_view, 3> suffixes{"", "-process", "-realtime"};
  return std::string(name_of(kind)) + std::string(suffixes[static_cast<std::size_t>(besides)]);
}

bool refutes(AnomalyKind kind, Besides besides, Isolation isolation) {
  if (besides == Besides::process && !at_least(isolation, Isolation::strong_session_serializable)) {
    return false;
  }
  if (besides == Besides::realtime && isolation != Isolation::strict_serializable) return false;
  switch (kind) {
    case AnomalyKind::garbage_read:
    case AnomalyKind::duplicate_elements:
    case AnomalyKind::incompatible_order:
    case AnomalyKind::g0:
      return true;
    case AnomalyKind::aborted_read:
    case AnomalyKind::intermediate_read:
    case AnomalyKind::g1c:
      return at_least(isolation, Isolation::read_committed);
    case AnomalyKind::lost_update:
    case AnomalyKind::g_single:
    case AnomalyKind::g_nonadjacent:
      return at_least(isolation, Isolation::snapshot_isolation);
    case AnomalyKind::g2_item:
      return at_least(isolation, Isolation::repeatable_read);
    case AnomalyKind::internal:
      return isolation == Isolation::snapshot_isolation ||
             at_least(isolation, Isolation::serializable);
  }
  return false;
}

TransactionVerdict judge_transactions(const TransactionHistory& history, TransactionModel model,
                                      Isolation wanted) {
  const Dependencies dependencies(history, model);
  TransactionVerdict verdict;
  verdict.anomalies = dependencies.anomalies();
  verdict.anomaly_count = dependencies.anomaly_count();
  verdict.doubts = dependencies.doubts();
  for (const OrderGraph::Arc& arc : dependencies.graph().arcs()) {
    verdict.dependencies +=
        arc.kind == ww || arc.kind == ww_later || arc.kind == wr || arc.kind == rw ? 1 : 0;
  }
  CycleSearch(history, dependencies, verdict).run();
  std::vector<Isolation> left;
  for (std::size_t i = 0; i < enumerators(Isolation{}).size(); ++i) {
    const auto isolation = static_cast<Isolation>(i);
    const bool refuted = std::any_of(
        verdict.anomalies.begin(), verdict.anomalies.end(),
        [&](const Anomaly& each) { return refutes(each.kind, each.besides, isolation); });
    (refuted ? verdict.refuted : left).push_back(isolation);
  }
  for (const Isolation each : left) {
    const bool covered = std::any_of(left.begin(), left.end(), [&](Isolation other) {
      return other != each && implies(other, each);
    });
    if (!covered) verdict.strongest.push_back(each);
  }
  const bool refuted =
      std::find(verdict.refuted.begin(), verdict.refuted.end(), wanted) != verdict.refuted.end();
  if (refuted) {
    verdict.answer = Holds::no;
    return verdict;
  }
  // That nothing was found shows something only where all the order of writes was seen, or where
  // there is an order of the transactions that explains everything.
  if (verdict.anomalies.empty() && verdict.doubts.empty()) {
    const bool serial = is_serial(history, model, serial_order(history, model, dependencies));
    if (!serial) {
      verdict.doubts.push_back(
          "no anomaly was found, and no serial order either: reads of registers tell too little "
          "of the order of writes");
    }
  } else if (verdict.doubts.empty() && model == TransactionModel::rw_register) {
    verdict.doubts.push_back("reads of registers tell too little of the order of writes to show " +
                             std::string(name_of(wanted)));
  }
  verdict.answer = verdict.doubts.empty() ? Holds::yes : Holds::unknown;
  return verdict;
}

}  // namespace ballast::history
