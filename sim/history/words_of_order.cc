#include "sim/history/words_of_order.h"

#include <algorithm>

#include "sim/history/reads_from.h"

namespace ballast::history {

std::string OrderWords::name(std::uint32_t node) const {
  return node < history_.operations.size() ? whose(history_, node) : "the initial value";
}

std::string OrderWords::sentence(const OrderGraph::Arc& arc) const {
  const Note note = arc.note < notes_.size() ? notes_[arc.note] : Note{};
  switch (static_cast<Kind>(arc.kind)) {
    case reads:
      return whose(history_, note.b) + " came after its " + in_brief(history_, note.a);
    case own:
      return whose(history_, note.a) + " came after its own " + in_brief(history_, arc.from);
    case session:
      return name(arc.from) + " came before its " + in_brief(history_, arc.to);
    case follows:
      return whose(history_, note.a) + " came before its " + in_brief(history_, arc.to);
    case time:
      return name(arc.from) + " had returned when " + name(arc.to) + " began";
    case initial:
      return name(arc.to) + " replaced the initial value";
    case seen:
      return name(arc.to) + " saw " + name(arc.from);
    case hidden:
      return whose(history_, note.a) + " came causally after " + name(arc.from) + " and saw " +
             (arc.to < history_.operations.size() ? "another write"
                                                  : std::string("the initial value"));
    case replaced:
      return name(arc.from) + " saw what " + name(arc.to) + " replaced";
  }
  return {};
}

// Without the nodes that only save arcs: each arc from one operation to the next, with the kind and
// the note of the one arc between them that says something.
std::vector<OrderGraph::Arc> OrderWords::between_operations(
    std::vector<OrderGraph::Arc> cycle) const {
  const auto real = [this](const OrderGraph::Arc& arc) { return arc.from < nodes(); };
  const auto first = std::find_if(cycle.begin(), cycle.end(), real);
  std::rotate(cycle.begin(), first, cycle.end());
  std::vector<OrderGraph::Arc> result;
  for (const OrderGraph::Arc& arc : cycle) {
    if (real(arc)) {
      result.push_back(arc);
      continue;
    }
    result.back().to = arc.to;
    if (arc.kind == OrderGraph::pass) continue;
    result.back().kind = arc.kind;
    result.back().note = arc.note;
  }
  return result;
}

Breach OrderWords::breach_of(const std::vector<OrderGraph::Arc>& cycle) const {
  std::vector<OrderGraph::Arc> arcs = between_operations(cycle);
  // It begins with what a client saw, and with the latest of that.
  const auto weight = [&](const OrderGraph::Arc& arc) {
    const bool sees = arc.kind == reads || arc.kind == own || arc.kind == hidden;
    return sees && arc.note < notes_.size() ? notes_[arc.note].b + 1 : 0;
  };
  std::rotate(arcs.begin(),
              std::max_element(arcs.begin(), arcs.end(),
                               [&](const OrderGraph::Arc& a, const OrderGraph::Arc& b) {
                                 return weight(a) < weight(b);
                               }),
              arcs.end());
  Breach breach;
  for (std::size_t i = 0; i < arcs.size(); ++i) {
    const OrderGraph::Arc& arc = arcs[i];
    breach.sentence += (i == 0 ? "" : i == 1 ? ", but " : ", and ") + sentence(arc);
    for (const std::uint32_t node : {arc.from, arc.to}) {
      if (node < history_.operations.size()) breach.operations.push_back(node);
    }
    if (arc.kind != reads && arc.kind != own && arc.kind != follows && arc.kind != hidden) continue;
    breach.operations.push_back(notes_[arc.note].a);
    breach.operations.push_back(notes_[arc.note].b);
  }
  std::stable_sort(breach.operations.begin(), breach.operations.end());
  breach.operations.erase(std::unique(breach.operations.begin(), breach.operations.end()),
                          breach.operations.end());
  breach.object = history_.operations[breach.operations.back()].object;
  const bool one_object =
      std::all_of(breach.operations.begin(), breach.operations.end(),
                  [&](std::uint32_t i) { return history_.operations[i].object == breach.object; });
  if (one_object) breach.sentence = of_key(history_, breach.object) + breach.sentence;
  return breach;
}

void OrderWords::report_cycles(const OrderGraph& graph, ConsistencyVerdict& verdict) const {
  constexpr OrderGraph::Kinds all = 0xFFFF & ~OrderGraph::set_of(OrderGraph::pass);
  const OrderGraph::Components components = graph.components(all);
  verdict.breach_count += components.count;
  if (components.count == 0 || verdict.breaches.size() >= most_breaches) return;
  std::uint64_t budget = std::uint64_t{1} << 24;
  const std::size_t room = most_breaches - verdict.breaches.size();
  for (const auto& cycle : graph.cycles(components, all, all, 0, room, budget)) {
    verdict.breaches.push_back(breach_of(cycle));
  }
}

}  // namespace ballast::history
