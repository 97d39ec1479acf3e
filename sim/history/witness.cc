#include "sim/history/witness.h"

#include <algorithm>

#include "sim/history/machine.h"

namespace ballast::history {
namespace {

bool only_looks(const Operation& op) {
  return op.action == Action::read || op.outcome == Outcome::refused;
}

// Which of the operations that only look stand where the log has them.
enum class Looks : std::uint8_t { logged, none };

class LogOrder {
 public:
  LogOrder(const History& history, Model model)
      : history_(history), machine_(model, history.values) {}

  bool find(const std::vector<std::uint32_t>& operations, Looks by_log) {
    if (!collect(operations, by_log)) return false;
    order_.reserve(operations.size());
    for (std::size_t i = 0; i < placed_.size(); ++i) {
      if (i + ahead < placed_.size()) fetch(history_.operations[placed_[i + ahead].operation]);
      if (!looks_.empty()) look(first_return_[i]);
      if (!follow(placed_[i].operation)) return false;
    }
    look(Operation::never);
    return open_.empty();
  }
  std::vector<std::uint32_t> take() { return std::move(order_); }

 private:
  static constexpr std::size_t ahead = 32;
  struct Placed {
    std::uint32_t effect = 0;
    std::uint32_t operation = 0;
  };

  bool collect(const std::vector<std::uint32_t>& operations, Looks by_log) {
    placed_.reserve(operations.size());
    for (std::size_t i = 0; i < operations.size(); ++i) {
      look_ahead(history_, operations, i);
      const Operation& op = history_.operations[operations[i]];
      const bool looks = only_looks(op);
      if (op.effect != Operation::never && (!looks || by_log == Looks::logged)) {
        place({op.effect, operations[i]});
      } else if (op.known()) {
        if (!looks) return false;
        looks_.push_back(operations[i]);
      }
    }
    if (moves_ >= most_moves()) std::stable_sort(placed_.begin(), placed_.end(), earlier);
    if (!looks_.empty()) set_first_returns();
    return true;
  }

  void set_first_returns() {
    std::uint32_t first = Operation::never;
    first_return_.resize(placed_.size());
    for (std::size_t i = placed_.size(); i-- > 0;) {
      first = std::min(first, history_.operations[placed_[i].operation].returned);
      first_return_[i] = first;
    }
  }

  // By insertion, which is linear where clients call nearly in the order of the log. What is far
  // from that is left to a sort.
  void place(const Placed& one) {
    placed_.push_back(one);
    std::size_t at = placed_.size() - 1;
    for (; at > 0 && earlier(one, placed_[at - 1]) && moves_ < most_moves(); --at, ++moves_) {
      placed_[at] = placed_[at - 1];
    }
    placed_[at] = one;
  }
  static bool earlier(const Placed& a, const Placed& b) { return a.effect < b.effect; }
  std::uint64_t most_moves() const { return placed_.capacity() * 32; }

  // False if it contradicts what clients saw.
  bool follow(std::uint32_t operation) {
    const Operation& op = history_.operations[operation];
    // One that comes before it was called when this one had returned.
    if (op.returned < latest_call_) return false;
    // What had returned before this one was called must have seen the object already.
    if (earliest_ < op.called) return false;
    if (!machine_.apply(op)) return !op.known();  // it was refused, and nobody heard of it
    latest_call_ = std::max(latest_call_, op.called);
    order_.push_back(operation);
    return true;
  }

  // Whatever has no place in the log and can see the object as it is now does so: of what was
  // called before anything that is to come in the log had returned. By call, so that whatever
  // returned before one of them has had its turn.
  void look(std::uint32_t before) {
    earliest_ = Operation::never;
    const auto sees = [this](std::uint32_t operation) {
      const Operation& op = history_.operations[operation];
      if (op.called < earliest_ && machine_.apply(op)) {
        order_.push_back(operation);
        return true;
      }
      earliest_ = std::min(earliest_, op.returned);
      return false;
    };
    std::erase_if(open_, sees);
    for (; next_ < looks_.size(); ++next_) {
      look_ahead(history_, looks_, next_);
      if (history_.operations[looks_[next_]].called >= before) return;
      if (!sees(looks_[next_])) open_.push_back(looks_[next_]);
    }
  }

  const History& history_;
  Machine machine_;
  std::vector<Placed> placed_;  // in the order of the log
  std::uint64_t moves_ = 0;     // into that order
  std::uint32_t latest_call_ = 0;
  std::vector<std::uint32_t> looks_;           // that are to find a place, by call
  std::vector<std::uint32_t> first_return_;    // of what is placed there or later
  std::size_t next_ = 0;                       // of these, the next that may see the object
  std::vector<std::uint32_t> open_;            // that have not seen yet what they saw, by call
  std::uint32_t earliest_ = Operation::never;  // return of these
  std::vector<std::uint32_t> order_;
};

}  // namespace

std::optional<std::vector<std::uint32_t>> witness_by_log(
    const History& history, Model model, const std::vector<std::uint32_t>& operations) {
  for (const Looks by_log : {Looks::logged, Looks::none}) {
    LogOrder log(history, model);
    if (log.find(operations, by_log)) return log.take();
  }
  return std::nullopt;
}

}  // namespace ballast::history
