#include "sim/history/object.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace ballast::history {
namespace {

struct Return {
  std::uint32_t rank = 0;
  std::uint32_t step = 0;
};

// The lowest place that is free. A place is given back when its operation returns.
class Places {
 public:
  std::uint32_t take() {
    if (free_.empty()) return count_++;
    std::pop_heap(free_.begin(), free_.end(), std::greater<>());
    const std::uint32_t place = free_.back();
    free_.pop_back();
    return place;
  }
  void give(std::uint32_t place) {
    free_.push_back(place);
    std::push_heap(free_.begin(), free_.end(), std::greater<>());
  }
  std::uint32_t count() const { return count_; }

 private:
  std::vector<std::uint32_t> free_;
  std::uint32_t count_ = 0;
};

}  // namespace

Object make_object(const History& history, const std::vector<std::uint32_t>& operations) {
  Object object;
  std::vector<Return> returns;
  for (const std::uint32_t index : operations) {
    const Operation& operation = history.operations[index];
    if (operation.known()) {
      returns.push_back({operation.returned, static_cast<std::uint32_t>(object.steps.size())});
    }
    object.steps.push_back({index, 0, Operation::never, 0});
  }
  std::stable_sort(returns.begin(), returns.end(),
                   [](const Return& a, const Return& b) { return a.rank < b.rank; });
  using Class = std::tuple<Action, Word, Word, std::int64_t>;
  std::map<Class, std::uint32_t> classes;
  Places places;
  std::size_t next = 0;
  const auto end_until = [&](std::uint32_t rank) {
    for (; next < returns.size() && returns[next].rank < rank; ++next) {
      Step& step = object.steps[returns[next].step];
      step.returned = static_cast<std::uint32_t>(object.events.size());
      object.events.push_back({returns[next].step, true});
      places.give(step.place);
    }
  };
  for (std::uint32_t i = 0; i < object.steps.size(); ++i) {
    Step& step = object.steps[i];
    const Operation& operation = history.operations[step.operation];
    end_until(operation.called);
    step.called = static_cast<std::uint32_t>(object.events.size());
    object.events.push_back({i, false});
    if (operation.known()) {
      step.place = places.take();
    } else {
      const bool owned = operation.action == Action::acquire || operation.action == Action::release;
      const Class kind{operation.action, operation.argument, operation.expected,
                       owned ? operation.owner : 0};
      step.place = classes.emplace(kind, static_cast<std::uint32_t>(classes.size())).first->second;
    }
  }
  end_until(Operation::never);
  object.places = places.count();
  return object;
}

}  // namespace ballast::history
