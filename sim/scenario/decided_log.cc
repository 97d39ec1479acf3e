#include "sim/scenario/decided_log.h"

#include <algorithm>
#include <map>
#include <utility>

namespace ballast {

void pass_over_late(std::vector<SeenOperation>& operations) {
  using Session = std::pair<NodeId, std::uint32_t>;
  std::map<Session, std::vector<SeenOperation*>> sessions;
  for (const SeenOperation& op : operations) {
    if (!op.known && op.slot > 0) sessions[{op.client, op.session}];
  }
  if (sessions.empty()) return;
  for (SeenOperation& op : operations) {
    if (op.slot == 0) continue;
    const auto found = sessions.find({op.client, op.session});
    if (found != sessions.end()) found->second.push_back(&op);
  }
  for (auto& [session, of_session] : sessions) {
    std::stable_sort(
        of_session.begin(), of_session.end(),
        [](const SeenOperation* a, const SeenOperation* b) { return a->slot < b->slot; });
    Time latest;
    for (SeenOperation* op : of_session) {
      if (!op->known && op->invoked < latest) op->slot = 0;
      latest = std::max(latest, op->invoked);
    }
  }
}

}  // namespace ballast
