// What the checkers of Viewstamped Replication know of each replica's log, from its facts alone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "sim/base/random.h"
#include "sim/check/checker.h"
#include "sim/check/per_node.h"

namespace ballast {

// A log by the digests of its beginnings: two logs that have one digest at a slot are the same up
// to there.
class ReplicaLog {
 public:
  Slot last() const { return {base_.value + digests_.size() - 1}; }
  // Of everything up to this slot; 0 for what this log does not hold.
  std::uint64_t digest(Slot slot) const {
    return slot < base_ || slot > last() ? 0 : digests_[slot.value - base_.value];
  }

  // Puts a value behind the log's end; false if this slot is not the next one.
  bool append(Slot slot, ValueDigest value) {
    if (slot != last().next()) return false;
    digests_.push_back(mix(digests_.back() ^ mix(value.value)));
    return true;
  }
  // The same with the digest of the log that there is then.
  void extend(std::uint64_t digest) { digests_.push_back(digest); }
  void cut(Slot last_kept) {
    if (last_kept < base_) {
      *this = {};
    } else if (last_kept < last()) {
      digests_.resize(last_kept.value - base_.value + 1);
    }
  }
  // Puts everything up to `slot`, of this digest, in the place of the log.
  void take_over(Slot slot, std::uint64_t digest) {
    base_ = slot;
    digests_.assign(1, digest);
  }

 private:
  static constexpr std::uint64_t nothing = 1;  // the digest of the empty log
  Slot base_;
  std::vector<std::uint64_t> digests_{nothing};  // from base_ on
};

// The logs of a group, and which of their entries are known to be committed.
class ReplicaLogs {
 public:
  // Up to `slot` everything was committed by the end of `view`, as `node` stated.
  struct Mark {
    Term view;
    Slot slot;
    EventId event;
    Time at;
    NodeId node;
  };

  static constexpr FactMask interests() { return facts<Logged, LogCut, CommitAdvanced>(); }

  // True if the fact was about a log.
  bool hear(const HeardFact& heard) {
    ReplicaLog& log = logs_[heard.node];
    if (const auto* logged = std::get_if<Logged>(heard.fact)) {
      log.append(logged->slot, logged->value);
    } else if (const auto* cut = std::get_if<LogCut>(heard.fact)) {
      if (cut->taken_over) {
        log.take_over(cut->last_kept, committed_.digest(cut->last_kept));
      } else {
        log.cut(cut->last_kept);
      }
    } else if (const auto* advanced = std::get_if<CommitAdvanced>(heard.fact)) {
      learn(*advanced, heard, log);
    } else {
      return false;
    }
    return true;
  }

  ReplicaLog& of(NodeId node) { return logs_[node]; }
  // What is known to be committed, as the log of the first who said so has it.
  const ReplicaLog& committed() const { return committed_; }
  // The commitment that reaches furthest among those of views up to this one; null for none.
  const Mark* committed_by(Term view) const {
    const auto later = std::upper_bound(marks_.begin(), marks_.end(), view,
                                        [](Term of, const Mark& mark) { return of < mark.view; });
    return later == marks_.begin() ? nullptr : &*std::prev(later);
  }

 private:
  void learn(const CommitAdvanced& advanced, const HeardFact& heard, const ReplicaLog& log) {
    // A view comes with all that was committed before it, so that marks rise in both.
    const bool is_news = marks_.empty() || (advanced.slot > marks_.back().slot &&
                                            advanced.view >= marks_.back().view);
    if (is_news)
      marks_.push_back({advanced.view, advanced.slot, heard.event, heard.at, heard.node});
    while (committed_.last() < advanced.slot && committed_.last() < log.last()) {
      const Slot next = committed_.last().next();
      const std::uint64_t digest = log.digest(next);
      if (digest == 0) return;
      committed_.extend(digest);
    }
  }

  PerNode<ReplicaLog> logs_;
  ReplicaLog committed_;
  std::vector<Mark> marks_;
};

}  // namespace ballast
