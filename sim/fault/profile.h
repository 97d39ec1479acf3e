// How much misfortune a sweep draws, and of what kinds: the nemesis's instructions. Read from JSON;
// those that come with the tool are in sim/fault/profiles/.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/problems.h"
#include "sim/base/ratio.h"
#include "sim/base/type_info.h"

namespace ballast {

// What a run may suffer from; in each run whole families are left out (swarm testing: Groce et al.,
// "Swarm Testing", ISSTA 2012). The last three leave the fault model that consensus algorithms are
// made for.
//   partition   the network falls apart: halves, minorities, single nodes
//   one_way     links that carry one direction only
//   partial     partitions that leave everybody connected to somebody: bridges, rings, stars
//   flapping    links that come and go
//   delay       slow links and spikes
//   loss        lost messages, one by one and in bursts
//   duplicate   messages that arrive twice, or again much later
//   reorder     messages that overtake each other
//   clog        links that stand still and then deliver all at once
//   bandwidth   thin links with short queues
//   crash       nodes that lose their memory, one, several or all, and come back or not
//   torn        crashes in the midst of a write
//   pause       nodes that stand still
//   slow        nodes and disks that take their time
//   disk        full disks, failing writes, decay that the node notices, within a minority
//   clock       clocks that jump, drift, swing and stop, and late timers
//   leadership  elections out of turn
//   load        bursts of requests
//   client      clients that crash or ask twice
//   ambush      what strikes at telling moments: an entry is not committed yet, two lead at once
//   amnesia     disks that are lost, or go back in time
//   lies        disks that claim to have written
//   corruption  messages and records that change unnoticed
enum class Family : std::uint8_t {
  partition,
  one_way,
  partial,
  flapping,
  delay,
  loss,
  duplicate,
  reorder,
  clog,
  bandwidth,
  crash,
  torn,
  pause,
  slow,
  disk,
  clock,
  leadership,
  load,
  client,
  ambush,
  amnesia,
  lies,
  corruption
};
constexpr auto enumerators(Family) {
  return std::array<std::string_view, 23>{
      "partition",  "one_way",   "partial", "flapping", "delay",   "loss", "duplicate", "reorder",
      "clog",       "bandwidth", "crash",   "torn",     "pause",   "slow", "disk",      "clock",
      "leadership", "load",      "client",  "ambush",   "amnesia", "lies", "corruption"};
}
constexpr bool is_outside_model(Family family) { return family >= Family::amnesia; }

// Multiples of an algorithm's patience: the time after which it acts because it heard nothing.
struct Multiples {
  Ratio min{1, 1};
  Ratio max{1, 1};
  std::string problem() const;
  static constexpr std::string_view name = "multiples";
  static constexpr auto fields =
      Fields{field("min", &Multiples::min, "The least.").at_most(1'000'000),
             field("max", &Multiples::max, "The most.").at_most(1'000'000)};
};

struct Profile {
  std::string title;
  std::string description;
  std::vector<Family> families;
  Ratio chance{1, 2};
  Ratio few{1, 4};
  Ratio ambushes{1, 2};
  Multiples gap{{1, 1}, {20, 1}};
  Multiples dwell{{1, 10}, {10, 1}};
  Ratio endless{1, 16};
  Ratio targeted{1, 2};
  Ratio knobs{1, 2};
  Ratio network{1, 2};
  Ratio untimed{0, 1};
  Ratio shorter{0, 1};
  Ratio all_down{1, 8};
  std::uint32_t liveness = 200;
  static constexpr std::string_view name = "profile";
  static constexpr std::string_view doc =
      "How much misfortune each run of a sweep draws, and of what kinds. Times are in multiples of "
      "the patience of the algorithm: the time after which it acts because it heard nothing, such "
      "as Raft's longest election timeout.";
  static constexpr auto fields = Fields{
      field("name", &Profile::title, "What it is called.").needed(),
      field("description", &Profile::description, "What it is for."),
      field("families", &Profile::families,
            "The kinds of faults that a run may have. amnesia, lies and corruption leave the fault "
            "model: safety is then judged all the same, liveness is waived, and the verdict says "
            "so."),
      field("chance", &Profile::chance, "How likely a run has each of them."),
      field("few", &Profile::few,
            "The share of runs that have one to three of them instead, whatever `chance` says."),
      field("ambushes", &Profile::ambushes,
            "The share of runs with ambushes besides, where `families` names them: they make much "
            "of whatever else goes wrong."),
      field("gap", &Profile::gap,
            "The mean time without a fault of a family, drawn once for each run and family, evenly "
            "over orders of magnitude."),
      field("dwell", &Profile::dwell, "How long a fault lasts, drawn likewise."),
      field("endless", &Profile::endless,
            "The share of faults that nothing ends: no heal, no restart."),
      field("targeted", &Profile::targeted,
            "The share of faults that choose their victim by its role: the leader, a candidate, a "
            "node with writes under way, the one with the shortest log."),
      field("knobs", &Profile::knobs,
            "The share of runs whose algorithms' own options (timeouts, batch sizes) are drawn "
            "too."),
      field("network", &Profile::network,
            "The share of runs whose delays, loss and duplicates are drawn too."),
      field(
          "untimed", &Profile::untimed,
          "The share of runs in which each message takes a time of its own, evenly over orders "
          "of magnitude up to the patience: whatever is under way may be delivered next, a random "
          "walk."),
      field("shorter", &Profile::shorter,
            "The share of runs that end before the scenario's duration is over, at a time drawn "
            "evenly over orders of magnitude from twice the patience on; never before the last of "
            "the scenario's own faults is to end. Runs without clients, those that are measured "
            "(`statistics`), whose clients follow a script, a curve or a record, or whose "
            "availability is judged while faults stand, are as long as the scenario says."),
      field("all_down", &Profile::all_down,
            "The share of crashes that may take down a majority or all at once; the others keep a "
            "majority up."),
      field("liveness", &Profile::liveness,
            "After the faults: how long, in multiples of patience, a healed quorum may go without "
            "progress; 0 not to ask.")};
};

// The profiles that come with the tool, by name: JSON texts.
struct NamedProfile {
  std::string_view name;
  std::string_view text;
};
std::vector<NamedProfile> built_in_profiles();

}  // namespace ballast
