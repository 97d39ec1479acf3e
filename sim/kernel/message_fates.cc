#include "sim/kernel/message_fates.h"

#include <algorithm>
#include <utility>

namespace ballast {

MessageFates::MessageFates(std::vector<MessageFate> fates) {
  for (MessageFate& fate : fates) {
    auto kind = std::find_if(kinds_.begin(), kinds_.end(), [&](const Kind& known) {
      return known.from == fate.from && known.to == fate.to && known.message == fate.message;
    });
    if (kind == kinds_.end()) {
      kinds_.push_back({fate.from, fate.to, fate.message, 0, {}});
      kind = kinds_.end() - 1;
    }
    kind->fates.push_back(std::move(fate));
  }
}

void MessageFates::change(NodeId from, NodeId to, std::string_view message, Time now,
                          Passage& passage) {
  for (Kind& kind : kinds_) {
    if (kind.from != from || kind.to != to || kind.message != message) continue;
    const std::uint64_t nth = ++kind.sent;
    const auto fate = std::find_if(kind.fates.begin(), kind.fates.end(),
                                   [&](const MessageFate& each) { return each.nth == nth; });
    if (fate == kind.fates.end()) return;
    if (passage.arrivals == 0 && passage.reason != DropReason::lost) return;
    if (fate->lost) {
      passage = {};
      return;
    }
    if (fate->delay) {
      passage.arrivals = std::max<std::uint8_t>(passage.arrivals, 1);
      passage.at[0] = saturating_add(now, *fate->delay);
    }
    if (fate->copy && passage.arrivals > 0) {
      passage.arrivals = 2;
      passage.at[1] = saturating_add(now, *fate->copy);
    }
    return;
  }
}

}  // namespace ballast
