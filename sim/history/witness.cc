#include "sim/history/witness.h"

#include <algorithm>

#include "sim/history/machine.h"

namespace ballast::history {
namespace {

bool only_looks(const Operation& op) {
  return op.action == Action::read || op.outcome == Outcome::refused;
}

class LogOrder {
 public:
  LogOrder(const History& history, Model model)
      : history_(history), machine_(model, history.values) {}

  bool find(const std::vector<std::uint32_t>& operations) {
    if (!sort(operations)) return false;
    constexpr std::size_t ahead = 12;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const Change& change = changes_[i];
      if (i + ahead < changes_.size()) fetch(history_.operations[changes_[i + ahead].operation]);
      admit(change.first_return);
      look();
      // What had returned before this one was called must have seen the object already.
      if (earliest_ < change.called) return false;
      if (machine_.apply(history_.operations[change.operation])) {
        order_.push_back(change.operation);
      } else if (change.returned != Operation::never) {
        return false;
      }  // else it was refused, and nobody heard of it
    }
    admit(Operation::never);
    look();
    return open_.empty();
  }
  std::vector<std::uint32_t> take() { return std::move(order_); }

 private:
  struct Look {
    std::uint32_t operation = 0;
    std::uint32_t called = 0;
    std::uint32_t returned = 0;
  };
  struct Change {
    std::uint32_t effect = 0;
    std::uint32_t operation = 0;
    std::uint32_t called = 0;
    std::uint32_t returned = 0;
    std::uint32_t first_return = 0;  // of this one and those after it
  };

  bool sort(const std::vector<std::uint32_t>& operations) {
    order_.reserve(operations.size());
    changes_.reserve(operations.size());
    looks_.reserve(operations.size());
    for (std::size_t i = 0; i < operations.size(); ++i) {
      look_ahead(history_, operations, i);
      const std::uint32_t index = operations[i];
      const Operation& op = history_.operations[index];
      if (only_looks(op)) {
        if (op.known()) looks_.push_back({index, op.called, op.returned});
      } else if (op.effect != Operation::never) {
        changes_.push_back({op.effect, index, op.called, op.returned, op.returned});
      } else if (op.known()) {
        return false;
      }
    }
    std::stable_sort(changes_.begin(), changes_.end(),
                     [](const Change& a, const Change& b) { return a.effect < b.effect; });
    std::uint32_t first = Operation::never;
    for (std::size_t i = changes_.size(); i-- > 0;) {
      changes_[i].first_return = first = std::min(first, changes_[i].returned);
    }
    return true;
  }

  // Those that were called before any of the changes to come had returned.
  void admit(std::uint32_t before) {
    for (; next_ < looks_.size() && looks_[next_].called < before; ++next_) {
      open_.push_back(looks_[next_]);
      earliest_ = std::min(earliest_, looks_[next_].returned);
      fetch(history_.operations[looks_[next_].operation]);
    }
  }

  // Whatever can see the object as it is now does so, unless one that returned before has not yet.
  void look() {
    for (bool again = !open_.empty(); again;) {
      const std::uint32_t first = earliest_;
      earliest_ = Operation::never;
      std::size_t kept = 0;
      for (const Look& each : open_) {
        if (each.called < first && machine_.apply(history_.operations[each.operation])) {
          order_.push_back(each.operation);
        } else {
          earliest_ = std::min(earliest_, each.returned);
          open_[kept++] = each;
        }
      }
      open_.resize(kept);
      again = earliest_ > first && kept > 0;
    }
  }

  const History& history_;
  Machine machine_;
  std::vector<Change> changes_;  // in the order of the log
  std::vector<Look> looks_;      // by call
  std::size_t next_ = 0;         // of these, the next to be admitted
  std::vector<Look> open_;
  std::uint32_t earliest_ = Operation::never;  // return of these
  std::vector<std::uint32_t> order_;
};

}  // namespace

std::optional<std::vector<std::uint32_t>> witness_by_log(
    const History& history, Model model, const std::vector<std::uint32_t>& operations) {
  LogOrder log(history, model);
  if (!log.find(operations)) return std::nullopt;
  return log.take();
}

}  // namespace ballast::history
