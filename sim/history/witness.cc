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
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const Operation& change = operation(changes_[i]);
      admit(first_return_[i]);
      look();
      // What had returned before this one was called must have seen the object already.
      const auto is_late = [&](std::uint32_t index) {
        return operation(index).returned < change.called;
      };
      if (std::any_of(open_.begin(), open_.end(), is_late)) return false;
      if (machine_.apply(change)) {
        order_.push_back(changes_[i]);
      } else if (change.known()) {
        return false;
      }  // else it was refused, and nobody heard of it
    }
    admit(Operation::never);
    look();
    return open_.empty();
  }
  std::vector<std::uint32_t> take() { return std::move(order_); }

 private:
  const Operation& operation(std::uint32_t index) const { return history_.operations[index]; }

  bool sort(const std::vector<std::uint32_t>& operations) {
    for (const std::uint32_t index : operations) {
      const Operation& op = operation(index);
      if (only_looks(op)) {
        if (op.known()) looks_.push_back(index);
      } else if (op.effect != Operation::never) {
        changes_.push_back(index);
      } else if (op.known()) {
        return false;
      }
    }
    std::stable_sort(changes_.begin(), changes_.end(), [this](std::uint32_t a, std::uint32_t b) {
      return operation(a).effect < operation(b).effect;
    });
    first_return_.resize(changes_.size());
    std::uint32_t first = Operation::never;
    for (std::size_t i = changes_.size(); i-- > 0;) {
      first = std::min(first, operation(changes_[i]).returned);
      first_return_[i] = first;
    }
    return true;
  }

  // Those that were called before any of the changes to come had returned.
  void admit(std::uint32_t before) {
    for (; next_ < looks_.size() && operation(looks_[next_]).called < before; ++next_) {
      open_.push_back(looks_[next_]);
    }
  }

  // Whatever can see the object as it is now does so, unless one that returned before has not yet.
  void look() {
    for (bool again = true; again;) {
      again = false;
      std::uint32_t first = Operation::never;
      for (const std::uint32_t index : open_) first = std::min(first, operation(index).returned);
      std::size_t kept = 0;
      for (const std::uint32_t index : open_) {
        const Operation& op = operation(index);
        if (op.called < first && machine_.apply(op)) {
          order_.push_back(index);
          again |= op.returned == first;
        } else {
          open_[kept++] = index;
        }
      }
      open_.resize(kept);
    }
  }

  const History& history_;
  Machine machine_;
  std::vector<std::uint32_t> changes_;       // in the order of the log
  std::vector<std::uint32_t> first_return_;  // of each change and those after it
  std::vector<std::uint32_t> looks_;         // by call
  std::size_t next_ = 0;                     // of these, the next to be admitted
  std::vector<std::uint32_t> open_;
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
