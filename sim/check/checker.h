// A checker hears what nodes claim and may object. One property, one file.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/protocol/fact.h"
#include "sim/protocol/quorum.h"

namespace ballast {

// A fact with its place: who said it, when, in which event, and which event it follows from.
struct HeardFact {
  const Fact* fact = nullptr;
  EventId event;
  EventId cause;
  Time at;
  NodeId node;
  Life life;
};

// What a checker objects to. The sentence tells the clash in full ("two leaders in term 7: n1 and
// n4"); the witnesses are the events in which the clashing facts were stated, the last one last.
struct Violation {
  std::string property;
  std::string sentence;
  EventId event;
  Time at;
  NodeId node;
  std::vector<EventId> witnesses;
};

// Where checkers put their objections. A run ends at the first event that raises one.
class Objections {
 public:
  void raise(std::string_view property, const HeardFact& heard, std::string sentence,
             std::vector<EventId> witnesses = {}) {
    witnesses.push_back(heard.event);
    raised_.push_back({std::string(property), std::move(sentence), heard.event, heard.at,
                       heard.node, std::move(witnesses)});
  }
  void raise(Violation violation) { raised_.push_back(std::move(violation)); }
  bool empty() const { return raised_.empty(); }
  const std::vector<Violation>& all() const { return raised_; }

 private:
  std::vector<Violation> raised_;
};

// The set of kinds of facts that a checker wants to hear, as a bit for each alternative of Fact.
using FactMask = std::uint64_t;

template <class... Fs>
constexpr FactMask facts() {
  return (FactMask{0} | ... | (FactMask{1} << index_in<Fs, Fact>));
}

// The nodes whose facts one instance of a checker hears: a group of the scenario. Two Raft groups
// in one scenario have two election_safety checkers, and never disturb each other.
struct Group {
  std::string name;
  std::vector<NodeId> nodes;  // ascending
  QuorumSystem quorums = {};

  // Whether these of its nodes are a quorum.
  bool is_quorum(Phase phase, const std::vector<NodeId>& some) const {
    return ballast::is_quorum(quorums, phase, nodes, some);
  }
};

class Checker {
 public:
  virtual ~Checker() = default;
  virtual std::unique_ptr<Checker> clone() const = 0;

  virtual std::string_view property() const = 0;
  virtual FactMask interests() const = 0;
  virtual void hear(const HeardFact& heard, Objections& objections) = 0;

  // A node lost its volatile state. Facts that it states from now on are of its next life.
  virtual void crashed(NodeId /*node*/, Time /*at*/) {}

  // From now on, or no more, a fault makes the node slow, late or wrong about the time: what it has
  // promised to do within a time it need not do in time. After a pause or a change of its clock,
  // which are over when they are heard of, `begins` is false without having been true.
  virtual void impaired(NodeId /*node*/, bool /*begins*/, Time /*at*/) {}

  // The run has come to its end without a violation so far.
  virtual void finish(Time /*at*/, EventId /*last*/, Objections& /*objections*/) {}
};

// How checks are known to scenarios, `ballast describe check` and the schema.
struct CheckInfo {
  std::string_view name;
  std::string_view summary;  // the property, as a sentence
  std::string_view source;   // where it is stated
  std::unique_ptr<Checker> (*make)(const Group& group) = nullptr;
};

// All checks of safety, by name, in a fixed order. A scenario that names none gets all of them: a
// check that hears none of its facts costs nothing and claims nothing.
std::span<const CheckInfo> checks();

}  // namespace ballast
