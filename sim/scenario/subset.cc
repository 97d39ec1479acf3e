#include "sim/scenario/subset.h"

#include <algorithm>
#include <utility>

namespace ballast {
namespace {

class Renumbering {
 public:
  explicit Renumbering(const std::vector<bool>& kept) {
    std::uint32_t next = 1;
    for (const bool each : kept) numbers_.push_back(each ? NodeId{next++} : NodeId{});
  }

  // None if the node is gone.
  NodeId operator[](NodeId node) const { return numbers_[node.value - 1]; }

  // False if nobody is left that the selector means.
  bool apply(Selector& selector) const {
    std::erase_if(selector.parts,
                  [&](const Selector::Part& part) { return part.node && !(*this)[part.node]; });
    for (Selector::Part& part : selector.parts) {
      if (part.node) part.node = (*this)[part.node];
    }
    return !selector.parts.empty();
  }

  bool apply(Fault& fault) const {
    bool good = true;
    std::visit(
        [&](auto& action) {
          for_each_field(action, [&](const auto&, auto& member) {
            using Member = std::remove_cvref_t<decltype(member)>;
            if constexpr (std::is_same_v<Member, Selector>) {
              good = apply(member) && good;
            } else if constexpr (std::is_same_v<Member, std::vector<Selector>>) {
              std::erase_if(member, [&](Selector& each) { return !apply(each); });
              good = member.size() >= 2 && good;
            }
          });
        },
        fault.action);
    return good;
  }

 private:
  std::vector<NodeId> numbers_;
};

}  // namespace

std::optional<Scenario> with_nodes(const Scenario& scenario, const std::vector<bool>& kept) {
  Scenario s = scenario;
  std::size_t place = 0;
  for (NodeGroup& group : s.groups) {
    const std::uint32_t before = group.count;
    group.count = 0;
    for (std::uint32_t i = 0; i < before; ++i) group.count += kept[place++];
    if (group.count == 0) return std::nullopt;
    if (group.count != before && !std::holds_alternative<FullMesh>(s.network.topology)) {
      return std::nullopt;
    }
  }
  const Renumbering numbers(kept);
  if (s.workload) {
    std::vector<std::uint32_t> clients;  // the new number of each, 0 for none
    std::uint32_t left = 0;
    for (; place < kept.size(); ++place) clients.push_back(kept[place] ? ++left : 0);
    if (left == 0) return std::nullopt;
    s.workload->clients = left;
    if (s.workload->script) {
      std::erase_if(*s.workload->script, [&](ScriptedOperation& each) {
        each.client = clients[each.client - 1];
        return each.client == 0;
      });
    }
  }
  std::erase_if(s.faults, [&](Fault& fault) { return !numbers.apply(fault); });
  std::erase_if(s.network.links, [&](LinkSpec& link) {
    return !numbers.apply(link.from) || !numbers.apply(link.to);
  });
  std::erase_if(s.network.zones, [&](ZoneSpec& zone) { return !numbers.apply(zone.nodes); });
  std::erase_if(s.network.messages, [&](MessageSpec& each) {
    return !numbers.apply(each.from) || !numbers.apply(each.to);
  });
  return s;
}

}  // namespace ballast
