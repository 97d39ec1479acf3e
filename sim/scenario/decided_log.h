// The order in which a group decided what clients asked: the log that its nodes agree on, as they
// state it, or where there is no log the order in which they execute.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/check/digest_set.h"
#include "sim/check/linearizable.h"
#include "sim/load/history.h"
#include "sim/protocol/fact.h"
#include "sim/protocol/request.h"

namespace ballast {

// Of what is decided only digests are known. An algorithm whose values are requests states the
// digest of the request, by which it is found again; of others there is nothing to find.
class DecidedLog {
 public:
  void decide(const Decided& decided) {
    const std::uint64_t slot = decided.slot.value;
    if (slot == 0 || slot > values_.size() + most_ahead) return;
    if (slot > values_.size()) values_.resize(slot);
    if (values_[slot - 1] == 0) values_[slot - 1] = decided.value.value;
  }

  // All replicas execute what interferes in one order (Moraru, Andersen and Kaminsky, 2013, 4.2),
  // so that whoever is ahead says what comes next, for each key.
  void execute(const InstanceExecuted& executed) {
    if (executed_.contains(executed.value)) return;
    executed_.insert(executed.value);
    values_.push_back(executed.value.value);
  }

  // Where to find each request; a request that was decided twice took effect the first time.
  class Places {
   public:
    // 0 if it was never decided.
    std::uint64_t slot_of(const ClientOperation& op) const {
      if (slots_.empty()) return 0;
      const Request request{op.request, {op.operation, op.key, op.value, op.expected, 0}};
      const std::uint64_t value = digest(request);
      const auto found =
          std::lower_bound(slots_.begin(), slots_.end(), std::pair(value, std::uint64_t{0}));
      return found == slots_.end() || found->first != value ? 0 : found->second;
    }

   private:
    friend class DecidedLog;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> slots_;  // value, slot
  };
  Places places() const {
    Places places;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (values_[i] != 0) places.slots_.emplace_back(values_[i], i + 1);
    }
    std::stable_sort(places.slots_.begin(), places.slots_.end());
    return places;
  }

 private:
  static constexpr std::uint64_t most_ahead = 1'000'000;  // of slots that nobody has decided yet
  std::vector<std::uint64_t> values_;                     // by slot, or in the order of execution
  DigestSet executed_;
};

// A request that comes after a later one of its session changes nothing (Ongaro, 2014, 6.3), so
// that one whose outcome is unknown has no place in the log then.
void pass_over_late(std::vector<SeenOperation>& operations);

}  // namespace ballast
