// The log of a Raft node (5.3): entries numbered from 1, the first of which a snapshot may have
// replaced (7).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/assert.h"
#include "sim/protocol/fact.h"

namespace ballast::raft {

// "Each entry contains command for state machine, and term when entry was received by leader"
// (Figure 2). An entry without a request is the no-op with which a leader opens its term (8).
struct Entry {
  Term term;
  std::optional<Request> request;
  friend constexpr auto operator<=>(const Entry&, const Entry&) = default;
  static constexpr std::string_view name = "Entry";
  static constexpr auto fields =
      Fields{field("term", &Entry::term), field("request", &Entry::request)};
};

// What an entry holds, as public facts name it. The no-ops of two terms are two values.
inline ValueDigest value_of(const Entry& entry) {
  return {entry.request ? digest(*entry.request) : digest(entry.term)};
}

// Who has a say, and who is sent the log (dissertation 4). A set has a bit for each node, n1 the
// lowest. Without any voters: all members of the group, as long as nobody has changed that.
struct Configuration {
  std::uint64_t voters = 0;
  std::uint64_t outgoing = 0;  // joint consensus: C_old
  std::uint64_t learners = 0;
  friend constexpr auto operator<=>(const Configuration&, const Configuration&) = default;
  static constexpr std::string_view name = "Configuration";
  static constexpr auto fields =
      Fields{field("voters", &Configuration::voters), field("outgoing", &Configuration::outgoing),
             field("learners", &Configuration::learners)};

  static constexpr std::uint32_t most = 63;  // the highest number that a set can hold
  static constexpr bool has(std::uint64_t set, NodeId node) {
    return node && node.value <= most && (set >> (node.value - 1) & 1) != 0;
  }
  bool is_joint() const { return outgoing != 0; }
  bool is_voter(NodeId node) const { return voters == 0 || has(voters | outgoing, node); }
  bool is_member(NodeId node) const { return is_voter(node) || has(learners, node); }
};

// An entry that changes the configuration holds the new one; another administrative request never
// gets into a log.
inline bool is_configuration(const Entry& entry) {
  return entry.request && entry.request->command.operation == Operation::administer;
}
inline Configuration configuration_of(const Entry& entry) {
  const Command& command = entry.request->command;
  return {static_cast<std::uint64_t>(command.value), static_cast<std::uint64_t>(command.expected),
          command.work};
}
inline Request to_request(const RequestId& id, const Configuration& c) {
  Command command{Operation::administer, static_cast<std::uint64_t>(Administration::set_voters),
                  static_cast<std::int64_t>(c.voters), static_cast<std::int64_t>(c.outgoing),
                  c.learners};
  return {id, command};
}

class Log {
 public:
  // The last entry that is not held any more, because a snapshot stands for all up to it; 0 if
  // there is no snapshot (7).
  LogIndex base_index() const { return base_index_; }
  LogIndex last_index() const { return {base_index_.value + entries_.size()}; }
  Term last_term() const { return term_at(last_index()); }

  // The term of an entry; 0 for index 0, the place before the first entry.
  // REQUIRES base_index() <= index <= last_index().
  Term term_at(LogIndex index) const {
    return index == base_index_ ? base_term_ : (*this)[index].term;
  }
  // REQUIRES base_index() < index <= last_index().
  const Entry& operator[](LogIndex index) const { return entries_[place(index)]; }

  // True if the log holds an entry of this term at this index. The place before the first entry is
  // part of every log, and so is what a snapshot stands for, since it is committed.
  bool contains(LogIndex index, Term term) const {
    return index <= last_index() && (index < base_index_ || term_at(index) == term);
  }

  // Up to `most` entries from `first` on. REQUIRES first > base_index().
  std::vector<Entry> from(LogIndex first, std::uint64_t most) const {
    const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(place(first));
    const std::uint64_t count = std::min(most, last_index().value - first.value + 1);
    return {begin, begin + static_cast<std::ptrdiff_t>(count)};
  }

  // The first index after all entries of terms below `term`. Terms never fall along a log, so that
  // this is the first entry of `term` if there is one that is held.
  LogIndex begin_of(Term term) const {
    const auto at =
        std::lower_bound(entries_.begin(), entries_.end(), term,
                         [](const Entry& entry, Term below) { return entry.term < below; });
    return {base_index_.value + static_cast<std::uint64_t>(at - entries_.begin()) + 1};
  }

  void append(Entry entry) { entries_.push_back(std::move(entry)); }

  // Removes everything after `last_kept`.
  void truncate(LogIndex last_kept) {
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(place(last_kept.next())),
                   entries_.end());
  }
  // Drops everything up to `index`, for which a snapshot stands. REQUIRES that the log holds it.
  void compact(LogIndex index) {
    base_term_ = term_at(index);
    entries_.erase(entries_.begin(),
                   entries_.begin() + static_cast<std::ptrdiff_t>(place(index.next())));
    base_index_ = index;
  }
  // The log of which a snapshot up to `index` is all.
  void reset(LogIndex index, Term term) {
    entries_.clear();
    base_index_ = index;
    base_term_ = term;
  }

 private:
  std::size_t place(LogIndex index) const { return index.value - base_index_.value - 1; }

  std::vector<Entry> entries_;
  LogIndex base_index_;
  Term base_term_;
};

}  // namespace ballast::raft
