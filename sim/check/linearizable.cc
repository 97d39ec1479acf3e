#include "sim/check/linearizable.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <type_traits>
#include <utility>

#include "sim/base/text.h"
#include "sim/check/register_zones.h"
#include "sim/check/sequential_models.h"

namespace ballast {
namespace {

// The machine, and which of the open operations have taken effect already.
template <class State>
struct Configuration {
  State state = {};
  std::uint64_t done = 0;  // by place
  friend auto operator<=>(const Configuration&, const Configuration&) = default;
};

// An open operation occupies one of 64 places, so that a configuration is two words.
constexpr std::size_t places = 64;

template <class Model>
class KeySearch {
  using Configuration = ballast::Configuration<typename Model::State>;

 public:
  KeySearch(std::vector<const SeenOperation*> operations, std::uint64_t budget)
      : operations_(std::move(operations)), order_(operations_), budget_(budget) {}

  LinearizabilityResult search() {
    Model::drop(operations_);
    struct Event {
      Time at;
      bool is_return = false;
      const SeenOperation* operation = nullptr;
    };
    std::vector<Event> events;
    for (const SeenOperation* op : operations_) {
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
  // What only looks takes effect at once where it can: to wait gains nothing.
  Configuration settle(Configuration c) const {
    for (std::size_t place = 0; place < places; ++place) {
      const SeenOperation* op = at_[place];
      if (op == nullptr || !Model::is_pure(*op)) continue;
      typename Model::State state = c.state;
      if (Model::apply(*op, state)) c.done |= std::uint64_t{1} << place;
    }
    return c;
  }

  bool open(const SeenOperation& op) {
    const auto free = std::find(at_.begin(), at_.end(), nullptr);
    if (free == at_.end()) return false;
    *free = &op;
    if (!Model::is_pure(op)) return true;
    std::set<Configuration> settled;
    for (const Configuration& c : configurations_) settled.insert(settle(c));
    configurations_ = std::move(settled);
    return true;
  }

  // Whether the operation at this place may take effect while the one at `closing` must.
  bool may_go(std::size_t place, std::size_t closing, std::uint64_t done) const {
    if constexpr (std::is_same_v<typename Model::Order, models::AnyOrder>) return true;
    if (place != closing && order_.may_wait(*at_[place])) return false;
    for (std::size_t other = 0; other < places; ++other) {
      const bool waits = at_[other] != nullptr && other != place && (done >> other & 1) == 0;
      if (waits && !order_.may_go(*at_[place], *at_[other])) return false;
    }
    return true;
  }

  // The operation returns: in every configuration it must have taken effect by now.
  bool close(const SeenOperation& op) {
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
        if (!may_go(other, place, c.done)) continue;
        Configuration after = c;
        if (!Model::apply(*at_[other], after.state)) continue;
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

  std::string why(const SeenOperation& op) const {
    const std::string sentence = Model::say(op);
    if constexpr (std::is_same_v<Model, models::Register>) {
      if (op.operation == Operation::read) {
        const std::string reason = why_not_read(op);
        if (!reason.empty()) return sentence + reason;
      }
    }
    return sentence + ", which no order of the operations around it explains";
  }

  // For a read of a register that nobody has written or that was overwritten in time.
  std::string why_not_read(const SeenOperation& op) const {
    std::vector<const SeenOperation*> writers;
    for (const SeenOperation* each : operations_) {
      if (Model::is_pure(*each) || each->invoked > op.returned) continue;
      if (Model::written(*each) == op.result) writers.push_back(each);
    }
    const bool initial = writers.empty() && op.result == 0;
    if (writers.empty() && !initial) return ", which nobody had written";
    // Of several writers any may be the one, and one of unknown outcome may have written late.
    const bool one = writers.size() == 1 && op.result != 0 && writers.front()->known;
    for (const SeenOperation* each : operations_) {
      const bool overwrites = each->operation == Operation::write && each->known &&
                              each->value != op.result && each->returned < op.invoked &&
                              (initial || (one && each->invoked > writers.front()->returned));
      if (overwrites) {
        return ", but a write of " + std::to_string(each->value) +
               " began after that value was written and had completed at " +
               to_text(each->returned) + ", before the read began at " + to_text(op.invoked);
      }
    }
    return {};
  }

  std::vector<const SeenOperation*> operations_;
  typename Model::Order order_;
  std::uint64_t budget_;
  std::uint64_t spent_ = 0;
  std::array<const SeenOperation*, places> at_{};
  std::set<Configuration> configurations_;
};

LinearizabilityResult judge(const std::vector<const SeenOperation*>& of_key, std::uint64_t budget,
                            HistoryModel model) {
  switch (model) {
    case HistoryModel::register_:
    case HistoryModel::kv:
      // Unique writes need no search.
      if (const auto quick = check_zones(of_key)) return *quick;
      return KeySearch<models::Register>(of_key, budget).search();
    case HistoryModel::counter:
      return KeySearch<models::Counter>(of_key, budget).search();
    case HistoryModel::queue:
      return KeySearch<models::Queue>(of_key, budget).search();
    case HistoryModel::lock:
      return KeySearch<models::Lock>(of_key, budget).search();
  }
  return {};
}

}  // namespace

bool knows(HistoryModel model, Operation operation) {
  switch (operation) {
    case Operation::read:
      return model == HistoryModel::register_ || model == HistoryModel::kv ||
             model == HistoryModel::counter;
    case Operation::write:
    case Operation::cas:
      return model == HistoryModel::register_ || model == HistoryModel::kv;
    case Operation::delete_:
      return model == HistoryModel::kv;
    case Operation::add:
      return model == HistoryModel::counter;
    case Operation::enqueue:
    case Operation::dequeue:
      return model == HistoryModel::queue;
    case Operation::acquire:
    case Operation::release:
      return model == HistoryModel::lock;
    case Operation::propose:
    case Operation::work:
    case Operation::administer:
      return false;
  }
  return false;
}

LinearizabilityResult check_linearizable(const std::vector<SeenOperation>& operations,
                                         std::uint64_t budget, HistoryModel model) {
  std::map<std::uint64_t, std::vector<const SeenOperation*>> by_key;
  for (const SeenOperation& op : operations) by_key[op.key].push_back(&op);
  LinearizabilityResult undecided;
  for (const auto& [key, of_key] : by_key) {
    LinearizabilityResult result = judge(of_key, budget, model);
    if (result.answer == Linearizability::no) return result;
    // One hard key must not hide a bad one.
    if (result.answer == Linearizability::unknown) undecided = std::move(result);
  }
  return undecided;
}

}  // namespace ballast
