// Runs event by event: what happened in one, in a line, and where two of them part.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/report/names.h"
#include "sim/scenario/run.h"

namespace ballast {

// One thing that happened, as a line: what, where, and what belongs to it.
struct Happening {
  EventId event;
  Time at;
  std::string node;
  std::string what;
  friend bool operator==(const Happening&, const Happening&) = default;
};
// "0.183117 s  event 14  n3  received RequestVote (term 1, ...) from n1"
std::string in_words(const Happening& happening);

// Keeps what happened during the events from `first` to `last`.
class Happenings final : public Recorder {
 public:
  Happenings(const Scenario& scenario, std::uint64_t first, std::uint64_t last);
  SightMask wants() const override { return all_sights; }
  void see(const Occurrence& seen, const World& world) override;
  void begin(const Scenario&, const World&) override {}
  void line(const HistoryLine&) override {}
  void sample(const Sample&) override {}

  const std::vector<Happening>& all() const { return all_; }

 private:
  Names names_;
  std::uint64_t first_;
  std::uint64_t last_;
  std::vector<Happening> all_;
};

// Everything that happened in one event of a run.
std::vector<Happening> happenings_of(const Scenario& scenario, std::uint64_t event);

// Where two runs part: what both show before, and then each for itself.
struct Parting {
  bool same = false;        // bit for bit
  std::uint64_t event = 0;  // the first in which they differ
  std::vector<Happening> before;
  std::vector<Happening> a;
  std::vector<Happening> b;
};
// The prefix hashes of both runs say about where; there they are compared event by event.
Parting parting(const Scenario& a, const Scenario& b, std::size_t context);

}  // namespace ballast
