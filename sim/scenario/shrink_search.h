// The search behind shrink(): what is the best so far, and what is tried next.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "sim/scenario/shrink.h"
#include "sim/scenario/trials.h"

namespace ballast {

ScheduleSize size_of(const Scenario& scenario);

class ShrinkSearch {
 public:
  ShrinkSearch(const Scenario& failing, const RunOutcome& outcome, const ShrinkOptions& options);

  void search();
  void explain();
  Shrunk take() { return std::move(result_); }

 private:
  // What came of a candidate. Only `same` is accepted.
  enum class Answer : std::uint8_t { untried, unfit, clean, diverged, same };
  struct Trial {
    Answer answer = Answer::untried;
    std::uint64_t events = 0;
    Scenario scenario;
    RunOutcome outcome;
  };
  using Candidate = std::function<std::optional<Scenario>(std::size_t)>;
  struct Found {
    Scenario scenario;
    RunOutcome outcome;
  };
  // Of the items of a list, those that stay.
  using Subset = std::function<std::optional<Scenario>(const std::vector<bool>&)>;

  Trial judge(std::optional<Scenario> candidate) const;
  // Adopts the first of `count` candidates that violates the property, and says which it was.
  std::optional<std::size_t> attempt(std::size_t count, const Candidate& candidate);
  bool attempt(Scenario candidate);
  // Changes a copy of the best and tries it.
  template <class Change>
  bool attempt_change(const Change& change) {
    Scenario candidate = result_.scenario;
    change(candidate);
    return attempt(std::move(candidate));
  }
  void minimize(std::size_t count, const Subset& subset);
  Found keep() const { return {result_.scenario, result_.outcome}; }
  void adopt(Found found) {
    result_.scenario = std::move(found.scenario);
    result_.outcome = std::move(found.outcome);
  }
  void tally(const std::vector<Trial>& trials, std::size_t count);

  void descend();
  void settle();
  void resample();
  void halve();
  void hasten();
  bool make_explicit();
  void drop_checks();
  void rounds();
  void one_round();
  void drop_fault_families();
  void drop_nodes();
  void drop_clients();
  void truncate();
  void drop_faults();
  void drop_operations();
  void drop_operations_in_order(std::uint64_t order);
  void drop_messages();
  void drop_pairs();
  std::uint64_t items() const { return size_of(result_.scenario).items(); }
  // shrink_world.cc
  void script_operations();
  void calm_network();
  void pin_messages();
  bool pin(const std::function<void(NetworkSpec&)>& calm);
  void reset_parts();
  void reset_configs();
  void simplify_values();
  void round_times();

  ShrinkOptions options_;
  Trials trials_;
  std::string property_;
  std::string sentence_;     // of a rule of the algorithm's own, where the property says too little
  std::uint64_t seeds_ = 1;  // how many are tried for what takes pieces away
  std::uint64_t spent_ = 0;  // events of all trials
  static constexpr std::uint64_t no_limit = ~std::uint64_t{0};
  std::uint64_t limit_ = no_limit;
  Shrunk result_;
};

// What is in a network that is left to chance, and what there would be instead.
std::vector<MessageSpec> fates_in(const Scenario& scenario, bool delays);
// The operations that clients began in a run.
std::vector<ScriptedOperation> operations_in(const Scenario& scenario);

}  // namespace ballast
