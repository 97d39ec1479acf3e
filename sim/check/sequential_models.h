// What each kind of state machine does when it is used by one client after the other: what a
// history must be equivalent to. A model says how one operation changes the state, or that it
// cannot have returned there what it returned.
//
//   State              the machine of one key; as constructed before anything happened
//   is_pure(op)        whether it changes nothing, wherever it is possible
//   apply(op, state)   false if the operation is not possible in this state, or, where its result
//   is
//                      not known, would change nothing there
//   Order              what else is known of the order of the operations, from all of them:
//     may_go(op, waiting)  whether `op` may take effect while `waiting`, which is open, has not
//     may_wait(op)         whether it may as well take effect only when it returns
//   drop(operations)   removes those of unknown outcome that may as well not have happened
//   say(op)            the operation and what it returned, for people
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/check/linearizable.h"

namespace ballast::models {

using Operations = std::vector<const SeenOperation*>;

struct AnyOrder {
  explicit AnyOrder(const Operations&) {}
  static bool may_go(const SeenOperation&, const SeenOperation&) { return true; }
  static bool may_wait(const SeenOperation&) { return false; }
};

inline std::string text_of(std::int64_t value) {
  return value == 0 ? "nothing" : std::to_string(value);
}
// "a read of key 3 that ended at 1.2s"
inline std::string text_of(const SeenOperation& op, const std::string& what) {
  return what + " key " + std::to_string(op.key) + " that ended at " + to_text(op.returned);
}
// A read whose client does not know its result says nothing.
inline void drop_unknown_reads(Operations& operations) {
  std::erase_if(operations, [](const SeenOperation* op) {
    return !op->known && op->operation == Operation::read;
  });
}

struct Register {
  using State = std::int64_t;
  using Order = AnyOrder;

  // A cas that did not write, or a delete that found nothing.
  static bool is_refused(const SeenOperation& op) {
    return (op.operation == Operation::cas || op.operation == Operation::delete_) && op.known &&
           op.result == 0;
  }
  static bool is_pure(const SeenOperation& op) {
    return op.operation == Operation::read || is_refused(op);
  }
  static std::int64_t written(const SeenOperation& op) {
    return op.operation == Operation::delete_ ? 0 : op.value;
  }

  static bool apply(const SeenOperation& op, State& state) {
    if (op.operation == Operation::read) return state == op.result;
    if (op.operation == Operation::cas) {
      if (is_refused(op)) return state != op.expected;
      if (state != op.expected) return false;
    }
    if (op.operation == Operation::delete_) {
      if (is_refused(op)) return state == 0;
      if (state == 0) return false;
    }
    state = written(op);
    return true;
  }

  // A write of unknown outcome whose value nobody asks about may as well not have happened, unless
  // something refused observed that the register held something else.
  static void drop(Operations& operations) {
    drop_unknown_reads(operations);
    std::set<std::int64_t> observed;
    bool others = false;
    for (const SeenOperation* op : operations) {
      if (op->operation == Operation::read) observed.insert(op->result);
      if (op->operation == Operation::cas) observed.insert(op->expected);
      others |= is_refused(*op) || (op->operation == Operation::delete_ && op->known);
    }
    std::erase_if(operations, [&](const SeenOperation* op) {
      return !op->known && !others && !observed.contains(written(*op));
    });
  }

  static std::string say(const SeenOperation& op) {
    if (op.operation == Operation::read) {
      return text_of(op, "a read of") + " returned " + text_of(op.result);
    }
    if (op.operation == Operation::delete_) {
      return text_of(op, "a delete of") + (op.result != 0 ? " deleted it" : " found nothing");
    }
    if (op.operation == Operation::write) {
      return text_of(op, "a write of " + std::to_string(op.value) + " to");
    }
    return "cas of key " + std::to_string(op.key) + " from " + text_of(op.expected) + " to " +
           std::to_string(op.value) + (op.result != 0 ? " wrote" : " was refused") + " at " +
           to_text(op.returned);
  }
};

struct Counter {
  using State = std::int64_t;
  using Order = AnyOrder;

