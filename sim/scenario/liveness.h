// The second phase of a run: what has to be healed before progress may be asked for, and what it
// means if there is none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/fault/director.h"
#include "sim/kernel/world.h"
#include "sim/scenario/scenario.h"

namespace ballast {

// The nodes that are healed. Healing all would hide what a cut-off node does to the others (it may
// go on sending, and force elections), so that the core is any quorum, by chance.
struct Core {
  std::vector<NodeId> nodes;  // ascending, clients included
  std::string excuse;         // why there is none
};

// Whether somebody has asked for other members of a group: it may be done at any time from then on,
// before a node has said so, and no others may be enough for it.
bool asked_for_members(const Scenario& scenario, const std::vector<FiredFault>& fired);

// What says besides decisions that nodes work off what piled up.
constexpr FactMask work_done = facts<Appended, InstanceCommitted>();

// A random quorum of each group, by size and by members, of nodes that can start; or `everyone` who
// can, where algorithms have changed who is a quorum.
Core choose_core(const Scenario& scenario, const World& world, bool everyone = false);

// Restarts, resumes and reconnects the core, and lifts every condition within it. Of the others,
// the first so many nodes being servers, those that may meddle are reconnected with the clients;
// unless they may they are cut off from the core.
void heal(const std::vector<NodeId>& core, std::uint32_t servers, bool may_meddle, World& world);
// When all has arrived that fifo links within the core have taken, or now: a thin one may have
// taken what it needs minutes for, and what is sent now has to wait for that.
Time clear_from(const std::vector<NodeId>& core, const World& world);

// Until when an answer is waited for: for a time of this length from `clear` on, again after each
// sign of progress, and where messages are lost until enough has been asked, but not for ever.
class Patience {
 public:
  Patience(Time healed, Time clear, Duration budget, bool lossy)
      : budget_(budget),
        last_answer_(healed),
        deadline_(saturating_add(clear, budget)),
        latest_(saturating_add(deadline_, budget * 19)),
        lossy_(lossy) {}
  Time deadline() const { return deadline_; }
  Time last_answer() const { return last_answer_; }
  // From then to the deadline, in whole milliseconds: what is drawn has nine digits.
  Duration silence() const { return {(deadline_ - last_answer_).ns / 1'000'000 * 1'000'000}; }
  void renew(Time now) { deadline_ = std::min(saturating_add(now, budget_), latest_); }
  // An answer has come, when so many operations had been begun.
  void answered(Time now, std::uint64_t asked) {
    last_answer_ = now;
    asked_ = asked;
  }
  // At the deadline, so many operations having been begun: whether it was put off.
  bool puts_off(std::uint64_t asked) {
    if (!too_few(asked) || deadline_ >= latest_) return false;
    renew(deadline_);
    return true;
  }
  // Whether it may be chance that none of them was answered since the last that was.
  bool too_few(std::uint64_t asked) const { return lossy_ && asked - asked_ < enough; }

 private:
  // That none of these is answered happens once in 5,600 times if each is sent once and half of all
  // messages are lost.
  static constexpr std::uint64_t enough = 30;
  Duration budget_;
  Time last_answer_;
  std::uint64_t asked_ = 0;
  Time deadline_;
  Time latest_;
  bool lossy_;
};

// Makes clients ask so many times less often than the scenario says.
void calm(std::uint32_t servers, std::uint64_t times, World& world);
bool may_meddle(const Scenario& scenario);

// Whether a majority of the first group is up and not paused, all its members reach each other both
// ways, and so do one of the clients and each of them.
bool has_connected_majority(const Scenario& scenario, const World& world);

// Watches for shapes of the world that come again while there is no progress.
class Circles {
 public:
  void look(const World& world, std::uint32_t servers);
  // What it has seen, as a sentence.
  std::string verdict() const;

 private:
  static constexpr std::size_t most_kept = 1 << 16;
  std::map<std::uint64_t, std::uint64_t> seen_;  // how often the world came into this shape
  std::uint64_t last_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace ballast
