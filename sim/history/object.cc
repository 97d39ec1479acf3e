#include "sim/history/object.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <map>
#include <tuple>

namespace ballast::history {
namespace {

struct Return {
  std::uint32_t rank = 0;
  std::uint32_t step = 0;
  friend auto operator<=>(const Return&, const Return&) = default;
};

// The lowest place that is free. A place is given back when its operation returns.
class Places {
 public:
  std::uint32_t take() {
    std::uint32_t word = 0;
    while (word < free_.size() && free_[word] == 0) ++word;
    if (word == free_.size()) free_.push_back(~std::uint64_t{0});
    const auto place = word * 64 + static_cast<std::uint32_t>(std::countr_zero(free_[word]));
    free_[word] &= free_[word] - 1;
    count_ = std::max(count_, place + 1);
    return place;
  }
  void give(std::uint32_t place) { free_[place / 64] |= std::uint64_t{1} << (place % 64); }
  std::uint32_t count() const { return count_; }

 private:
  std::vector<std::uint64_t> free_;
  std::uint32_t count_ = 0;
};

// Which unknown operations are identical.
using Class = std::tuple<Action, Word, Word, std::int64_t>;

Class class_of(const Operation& operation) {
  const bool owned = operation.action == Action::acquire || operation.action == Action::release;
  return {operation.action, operation.argument, operation.expected, owned ? operation.owner : 0};
}

}  // namespace

Object make_object(const History& history, const std::vector<std::uint32_t>& operations) {
  Object object;
  object.steps.reserve(operations.size());
  object.events.reserve(operations.size() * 2);
  std::map<Class, std::uint32_t> classes;
  Places places;
  std::vector<Return> open;  // a heap: the next to return in front
  const auto end_until = [&](std::uint32_t rank) {
    while (!open.empty() && open.front().rank < rank) {
      Step& step = object.steps[open.front().step];
      step.returned = static_cast<std::uint32_t>(object.events.size());
      object.events.push_back({open.front().step, true});
      places.give(step.place);
      std::pop_heap(open.begin(), open.end(), std::greater<>());
      open.pop_back();
    }
  };
  for (const std::uint32_t index : operations) {
    const Operation& operation = history.operations[index];
    end_until(operation.called);
    const auto i = static_cast<std::uint32_t>(object.steps.size());
    Step step{index, static_cast<std::uint32_t>(object.events.size()), Operation::never, 0};
    object.events.push_back({i, false});
    if (operation.known()) {
      step.place = places.take();
      open.push_back({operation.returned, i});
      std::push_heap(open.begin(), open.end(), std::greater<>());
    } else {
      const auto fresh = static_cast<std::uint32_t>(classes.size());
      step.place = classes.emplace(class_of(operation), fresh).first->second;
    }
    object.steps.push_back(step);
  }
  end_until(Operation::never);
  object.places = places.count();
  return object;
}

}  // namespace ballast::history
