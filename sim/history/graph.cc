#include "sim/history/graph.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace ballast::history {
namespace {

// Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972) with a stack of its
// own: histories are longer than the stack of a thread is deep.
class Tarjan {
 public:
  Tarjan(const std::vector<OrderGraph::Arc>& arcs, const std::vector<std::uint32_t>& begin,
         OrderGraph::Kinds kinds)
      : arcs_(arcs), begin_(begin), kinds_(kinds | OrderGraph::set_of(OrderGraph::pass)) {
    const std::size_t nodes = begin.size() - 1;
    index_.assign(nodes, 0);
    low_.assign(nodes, 0);
    result_.of.assign(nodes, OrderGraph::none);
  }

  OrderGraph::Components run() {
    for (std::uint32_t node = 0; node < index_.size(); ++node) {
      if (index_[node] == 0) visit(node);
    }
    return std::move(result_);
  }

 private:
  static constexpr std::uint32_t closed = 0xFFFFFFFF;  // as a low point: its component is known

  struct Frame {
    std::uint32_t node = 0;
    std::uint32_t next = 0;  // arc
  };

  void enter(std::uint32_t node) {
    index_[node] = low_[node] = ++count_;
    frames_.push_back({node, begin_[node]});
    open_.push_back(node);
  }

  void visit(std::uint32_t root) {
    enter(root);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const std::uint32_t node = frame.node;
      if (frame.next == begin_[node + 1]) {
        frames_.pop_back();
        if (low_[node] == index_[node]) close(node);
        if (!frames_.empty() && low_[node] != closed) {
          low_[frames_.back().node] = std::min(low_[frames_.back().node], low_[node]);
        }
        continue;
      }
      const OrderGraph::Arc& arc = arcs_[frame.next++];
      if ((kinds_ & OrderGraph::set_of(arc.kind)) == 0) continue;
      if (index_[arc.to] == 0) {
        enter(arc.to);
      } else if (low_[arc.to] != closed) {
        low_[node] = std::min(low_[node], index_[arc.to]);
      }
    }
  }

  void close(std::uint32_t node) {
    const bool alone = open_.back() == node;
    for (;;) {
      const std::uint32_t member = open_.back();
      open_.pop_back();
      low_[member] = closed;
      if (!alone) result_.of[member] = result_.count;
      if (member == node) break;
    }
    if (!alone) ++result_.count;
  }

  const std::vector<OrderGraph::Arc>& arcs_;
  const std::vector<std::uint32_t>& begin_;
  OrderGraph::Kinds kinds_;
  std::uint32_t count_ = 0;
  std::vector<std::uint32_t> index_;  // 0: not seen yet
  std::vector<std::uint32_t> low_;
  std::vector<std::uint32_t> open_;
  std::vector<Frame> frames_;
  OrderGraph::Components result_;
};

}  // namespace

void OrderGraph::finish() {
  begin_.assign(nodes_ + 1, 0);
  for (const Arc& arc : arcs_) ++begin_[arc.from + 1];
  for (std::uint32_t node = 0; node < nodes_; ++node) begin_[node + 1] += begin_[node];
  std::vector<std::uint32_t> next(begin_.begin(), begin_.end() - 1);
  std::vector<Arc> sorted(arcs_.size());
  for (const Arc& arc : arcs_) sorted[next[arc.from]++] = arc;
  arcs_ = std::move(sorted);
}

OrderGraph::Components OrderGraph::components(Kinds kinds) const {
  SIM_ASSERT(!begin_.empty(), "a graph is finished before it is asked");
  return Tarjan(arcs_, begin_, kinds).run();
}

// Breadth first from the end of one arc back to its beginning. A place is a node, and whether an
// arc of `apart` led there. Passes cost nothing, so that the walk with the fewest other arcs comes
// first.
class OrderGraph::Walker {
 public:
  Walker(const OrderGraph& graph, const Components& among, Kinds rest, Kinds apart)
      : graph_(graph), among_(among), rest_(rest), apart_(apart) {
    came_by_.assign(std::size_t{graph.nodes_} * 2, unseen);
  }

  // The arcs from `first` around to where it began; empty if there is no such walk of at most so
  // many, passes not counted, or the budget ended.
  std::vector<Arc> around(std::uint32_t first, std::size_t most, std::uint64_t& budget) {
    const Arc& arc = graph_.arcs_[first];
    for (const std::size_t place : touched_) came_by_[place] = unseen;
    touched_.clear();
    later_.clear();
    goal_ = none;
    reach(arc.to, is_apart(arc) ? 1 : 0, first * 2, later_);
    for (std::size_t length = 1; !later_.empty() && goal_ == none && budget > 0; ++length) {
      now_.swap(later_);
      later_.clear();
      // Wherever passes lead is as near, so that they are followed before all else.
      for (std::size_t i = 0; i < now_.size() && goal_ == none; ++i) {
        expand(now_[i], arc.from, true, budget);
      }
      for (std::size_t i = 0; i < now_.size() && goal_ == none && length < most; ++i) {
        expand(now_[i], arc.from, false, budget);
      }
    }
    std::vector<Arc> walk;
    if (goal_ == none) return walk;
    walk.push_back(graph_.arcs_[goal_]);
    std::uint32_t flag = goal_flag_;
    while (true) {
      const std::uint32_t by = came_by_[walk.back().from * std::size_t{2} + flag];
      walk.push_back(graph_.arcs_[by / 2]);
      if (by / 2 == first) break;
      flag = by % 2;
    }
    std::reverse(walk.begin(), walk.end());
    return walk;
  }

