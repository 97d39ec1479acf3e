#include "sim/history/verify.h"

#include <algorithm>

#include "sim/history/machine.h"

namespace ballast::history {

namespace {

enum : std::uint8_t { stranger, missing, there };

std::string name(const History& history, std::uint32_t index) {
  return say(history.operations[index], history.values) + " of " +
         say_time(history, history.operations[index].invoked);
}

std::string replay(const History& history, Model model, const std::vector<std::uint32_t>& witness,
                   std::vector<std::uint8_t>& marks) {
  Machine machine(model, history.values);
  std::uint32_t latest_call = 0;
  for (std::size_t i = 0; i < witness.size(); ++i) {
    const std::uint32_t index = witness[i];
    look_ahead(history, witness, i);
    const Operation& operation = history.operations[index];
    if (marks[index] != missing) {
      return name(history, index) + " stands twice or where it does not belong";
    }
    marks[index] = there;
    if (operation.returned < latest_call) return name(history, index) + " had returned before";
    latest_call = std::max(latest_call, operation.called);
    if (!machine.apply(operation)) {
      return name(history, index) + " is not legal in the state " + machine.say();
    }
  }
  return "";
}

}  // namespace

std::string refute_witness(const History& history, Model model,
                           const std::vector<std::uint32_t>& operations,
                           const std::vector<std::uint32_t>& witness,
                           std::vector<std::uint8_t>& marks) {
  marks.resize(history.operations.size(), stranger);
  for (const std::uint32_t index : operations) marks[index] = missing;
  std::string wrong = replay(history, model, witness, marks);
  for (const std::uint32_t index : operations) {
    if (wrong.empty() && marks[index] == missing && history.operations[index].known()) {
      wrong = name(history, index) + " is left out";
    }
    marks[index] = stranger;
  }
  return wrong;
}

}  // namespace ballast::history
