// Shrinking while the schedule may still choose.
#include <algorithm>

#include "sim/scenario/shrink_search.h"

namespace ballast {
namespace {

constexpr std::uint64_t many_other_seeds = 64;

}  // namespace

// Faults that choose their moment and their victims: as long as they may, less of them fails as
// well on another day. Once they are bound to times and nodes, hardly anything can go without
// moving the rest.
void ShrinkSearch::resample() {
  drop_checks();
  seeds_ = many_other_seeds;
  hasten();
  truncate();
  halve();
  drop_fault_families();
  drop_faults();
  hasten();
  truncate();
  halve();
  reset_parts();
  reset_configs();
  round_times();
  seeds_ = 1;
}

// The first fault at once, and the others as long after it as they were.
void ShrinkSearch::hasten() {
  const Scenario base = result_.scenario;
  if (base.faults.empty()) return;
  Time first = base.faults.front().at;
  for (const Fault& fault : base.faults) first = std::min(first, fault.at);
  if (first == Time{}) return;
  attempt(seeds_, [&](std::size_t i) -> std::optional<Scenario> {
    Scenario s = base;
    s.seed += i;
    for (Fault& fault : s.faults) fault.at = Time{} + (fault.at - first);
    return s;
  });
}

void ShrinkSearch::halve() {
  for (bool shorter = true; shorter;) {
    const Scenario base = result_.scenario;
    shorter = attempt(seeds_, [&](std::size_t i) -> std::optional<Scenario> {
                Scenario s = base;
                s.seed += i;
                s.end_at({base.duration.ns / 3 * 2 + 1});
                if (s.duration == base.duration) return std::nullopt;
                return s;
              }).has_value();
  }
}

}  // namespace ballast
