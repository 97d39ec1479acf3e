// From a failing run to the least that fails in the same way: a scenario of a few lines that a
// person can read, and why each of them is there.
//
// The schedule is made explicit first: faults as they came about, the operations that clients
// began, the messages that the network lost, copied or delayed. Then things are taken away, in the
// order that pays (whole families of faults, nodes and clients, time after the violation, single
// faults, operations, the luck of messages, configuration, digits of times and values), again and
// again until nothing more goes. Every step is a complete scenario that was run strictly and
// violated the same property.
//
// The seed decides what is still left to chance, such as the lengths of timers. It stays as long as
// that leads to a few lines. Where it does not, other seeds are tried for the same schedule with
// something taken away: a mistake needs its faults, and not the luck of one run. And where faults
// choose their moment and victims, less of them is tried before they are bound to times and nodes;
// that schedule is the result if what became of it is longer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario/run.h"
#include "sim/scenario/scenario.h"

namespace ballast {

struct ShrinkOptions {
  std::uint32_t jobs = 1;               // runs at a time; 0 for as many as there are processors
  std::uint64_t milliseconds = 10'000;  // of wall time for the search; 0 for no bound
  const volatile int* interrupted = nullptr;
  bool explain = true;  // whether to say why each item is needed
};

// How much there is to read.
struct ScheduleSize {
  std::uint32_t nodes = 0;  // clients not counted
  std::uint32_t clients = 0;
  std::uint64_t faults = 0;
  std::uint64_t operations = 0;
  bool drawn = false;          // clients draw their operations: they count for one item
  std::uint64_t messages = 0;  // that the network lost, copied or was told to delay
  Duration duration;

  std::uint64_t items() const { return faults + operations + messages + (drawn ? 1 : 0); }
};

// What becomes of the run without one item.
//   holds      the property is not violated
//   violated   it still is. The items in `jointly` are needed only as long as this one is gone
//   another    another property is, which `property` names
struct Necessity {
  enum class Answer : std::uint8_t { holds, violated, another };
  std::string item;  // as the scenario has it
  Answer answer = Answer::holds;
  std::string property;
  std::vector<std::string> jointly;
};

struct Shrunk {
  // False if not even the explicit schedule violates the property: nothing was taken away then.
  bool reproduced = false;
  Scenario scenario;
  RunOutcome outcome;  // of the scenario
  ScheduleSize before;
  ScheduleSize after;
  std::uint64_t runs = 0;  // that were made one after the other; the same for any number of jobs
  std::uint64_t diverged = 0;  // of these violated another property
  bool complete = false;       // nothing more goes; false if the time was over before
  std::vector<Necessity> necessity;
};

// REQUIRES that the outcome is that of a run of `failing` and holds a violation. As long as time
// does not run out, the result is the same for any number of jobs.
Shrunk shrink(const Scenario& failing, const RunOutcome& outcome, const ShrinkOptions& options);

// Why each fault, operation and message of a scenario is needed, whether or not it was shrunk.
// REQUIRES the same as shrink().
std::vector<Necessity> necessity(const Scenario& failing, const RunOutcome& outcome,
                                 const ShrinkOptions& options);

// What was taken away, in sentences: the head of the shrunk scenario's file.
std::vector<std::string> remarks(const Shrunk& shrunk);
// "3 of 41 faults, 2 of 180 operations"
std::string in_words(const ScheduleSize& after, const ScheduleSize& before);

// Twelve hexadecimal digits that stand for what is violated and how: the property, which kinds of
// faults hit which groups, which operations and which fates of messages it takes; no times, no
// counts, no seed. Failures of different seeds with one mistake behind them mostly share it.
std::string failure_id(const std::string& property, const Scenario& shrunk);

}  // namespace ballast
