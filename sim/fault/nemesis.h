// The nemesis: turns a seed and a profile into an explicit schedule of faults. It knows the
// vocabulary, the size of the scenario's first group and the algorithm's patience, and nothing of
// what the run will do.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/fault/fault.h"
#include "sim/fault/profile.h"

namespace ballast {

// What the nemesis is let loose on.
struct Arena {
  std::uint32_t members = 1;  // of the first group, numbered from 1
  std::uint32_t servers = 1;  // all nodes but clients
  std::uint32_t clients = 0;
  Duration patience{1'000'000'000};
  Duration duration;                // faults begin within it
  std::vector<std::string> timers;  // of the first group's algorithm, by name
  bool forgets = false;             // that algorithm keeps nothing on disk
};

// The families that this seed has: each with the profile's chance, or one to three of them.
std::vector<Family> swarm(const Profile& profile, std::uint64_t seed);

// The schedule, sorted by time. Each family draws from a stream of its own, so that without one
// family all others strike as before.
std::vector<Fault> nemesis(const Profile& profile, const Arena& arena, std::uint64_t seed);

}  // namespace ballast
