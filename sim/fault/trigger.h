// When a fault strikes, if not at a time of its own: again and again, when something happens, or
// after another fault.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/fault/selector.h"
#include "sim/fault/standing.h"

namespace ballast {

// What a fault can lie in wait for. The first nine are what nodes do, as traces name it; the others
// begin to hold, in the scenario's first group, by what its nodes have stated.
//   uncommitted   the leader's log holds an entry that it has not committed
//   leaderless    nobody leads any more
//   two_leaders   two nodes lead, in different terms
//   candidates    two nodes stand for election at once
enum class Cue : std::uint8_t {
  booted,
  received,
  fired,
  persisted,
  stated,
  sent,
  dropped,
  flushed,
  crashed,
  uncommitted,
  leaderless,
  two_leaders,
  candidates
};
constexpr auto enumerators(Cue) {
  return std::array<std::string_view, 13>{
      "booted",  "received", "fired",       "persisted",  "stated",      "sent",      "dropped",
      "flushed", "crashed",  "uncommitted", "leaderless", "two_leaders", "candidates"};
}

struct When {
  Cue what = Cue::stated;
  std::string of;
  std::optional<Selector> node;
  std::uint64_t nth = 1;
  bool repeated = false;
  static constexpr std::string_view name = "when";
  static constexpr std::string_view doc =
      "Something that happens, or begins to hold, from `at` on. The fault strikes right after that "
      "event: before any other, and before anything is flushed that takes time.";
  static constexpr auto fields = Fields{
      field("what", &When::what, "What happens; may stand alone instead of the object.").needed(),
      field("of", &When::of,
            "Only this message (received, sent, dropped), timer (fired), record (persisted) or "
            "fact (stated); unless given, any."),
      field("node", &When::node, "Only at these nodes: the sender, for what is sent or dropped."),
      field("nth", &When::nth, "The how-manieth time, from 1.").at_least(1),
      field("repeated", &When::repeated, "Every nth time instead of the nth time alone.")};
};

// The two ends of a fault that another one may follow.
enum class FaultEnd : std::uint8_t { end, start };
constexpr auto enumerators(FaultEnd) { return std::array<std::string_view, 2>{"end", "start"}; }

struct After {
  std::string fault;
  FaultEnd point = FaultEnd::end;
  static constexpr std::string_view name = "after";
  static constexpr std::string_view doc = "Follows another fault, each time that it strikes.";
  static constexpr auto fields =
      Fields{field("fault", &After::fault, "The \"id\" of that fault; may stand alone.").needed(),
             field("point", &After::point, "Whether it follows that one's end or its start.")};
};

// Whether the selector means this node now; for a role that is chosen by lot, whether it could.
bool means(const Selector& selector, NodeId node, const std::vector<Group>& groups,
           const Standing& standing);

// One fault's lying in wait. A value.
class Ambush {
 public:
  Ambush(When when, Time from) : when_(std::move(when)), from_(from) {}

  SightMask sights() const;
  FactMask facts() const;
  // Whether this is the moment. The standing has heard the fact already.
  bool see(const Occurrence& seen, const World& world, const std::vector<Group>& groups,
           const Standing& standing);

 private:
  bool is_event() const { return when_.what < Cue::uncommitted; }
  bool holds(const std::vector<NodeId>& members, const Standing& standing) const;
  std::string_view subject(const Occurrence& seen, const World& world) const;

  When when_;
  Time from_;
  std::uint64_t count_ = 0;
  bool held_ = false;  // a state, when it was last looked at
};

}  // namespace ballast