  static bool is_pure(const SeenOperation& op) { return op.operation == Operation::read; }
  static bool apply(const SeenOperation& op, State& state) {
    if (op.operation == Operation::add) {
      // Unsigned, so that a sum of whatever values wraps around, as the machine's does.
      state = static_cast<std::int64_t>(static_cast<std::uint64_t>(state) +
                                        static_cast<std::uint64_t>(op.value));
    }
    return !op.known || state == op.result;
  }
  static void drop(Operations& operations) { drop_unknown_reads(operations); }
  static std::string say(const SeenOperation& op) {
    const std::string what = op.operation == Operation::read
                                 ? "a read of"
                                 : "an addition of " + std::to_string(op.value) + " to";
    return text_of(op, what) + " returned " + std::to_string(op.result);
  }
};

struct Queue {
  using State = std::vector<std::int64_t>;  // the next to be taken out is first

  // Where each value is put in once, the order in which values came out is the one in which they
  // were put in; and one that nobody is known to have taken out can wait, for it can only be in the
  // way. Without this, values that are put in side by side would be tried in every order.
  class Order {
   public:
    explicit Order(const Operations& operations) {
      std::set<std::int64_t> put_in;
      for (const SeenOperation* op : operations) {
        if (op->operation == Operation::enqueue) {
          unique_ = put_in.insert(op->value).second && unique_;
        } else if (op->known) {
          taken_out_.emplace(op->result, op);
        }
      }
    }
    bool may_go(const SeenOperation& op, const SeenOperation& waiting) const {
      const SeenOperation* own = taken_out(op);
      const SeenOperation* other = taken_out(waiting);
      return own == nullptr || other == nullptr || other->returned >= own->invoked;
    }
    bool may_wait(const SeenOperation& op) const {
      return unique_ && op.operation == Operation::enqueue && !taken_out_.contains(op.value);
    }

   private:
    // The dequeue that returned what this put in; null if there is none, or more than one value.
    const SeenOperation* taken_out(const SeenOperation& op) const {
      if (!unique_ || op.operation != Operation::enqueue) return nullptr;
      const auto found = taken_out_.find(op.value);
      return found == taken_out_.end() ? nullptr : found->second;
    }

    bool unique_ = true;
    std::map<std::int64_t, const SeenOperation*> taken_out_;
  };

  static bool is_pure(const SeenOperation& op) {
    return op.operation == Operation::dequeue && op.known && op.result == 0;
  }
  static bool apply(const SeenOperation& op, State& state) {
    if (op.operation == Operation::enqueue) {
      state.push_back(op.value);
      return true;
    }
    if (is_pure(op)) return state.empty();
    if (state.empty() || (op.known && state.front() != op.result)) return false;
    state.erase(state.begin());
    return true;
  }
  // What was enqueued with unknown outcome and never taken out by anybody who knows it may as well
  // not have been enqueued: without it every queue is the same but for it.
  static void drop(Operations& operations) {
    std::set<std::int64_t> taken;
    for (const SeenOperation* op : operations) {
      if (op->operation == Operation::dequeue && op->known) taken.insert(op->result);
    }
    std::erase_if(operations, [&](const SeenOperation* op) {
      return !op->known && op->operation == Operation::enqueue && !taken.contains(op->value);
    });
  }
  static std::string say(const SeenOperation& op) {
    if (op.operation == Operation::enqueue) {
      return text_of(op, "an enqueue of " + std::to_string(op.value) + " to");
    }
    return text_of(op, "a dequeue of") + " returned " + text_of(op.result);
  }
};

struct Lock {
  struct State {
    std::uint64_t holder = 0;  // 0: nobody
    std::int64_t token = 0;    // the last one given out
    friend auto operator<=>(const State&, const State&) = default;
  };
  using Order = AnyOrder;

  static std::uint64_t who(const SeenOperation& op) {
    return static_cast<std::uint64_t>(op.client.value) << 32 | op.session;
  }
  static bool is_pure(const SeenOperation& op) { return op.known && op.result == 0; }
  static bool apply(const SeenOperation& op, State& state) {
    if (op.operation == Operation::release) {
      const bool holds = state.holder == who(op);
      if (is_pure(op)) return !holds;
      if (holds) state.holder = 0;
      return holds;
    }
    if (is_pure(op)) return state.holder != 0 && state.holder != who(op);
    if (op.known && state.holder == who(op)) return state.token == op.result;
    if (state.holder != 0) return false;
    state.holder = who(op);
    ++state.token;
    return !op.known || state.token == op.result;
  }
  static void drop(Operations&) {}
  static std::string say(const SeenOperation& op) {
    if (op.operation == Operation::release) {
      return text_of(op, "a release of") + (op.result != 0 ? " was granted" : " was refused");
    }
    return text_of(op, "an acquire of") +
           (op.result != 0 ? " was given token " + std::to_string(op.result) : " was refused");
  }
};

}  // namespace ballast::models
