#include "sim/check/linearizable.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "sim/base/text.h"
#include "sim/check/register_zones.h"

namespace ballast {
namespace {

// The register, and which of the open operations have taken effect already.
struct Configuration {
  std::int64_t state = 0;
  std::uint64_t done = 0;  // by place
  friend auto operator<=>(const Configuration&, const Configuration&) = default;
};

// An open operation occupies one of 64 places, so that a configuration is two words.
constexpr std::size_t places = 64;

class KeySearch {
 public:
  KeySearch(std::vector<const RegisterOperation*> operations, std::uint64_t budget)
      : operations_(std::move(operations)), budget_(budget) {}

  LinearizabilityResult search() {
    drop_unobserved();
    struct Event {
      Time at;
      bool is_return = false;
      const RegisterOperation* operation = nullptr;
    };
    std::vector<Event> events;
    for (const RegisterOperation* op : operations_) {
      events.push_back({op->invoked, false, op});
      if (op->known) events.push_back({op->returned, true, op});
    }
    // Intervals are closed: operations that touch are concurrent, so invocations come first.
    std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
      return std::pair(a.at, a.is_return) < std::pair(b.at, b.is_return);
    });
    configurations_.insert(Configuration{});
    for (const Event& event : events) {
      if (!event.is_return) {
        if (!open(*event.operation)) {
          return {Linearizability::unknown,
                  "linearizable: key " + std::to_string(event.operation->key) +
                      " has more than 64 operations open at once",
                  {},
                  {}};
        }
      } else if (!close(*event.operation)) {
        if (spent_ > budget_) {
          return {Linearizability::unknown,
                  "linearizable: the search budget of " + with_commas(budget_) + " steps for key " +
                      std::to_string(event.operation->key) + " was spent",
                  {},
                  {}};
        }
        return {Linearizability::no, why(*event.operation), event.at, event.operation->client};
      }
    }
    return {};
  }

 private:
  static bool is_pure(const RegisterOperation& op) {
    return op.operation == Operation::read ||
           (op.operation == Operation::cas && op.known && op.result == 0);
  }
  static bool is_refused(const RegisterOperation& op) {
    return op.operation == Operation::cas && op.known && op.result == 0;
  }

  // A read whose client does not know its result says nothing. A write of unknown outcome whose
  // value nobody asks about may as well not have happened, unless a refused cas observed that the
  // register held something else.
  void drop_unobserved() {
    std::set<std::int64_t> observed;
    bool refusals = false;
    for (const RegisterOperation* op : operations_) {
      if (op->operation == Operation::read && op->known) observed.insert(op->result);
      if (op->operation == Operation::cas) observed.insert(op->expected);
      refusals |= is_refused(*op);
    }
    std::erase_if(operations_, [&](const RegisterOperation* op) {
      if (op->known) return false;
      if (op->operation == Operation::read) return true;
      return !refusals && !observed.contains(op->value);
    });
  }

  // Whether the operation can take effect in this state, and what it leaves behind.
  static bool apply(const RegisterOperation& op, std::int64_t& state) {
    switch (op.operation) {
      case Operation::read:
        return state == op.result;
      case Operation::write:
        state = op.value;
        return true;
      case Operation::cas:
        if (is_refused(op)) return state != op.expected;
        if (state != op.expected) return false;
        state = op.value;
        return true;
      case Operation::propose:
      case Operation::work:
      case Operation::administer:
        return true;
    }
    return true;
  }

  // What only looks takes effect at once where it can: to wait gains nothing.
  Configuration settle(Configuration c) const {
    for (std::size_t place = 0; place < places; ++place) {
      const RegisterOperation* op = at_[place];
      if (op == nullptr || !is_pure(*op)) continue;
      std::int64_t state = c.state;
      if (apply(*op, state)) c.done |= std::uint64_t{1} << place;
    }
    return c;
  }

  bool open(const RegisterOperation& op) {
    const auto free = std::find(at_.begin(), at_.end(), nullptr);
    if (free == at_.end()) return false;
    *free = &op;
    if (!is_pure(op)) return true;
    std::set<Configuration> settled;
    for (const Configuration& c : configurations_) settled.insert(settle(c));
    configurations_ = std::move(settled);
    return true;
  }

