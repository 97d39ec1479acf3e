// Who leads, and how long changes of leaders took.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/time.h"
#include "sim/protocol/fact.h"

namespace ballast {

// How a group came to a leader: counted from the start of the run, or from when the leader before
// crashed or stepped down. The time to replace a crashed leader that the Raft papers measure
// (Figure 16) is `followed`.
struct Succession {
  Duration elected;   // until this leader was elected
  Duration followed;  // until every other member of its group that is up had heard from it
  Term term;          // that it was elected in
};

// A leader that is deposed before all have heard from it ends no wait. One that takes over from a
// leader who neither crashed nor stepped down, as in a partition, ends none either: nobody can say
// when the wait began.
class Leadership {
 public:
  // `others` are those who are to hear of it.
  void elected(Term term, NodeId node, Time at, EventId event, std::vector<NodeId> others) {
    if (term <= term_) return;
    term_ = term;
    node_ = node;
    since_ = at;
    event_ = event;
    if (vacant_since_) unaware_ = std::move(others);
    if (vacant_since_ && unaware_.empty()) conclude(at);
  }
  void stepped_down(Term term, NodeId node, Time at) {
    if (term == term_ && node == node_) lose(at);
  }
  void crashed(NodeId node, Time at) {
    if (node == node_) {
      lose(at);
    } else {
      heard(node, at);
    }
  }
  // `node` was reached by a message of `from`, sent in the event `sent_in`.
  void received(NodeId node, NodeId from, EventId sent_in, Time at) {
    if (from == node_ && sent_in >= event_) heard(node, at);
  }

  // How long there was no leader, if one is elected at `at` who stood for election at `stood`. One
  // that takes over from another in office was waited for only since then.
  Duration without(Time at, Time stood) const {
    return at - (since_ == Time::max() ? lost_ : stood);
  }
  // Whether somebody has yet to hear from the leader: only then messages are of interest.
  bool awaits() const { return !unaware_.empty(); }
  // Since when the leader of the highest term has been in office; Time::max() if it is so no more.
  Time since() const { return since_; }
  std::optional<Time> in_office_since() const {
    return since_ < Time::max() ? std::optional<Time>(since_) : std::nullopt;
  }
  // The longest one that is complete, the first of these; nothing if none is.
  const std::optional<Succession>& longest() const { return longest_; }

 private:
  void lose(Time at) {
    if (since_ != Time::max()) lost_ = at;
    since_ = Time::max();
    unaware_.clear();
    if (!vacant_since_) vacant_since_ = at;
  }
  void heard(NodeId node, Time at) {
    if (std::erase(unaware_, node) > 0 && unaware_.empty()) conclude(at);
  }
  void conclude(Time at) {
    const Succession now{since_ - *vacant_since_, at - *vacant_since_, term_};
    if (!longest_ || now.followed > longest_->followed) longest_ = now;
    vacant_since_.reset();
  }

  Term term_;
  NodeId node_;
  Time since_ = Time::max();
  Time lost_;                                  // when the last one left office
  EventId event_;                              // in which it was elected
  std::optional<Time> vacant_since_ = Time{};  // nothing while all follow a leader
  std::vector<NodeId> unaware_;
  std::optional<Succession> longest_;
};

}  // namespace ballast
