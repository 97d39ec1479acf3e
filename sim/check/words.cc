#include "sim/check/words.h"

namespace ballast {

std::string to_text(const Ballot& ballot) {
  if (ballot == Ballot{}) return "0";
  return std::to_string(ballot.round) + "." + to_text(ballot.proposer);
}

std::string to_text(ValueDigest value) {
  constexpr std::int64_t largest_plain = 1'000'000'000'000;
  const auto number = static_cast<std::int64_t>(value.value);
  if (-largest_plain < number && number < largest_plain) return std::to_string(number);
  return "#" + to_hex(value.value);
}

std::string to_text(const Instance& instance) {
  return "instance " + to_text(instance.replica) + "." + std::to_string(instance.number);
}

std::string command_text(ValueDigest value) { return value ? to_text(value) : "a no-op"; }

std::string to_text(const RequestId& request) {
  std::string text = "request " + std::to_string(request.sequence) + " of ";
  if (request.session > 0) text += "session " + std::to_string(request.session) + " of ";
  return text + to_text(request.client);
}

std::string to_text(const std::vector<NodeId>& nodes) {
  std::string out;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (i > 0) out += i + 1 == nodes.size() ? " and " : ", ";
    out += to_text(nodes[i]);
  }
  return out;
}

SlotAccepted in_slot(const Fact& accepted) {
  if (const auto* of_slot = std::get_if<SlotAccepted>(&accepted)) return *of_slot;
  const Accepted& only = std::get<Accepted>(accepted);
  return {{}, only.ballot, only.value};
}

std::string slot_words(Slot slot) {
  return slot ? " for slot " + std::to_string(slot.value) : std::string();
}

}  // namespace ballast
