// Linearizability of a history (Herlihy and Wing, 1990), object by object: the property is local.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/history/operation.h"
#include "sim/history/search.h"
#include "sim/history/workers.h"

namespace ballast::history {

enum class Linearizability : std::uint8_t { yes, no, unknown };
constexpr auto enumerators(Linearizability) {
  return std::array<std::string_view, 3>{"linearizable", "not linearizable", "unknown"};
}

struct ObjectVerdict {
  std::uint32_t object = 0;
  Linearizability answer = Linearizability::unknown;
  std::vector<std::uint32_t> operations;  // on it, by call
  std::vector<std::uint32_t> witness;     // yes: a linearization, which was verified
  std::uint64_t nodes = 0;                // configurations that the search went through
};

// Judges a history a bit at a time. Objects are searched in turns, each turn twice as long as the
// last up to a bound, so that one hard object does not hide a bad one. Verdicts depend on the
// limits and on nothing else, not on how many workers there are: within a turn each object has an
// equal share of the memory that is left, and one that needs more is put off until the others are
// over, when it has all of it. The history must outlive it.
class LinearizabilityCheck {
 public:
  // `bytes` bounds the memory of the searches, `nodes` the configurations of each object; 0 for no
  // bound.
  struct Limits {
    std::uint64_t bytes = std::uint64_t{1} << 30;
    std::uint64_t nodes = 0;
  };

  LinearizabilityCheck(const History& history, Model model, Limits limits);
  ~LinearizabilityCheck();

  // Does some of the work, at least so many configurations; false once there is nothing left to do.
  bool advance(std::uint64_t nodes, Workers& workers);
  bool advance(std::uint64_t nodes) {
    Workers alone;
    return advance(nodes, alone);
  }
  void finish() {
    while (advance(std::uint64_t{1} << 20)) {
    }
  }

  Linearizability answer() const;
  const std::vector<ObjectVerdict>& objects() const { return verdicts_; }
  std::uint64_t nodes() const;
  std::uint64_t most_bytes() const { return most_bytes_; }  // of searches that were open at once

 private:
  struct Pending {
    std::uint32_t object = 0;
    std::unique_ptr<AnySearch> search;  // none before its first turn and once it is over
    std::uint64_t bytes = 0;            // of the search, when it had its last turn
    std::uint64_t peak = 0;             // in that turn
    std::uint64_t spent = 0;            // configurations of that turn
    bool over = false;
    bool starved = false;  // its share of the memory was not enough
  };
  // So many objects have their turns at once, however many workers there are.
  static constexpr std::size_t most_at_once = 64;
  static constexpr std::uint64_t most_patience = std::uint64_t{1} << 18;  // so that a wait can end

  class Turns;
  void conclude(std::uint32_t object, Answer answer, std::vector<std::uint32_t> witness,
                std::vector<std::uint8_t>& marks);
  bool accept(std::uint32_t object, std::vector<std::uint32_t> witness,
              std::vector<std::uint8_t>& marks);
  bool without_search(std::uint32_t object, std::vector<std::uint8_t>& marks);
  bool by_log(std::uint32_t object, std::vector<std::uint8_t>& marks);
  void turn(Pending& pending, std::uint64_t share, std::vector<std::uint8_t>& marks);
  std::uint64_t turns(Workers& workers);
  bool next_round();

  const History& history_;
  Model model_;
  Limits limits_;
  std::vector<ObjectVerdict> verdicts_;
  std::vector<Pending> pending_;
  std::vector<Pending> put_off_;
  std::size_t next_ = 0;           // whose turn it is
  std::uint64_t patience_ = 4096;  // configurations in this round of turns
  std::uint64_t held_bytes_ = 0;   // by the searches that are not over
  std::uint64_t most_bytes_ = 0;
  std::vector<std::vector<std::uint8_t>> marks_;  // by worker
  bool logged_ = false;                           // whether anything is known of a log
};

std::unique_ptr<AnySearch> make_search(const History& history, Model model,
                                       const std::vector<std::uint32_t>& operations,
                                       bool track = false);

// The operations without those that a search leaves out: unknown ones that nobody can observe.
std::vector<std::uint32_t> without_unobserved(const History& history, Model model,
                                              const std::vector<std::uint32_t>& operations);

// The operations on each object, by call.
std::vector<std::vector<std::uint32_t>> by_object(const History& history);

}  // namespace ballast::history