  // The operation returns: in every configuration it must have taken effect by now.
  bool close(const RegisterOperation& op) {
    const auto place =
        static_cast<std::size_t>(std::find(at_.begin(), at_.end(), &op) - at_.begin());
    const std::uint64_t bit = std::uint64_t{1} << place;
    std::set<Configuration> next;
    std::set<Configuration> visited;
    std::vector<Configuration> pending(configurations_.begin(), configurations_.end());
    while (!pending.empty()) {
      Configuration c = pending.back();
      pending.pop_back();
      if (++spent_ > budget_) return false;
      if ((c.done & bit) != 0) {
        c.done &= ~bit;
        next.insert(c);
        continue;
      }
      for (std::size_t other = 0; other < places; ++other) {
        const std::uint64_t other_bit = std::uint64_t{1} << other;
        if (at_[other] == nullptr || (c.done & other_bit) != 0) continue;
        Configuration after = c;
        if (!apply(*at_[other], after.state)) continue;
        after.done |= other_bit;
        after = settle(after);
        if (visited.insert(after).second) pending.push_back(after);
      }
    }
    if (next.empty()) return false;
    at_[place] = nullptr;
    configurations_ = std::move(next);
    return true;
  }

  static std::string say(std::int64_t value) {
    return value == 0 ? "nothing" : std::to_string(value);
  }

  std::string why(const RegisterOperation& op) const {
    const std::string key = " key " + std::to_string(op.key);
    if (op.operation != Operation::read) {
      return std::string(name_of(op.operation)) + " of" + key + " from " + say(op.expected) +
             " to " + std::to_string(op.value) + (op.result != 0 ? " wrote" : " was refused") +
             " at " + to_text(op.returned) +
             ", which no order of the operations around it explains";
    }
    std::string sentence = "a read of" + key + " that ended at " + to_text(op.returned) +
                           " returned " + say(op.result);
    std::vector<const RegisterOperation*> writers;
    for (const RegisterOperation* each : operations_) {
      const bool writes = each->operation != Operation::read && !is_refused(*each);
      if (writes && each->value == op.result && each->invoked <= op.returned) {
        writers.push_back(each);
      }
    }
    const bool initial = writers.empty() && op.result == 0;
    if (writers.empty() && !initial) return sentence + ", which nobody had written";
    // Of several writers any may be the one, and one of unknown outcome may have written late.
    const bool one = writers.size() == 1 && op.result != 0 && writers.front()->known;
    for (const RegisterOperation* each : operations_) {
      const bool overwrites = each->operation == Operation::write && each->known &&
                              each->value != op.result && each->returned < op.invoked &&
                              (initial || (one && each->invoked > writers.front()->returned));
      if (overwrites) {
        return sentence + ", but a write of " + std::to_string(each->value) +
               " began after that value was written and had completed at " +
               to_text(each->returned) + ", before the read began at " + to_text(op.invoked);
      }
    }
    return sentence + ", which no order of the operations around it explains";
  }

  std::vector<const RegisterOperation*> operations_;
  std::uint64_t budget_;
  std::uint64_t spent_ = 0;
  std::array<const RegisterOperation*, places> at_{};
  std::set<Configuration> configurations_;
};

}  // namespace

LinearizabilityResult check_linearizable(const std::vector<RegisterOperation>& operations,
                                         std::uint64_t budget) {
  std::map<std::uint64_t, std::vector<const RegisterOperation*>> by_key;
  for (const RegisterOperation& op : operations) by_key[op.key].push_back(&op);
  LinearizabilityResult undecided;
  for (auto& [key, of_key] : by_key) {
    // Unique writes need no search.
    const std::optional<LinearizabilityResult> quick = check_zones(of_key);
    LinearizabilityResult result = quick ? *quick : KeySearch(std::move(of_key), budget).search();
    if (result.answer == Linearizability::no) return result;
    // One hard key must not hide a bad one.
    if (result.answer == Linearizability::unknown) undecided = std::move(result);
  }
  return undecided;
}

}  // namespace ballast
