#include "sim/fault/bound.h"

#include <algorithm>

#include "sim/fault/act.h"

namespace ballast {

bool DamageBound::admit(NodeId node, const std::vector<Group>& groups) {
  const auto was_hit = [&](NodeId each) {
    return std::find(damaged_.begin(), damaged_.end(), each) != damaged_.end();
  };
  if (was_hit(node)) return true;
  const std::vector<NodeId>& group = group_of(node, groups);
  const auto hit = static_cast<std::size_t>(std::count_if(group.begin(), group.end(), was_hit));
  if (2 * (hit + 1) >= group.size()) return false;
  damaged_.push_back(node);
  return true;
}

bool DamageBound::admit(FaultAction& action, const std::vector<Group>& groups) {
  return std::visit(
      [&](auto& held) {
        if constexpr (requires { held.bounded; }) {
          if (!held.bounded) return true;
          auto& parts = held.nodes.parts;
          for (std::size_t i = 0; i < parts.size();) {
            if (admit(parts[i].node, groups)) {
              ++i;
              continue;
            }
            const auto at = static_cast<std::ptrdiff_t>(i);
            parts.erase(parts.begin() + at);
            // What was drawn for each node goes with it.
            if constexpr (requires { held.finding; }) held.records.erase(held.records.begin() + at);
            if constexpr (requires { held.onto; }) held.onto.erase(held.onto.begin() + at);
          }
          return !parts.empty();
        }
        return true;
      },
      action);
}

}  // namespace ballast
