// What must come before what, as a directed graph with several kinds of arcs, and its cycles.
#pragma once

#include <cstdint>
#include <vector>

namespace ballast::history {

class OrderGraph {
 public:
  // Kinds are small numbers that the owner gives a meaning. An arc of kind `pass` leads from or to
  // a node that only saves arcs: where n nodes all come before m others, n + m of them will do
  // instead of n * m. On the way from one real node to the next there is one arc of another kind.
  static constexpr std::uint32_t pass = 0;
  using Kinds = std::uint32_t;  // a set: bit k for kind k
  static constexpr Kinds set_of(std::uint32_t kind) { return Kinds{1} << kind; }

  struct Arc {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::uint32_t kind : 4 = 0;
    std::uint32_t note : 28 = 0;  // the owner's
  };

  explicit OrderGraph(std::uint32_t nodes) : nodes_(nodes) {}

  std::uint32_t add_node() { return nodes_++; }
  void add(std::uint32_t from, std::uint32_t to, std::uint32_t kind, std::uint32_t note = 0) {
    arcs_.push_back({from, to, kind & 0xF, note & 0xFFFFFFF});
  }
  // REQUIRED once, after the last arc and before any question.
  void finish();

  std::uint32_t nodes() const { return nodes_; }
  const std::vector<Arc>& arcs() const { return arcs_; }  // by `from` once it is finished

  // The strongly connected components of more than one node, by arcs of these kinds and passes:
  // for each node the number of its component, or none.
  static constexpr std::uint32_t none = 0xFFFFFFFF;
  struct Components {
    std::vector<std::uint32_t> of;
    std::uint32_t count = 0;

    bool inside(const Arc& arc) const { return of[arc.from] != none && of[arc.from] == of[arc.to]; }
  };
  Components components(Kinds kinds) const;

  // Closed walks that begin with an arc of the set `first`, one for each component of `among` at
  // most, the shortest before the others; what follows the first arc has kinds of `rest`. If
  // `apart` is not empty, no two arcs of it follow each other, the first and the last included.
  // Each is the shortest of its component, passes not counted, unless `budget` ends: the number of
  // arcs that may be looked at, which is reduced.
  std::vector<std::vector<Arc>> cycles(const Components& among, Kinds first, Kinds rest,
                                       Kinds apart, std::size_t most, std::uint64_t& budget) const;

  // Whether there is a closed walk of `kinds` with an arc of `apart`, no two of which follow each
  // other. Exact, in linear time.
  bool has_walk_apart(Kinds kinds, Kinds apart) const;

 private:
  class Walker;

  std::uint32_t nodes_;
  std::vector<Arc> arcs_;
  std::vector<std::uint32_t> begin_;  // by node: its arcs
};

}  // namespace ballast::history
