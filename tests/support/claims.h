// Lets a test make claims as nodes would, and hear what a checker objects to.
//
//   Claims claims(make_agreement(group));
//   claims.state(n1, Decided{{1}, {5}});            // event 1, at 1 ms, in life 1
//   claims.crash(n1);
//   claims.state(n1, Decided{{1}, {7}});            // event 2, at 2 ms, in life 2
//   CHECK(claims.objection().witnesses == ...);
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

#include "sim/check/checker.h"

namespace ballast {

class Claims {
 public:
  explicit Claims(std::unique_ptr<Checker> checker) : checker_(std::move(checker)) {}

  // States a fact in an event of its own, one millisecond after the last. The checker hears it if
  // it asked for its kind. Returns the number of the event.
  EventId state(NodeId node, const Fact& fact) {
    last_ = last_.next();
    at_ += Duration{1'000'000};
    if ((checker_->interests() >> fact.index() & 1) != 0) {
      checker_->hear({&fact, last_, {}, at_, node, life(node)}, objections_);
    }
    return last_;
  }
  // Lets time pass before the next fact.
  void wait(Duration span) { at_ += span; }
  // The run comes to its end.
  void finish() { checker_->finish(at_, last_, objections_); }
  void crash(NodeId node) {
    lives_[node] = life(node).next();
    checker_->crashed(node, at_);
  }
  // A pause of the node, or a change of its clock, is over.
  void resume(NodeId node) { checker_->impaired(node, false, at_); }

  // From now on a copy hears what is stated; the original hears nothing more.
  void fork() { checker_ = checker_->clone(); }

  bool accepted() const { return objections_.empty(); }
  // The first objection. Throws std::out_of_range if there is none.
  const Violation& objection() const { return objections_.all().at(0); }

 private:
  Life life(NodeId node) const {
    const auto found = lives_.find(node);
    return found == lives_.end() ? Life{1} : found->second;
  }

  std::unique_ptr<Checker> checker_;
  Objections objections_;
  std::map<NodeId, Life> lives_;
  EventId last_;
  Time at_;
};

}  // namespace ballast
