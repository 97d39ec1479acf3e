// A node that writes and says so, and one that listens: what is heard must be durable.
#pragma once

#include <utility>
#include <vector>

#include "tests/fault/play.h"

namespace ballast {

// Every 10 ms n1 writes `batch` records, numbered through from 1, and tells n2 the number of the
// last one. After a crash it goes on from the last record that it has recovered.
inline std::vector<Puppet::Config> writers(std::uint64_t batch = 1) {
  std::vector<Puppet::Config> puppets(6);
  puppets[0].start = [](Puppet& self, Step<Puppet>& step) {
    self.count = self.recovered.empty() ? 0 : self.recovered.back();
    step.set_timer(Bell::first, 10_ms);
  };
  puppets[0].bell = [batch](Puppet& self, Bell, Step<Puppet>& step) {
    for (std::uint64_t i = 0; i < batch; ++i) step.persist(Kept{++self.count});
    step.send(n2, Note{self.count});
    step.set_timer(Bell::first, 10_ms);
  };
  puppets[1].note = [](Puppet& self, NodeId, std::uint64_t number, Step<Puppet>&) {
    self.count = std::max(self.count, number);
  };
  return puppets;
}

inline std::vector<std::uint64_t> up_to(std::uint64_t last) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = 1; i <= last; ++i) numbers.push_back(i);
  return numbers;
}

// A play in which n1 writes and n2 hears of it.
class Writing {
 public:
  explicit Writing(std::vector<Fault> schedule, std::uint64_t seed = 1, std::uint64_t batch = 1,
                   Distribution flush = Distribution::constant({}))
      : play(std::move(schedule), seed, writers(batch), std::move(flush)) {}

  void run_until(Duration end) { play.run_until(end); }
  // The number of the last record that n2 has heard of.
  std::uint64_t heard() const { return play.stage.puppet(n2).count; }
  // What n1 found when it last started.
  const std::vector<std::uint64_t>& recovered() const { return play.stage.puppet(n1).recovered; }
  World& world() { return play.world(); }
  const NodeMisfortunes& acted() { return world().counters().misfortunes; }
  const FiredFault& fired(std::size_t i = 0) const { return play.director.fired().at(i); }

  Play play;
};

}  // namespace ballast
