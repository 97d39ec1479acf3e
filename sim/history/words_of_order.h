// Why one operation comes before another, and the contradictions among such reasons, in words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/history/consistency.h"
#include "sim/history/graph.h"

namespace ballast::history {

// Nodes are the operations, then for each object the moment before the first of them.
class OrderWords {
 public:
  enum Kind : std::uint32_t {
    reads = 1,  // a session saw the one and then the other; the note names both reads
    own,        // a session wrote the one, and then saw the other; the note names the read
    session,    // one session called the one and then the other
    follows,    // a session saw the one before it wrote the other; the note names the read
    time,       // the one had returned when the other was called
    initial,    // nothing comes before it
    seen,       // the other saw the one
    hidden,     // a read saw the other when the one was known to it; the note names the read
    replaced,   // the one saw a value that the other replaced
  };

  explicit OrderWords(const History& history) : history_(history) {}

  std::uint32_t nodes() const { return initial_node(history_.objects.size()); }
  std::uint32_t start_of(std::uint32_t object) const { return initial_node(object); }
  std::uint32_t note(std::uint32_t a, std::uint32_t b) {
    notes_.push_back({a, b});
    return static_cast<std::uint32_t>(notes_.size() - 1);
  }

  // A breach for each contradiction: a short cycle of each component.
  void report_cycles(const OrderGraph& graph, ConsistencyVerdict& verdict) const;

 private:
  struct Note {
    std::uint32_t a = 0;
    std::uint32_t b = 0;
  };

  std::uint32_t initial_node(std::size_t object) const {
    return static_cast<std::uint32_t>(history_.operations.size() + object);
  }
  std::vector<OrderGraph::Arc> between_operations(std::vector<OrderGraph::Arc> cycle) const;
  Breach breach_of(const std::vector<OrderGraph::Arc>& cycle) const;
  std::string sentence(const OrderGraph::Arc& arc) const;
  std::string name(std::uint32_t node) const;

  const History& history_;
  std::vector<Note> notes_;
};

}  // namespace ballast::history
