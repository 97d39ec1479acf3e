// What follows from program order and from who saw which write, closed under rules.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/history/reads_from.h"
#include "sim/history/table.h"
#include "sim/history/words_of_order.h"

namespace ballast::history {

// Operations, and for each how much of each session comes before it: a vector clock. Of unknown
// operations only those that somebody saw are among them: the others need not have happened.
class Causality {
 public:
  Causality(const History& history, const ReadsFrom& reads);

  // What the clocks need at most.
  std::uint64_t bytes() const { return std::uint64_t{count_} * sessions_.size() * 4; }

  // Counts for each operation what comes before it by program order, by what was seen and by all
  // arcs that were added. False if that goes round in a circle.
  bool count();

  // REQUIRES count() after the last arc was added. Adds what a read of one write says of other
  // writes that come before the read: they come before that write ("hidden").
  bool add_hidden();
  // And what the order of writes says of reads of the earlier one: they come before the later
  // ("replaced"). Both return whether anything was new.
  bool add_replaced();

  // Everything that is known, for cycles and their words.
  OrderGraph graph() const;
  const OrderWords& words() const { return words_; }
  const std::vector<std::vector<std::uint32_t>>& sessions() const { return sessions_; }

  // What must come before each operation, apart from program order.
  const std::vector<OrderGraph::Arc>& arcs() const { return arcs_; }

 private:
  // The writes of one session to one object, in its order.
  struct WritesOf {
    std::uint32_t session = 0;
    std::vector<std::uint32_t> writes;
  };

  std::uint32_t count_of(std::uint32_t operation, std::uint32_t session) const {
    return clocks_[std::size_t{slot_[operation]} * sessions_.size() + session];
  }
  bool before(std::uint32_t a, std::uint32_t b) const {
    return a == b || count_of(b, session_[a]) > place_[a];
  }
  bool add(std::uint32_t from, std::uint32_t to, OrderWords::Kind kind, std::uint32_t read);

  const History& history_;
  const ReadsFrom& reads_;
  OrderWords words_;
  std::vector<std::vector<std::uint32_t>> sessions_;
  std::uint32_t count_ = 0;
  // By operation.
  std::vector<std::uint32_t> slot_;  // row of its clock; never if it is not among them
  std::vector<std::uint32_t> session_;
  std::vector<std::uint32_t> place_;           // in its session
  std::vector<std::vector<WritesOf>> writes_;  // by object
  std::vector<OrderGraph::Arc> arcs_;
  PairTable known_;  // arcs
  std::vector<std::uint32_t> clocks_;
};

}  // namespace ballast::history