 private:
  static constexpr std::uint32_t unseen = 0xFFFFFFFF;

  bool is_apart(const Arc& arc) const { return (apart_ & set_of(arc.kind)) != 0; }
  void reach(std::uint32_t node, std::uint32_t flag, std::uint32_t by,
             std::vector<std::uint32_t>& where) {
    const std::size_t place = node * std::size_t{2} + flag;
    if (came_by_[place] != unseen) return;
    came_by_[place] = by;
    touched_.push_back(place);
    where.push_back(static_cast<std::uint32_t>(place));
  }
  void expand(std::uint32_t place, std::uint32_t goal, bool passes, std::uint64_t& budget) {
    const std::uint32_t node = place / 2;
    const std::uint32_t flag = place % 2;
    for (std::uint32_t i = graph_.begin_[node]; i < graph_.begin_[node + 1]; ++i) {
      const Arc& arc = graph_.arcs_[i];
      if (budget > 0) --budget;
      if ((arc.kind == pass) != passes || !among_.inside(arc)) continue;
      if (!passes && (rest_ & set_of(arc.kind)) == 0) continue;
      if (flag == 1 && is_apart(arc)) continue;
      const std::uint32_t next = passes ? flag : is_apart(arc) ? 1 : 0;
      const bool closes = arc.to == goal && (next == 0 || apart_ == 0);
      if (closes) {
        goal_ = i;
        goal_flag_ = flag;
        return;
      }
      reach(arc.to, next, i * 2 + flag, passes ? now_ : later_);
    }
  }

  const OrderGraph& graph_;
  const Components& among_;
  Kinds rest_;
  Kinds apart_;
  std::vector<std::uint32_t> came_by_;  // by place: twice an arc, and the flag before it
  std::vector<std::size_t> touched_;
  std::vector<std::uint32_t> now_;
  std::vector<std::uint32_t> later_;
  std::uint32_t goal_ = none;
  std::uint32_t goal_flag_ = 0;
};

std::vector<std::vector<OrderGraph::Arc>> OrderGraph::cycles(const Components& among, Kinds first,
                                                             Kinds rest, Kinds apart,
                                                             std::size_t most,
                                                             std::uint64_t& budget) const {
  std::vector<std::vector<Arc>> found(among.count);
  std::vector<std::size_t> length(among.count, SIZE_MAX);
  const auto real = [](const std::vector<Arc>& walk) {
    return static_cast<std::size_t>(
        std::count_if(walk.begin(), walk.end(), [](const Arc& arc) { return arc.kind != pass; }));
  };
  Walker walker(*this, among, rest, apart);
  // Some walk of each component first; then shorter ones, to look for which costs little.
  for (const bool shorter : {false, true}) {
    for (std::uint32_t i = 0; i < arcs_.size() && budget > 0; ++i) {
      if ((first & set_of(arcs_[i].kind)) == 0 || !among.inside(arcs_[i])) continue;
      const std::uint32_t component = among.of[arcs_[i].from];
      if (found[component].empty() == shorter || length[component] == 2) continue;
      std::vector<Arc> walk = walker.around(i, length[component] - 1, budget);
      if (walk.empty()) continue;
      length[component] = real(walk);
      found[component] = std::move(walk);
    }
  }
  std::erase_if(found, [](const std::vector<Arc>& walk) { return walk.empty(); });
  std::stable_sort(
      found.begin(), found.end(),
      [&](const std::vector<Arc>& a, const std::vector<Arc>& b) { return real(a) < real(b); });
  if (found.size() > most) found.resize(most);
  return found;
}

bool OrderGraph::has_walk_apart(Kinds kinds, Kinds apart) const {
  // Each node twice: whether the last arc was one of `apart`. A cycle there is such a walk.
  const Components among = components(kinds);
  if (among.count == 0) return false;
  OrderGraph doubled(nodes_ * 2);
  constexpr std::uint32_t plain = 1;
  constexpr std::uint32_t rare = 2;
  for (const Arc& arc : arcs_) {
    if (!among.inside(arc)) continue;
    if (arc.kind == pass) {
      doubled.add(arc.from * 2, arc.to * 2, plain);
      doubled.add(arc.from * 2 + 1, arc.to * 2 + 1, plain);
    } else if ((apart & set_of(arc.kind)) != 0) {
      doubled.add(arc.from * 2, arc.to * 2 + 1, rare);
    } else if ((kinds & set_of(arc.kind)) != 0) {
      doubled.add(arc.from * 2, arc.to * 2, plain);
      doubled.add(arc.from * 2 + 1, arc.to * 2, plain);
    }
  }
  doubled.finish();
  const Components walks = doubled.components(set_of(plain) | set_of(rare));
  return std::any_of(doubled.arcs_.begin(), doubled.arcs_.end(),
                     [&](const Arc& arc) { return arc.kind == rare && walks.inside(arc); });
}

}  // namespace ballast::history
