#include "sim/report/series.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "sim/protocol/fact.h"

namespace ballast {

std::string histogram_rows(const Histogram& histogram, std::string_view before) {
  // After both halves of the sum, the minimum and the maximum: pairs of a bucket and its count.
  constexpr std::size_t head = 4;
  const std::vector<std::uint64_t> state = histogram.state();
  std::string text;
  std::uint64_t below = 0;
  for (std::size_t i = head; i + 1 < state.size(); i += 2) {
    below += state[i + 1];
    const Duration end = histogram.quantile({below, histogram.count()});
    text += before;
    text += std::to_string(end.ns) + "," + std::to_string(state[i + 1]) + "\n";
  }
  return text;
}

void Spread::begin(const Scenario& scenario) {
  names_ = {""};
  group_of_ = {~std::size_t{0}};
  const std::vector<Group> groups = scenario.node_groups();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const NodeId node : groups[g].nodes) {
      names_.push_back(to_text(node));
      group_of_.push_back(g);
    }
  }
  endpoints_.resize(names_.size());
  open_.resize(names_.size());
  const std::uint64_t keys = scenario.workload ? scenario.workload->keys : 1;
  if (keys > 1) place_of_.resize(keys);
}

void Spread::change(NodeId node, bool up, Time at) {
  Endpoint& endpoint = endpoints_[node.value];
  const auto held = static_cast<std::uint64_t>((at - endpoint.since).ns);
  const std::uint64_t length = std::min(endpoint.under_way, longest);
  if (length >= time_at_.size()) time_at_.resize(length + 1);
  time_at_[length] += held;
  endpoint.request_time += static_cast<Wide>(endpoint.under_way) * held;
  endpoint.since = at;
  endpoint.under_way += up ? std::uint64_t{1} : ~std::uint64_t{0};
  endpoint.most_under_way = std::max(endpoint.most_under_way, endpoint.under_way);
}

// A request that stands for several has one key, and theirs are the numbers that follow its own.
void Spread::place_key(const Routed& routed) {
  auto asked = key_of_.upper_bound(routed.request);
  if (asked == key_of_.begin()) return;
  const auto& [request, key] = *--asked;
  if (request.client != routed.request.client || request.session != routed.request.session) return;
  NodeId& place = place_of_[key];
  if (place && place != routed.endpoint) ++moved_;
  place = routed.endpoint;
}

void Spread::see(const Occurrence& seen) {
  if (seen.what == Sight::crashed) {
    for (const auto& [ticket, endpoint] : open_[seen.node.value]) change(endpoint, false, seen.at);
    open_[seen.node.value].clear();
    return;
  }
  auto& open = open_[seen.node.value];
  if (const auto* routed = std::get_if<Routed>(seen.fact)) {
    if (routed->endpoint.value >= endpoints_.size()) return;  // a mistake of the algorithm
    const auto [place, is_new] = open.try_emplace(routed->ticket.value, routed->endpoint);
    if (!is_new) change(place->second, false, seen.at);
    place->second = routed->endpoint;
    change(routed->endpoint, true, seen.at);
    Endpoint& endpoint = endpoints_[routed->endpoint.value];
    ++endpoint.routed;
    ++endpoint.in_interval;
    ++routed_;
    if (!place_of_.empty()) place_key(*routed);
  } else if (const auto* ended = std::get_if<Ended>(seen.fact)) {
    const auto place = open.find(ended->ticket.value);
    if (place == open.end()) return;
    change(place->second, false, seen.at);
    open.erase(place);
  } else if (place_of_.empty()) {
    return;
  } else if (const auto* invoked = std::get_if<Invoked>(seen.fact)) {
    if (invoked->key < place_of_.size()) key_of_[invoked->request] = invoked->key;
  } else if (const auto* returned = std::get_if<Returned>(seen.fact)) {
    key_of_.erase(returned->request);
  }
}

Spread::Interval Spread::take_interval() {
  Interval all;
  for (Endpoint& endpoint : endpoints_) {
    all.routed += endpoint.in_interval;
    all.most = std::max(all.most, endpoint.in_interval);
    endpoint.in_interval = 0;
  }
  all.moved = std::exchange(moved_, 0);
  return all;
}

// Those that were never chosen count too: the nodes of a group of which one was.
std::vector<std::size_t> Spread::those_routed_to() const {
  std::vector<bool> chosen(names_.size());  // by group
  for (std::size_t node = 1; node < endpoints_.size(); ++node) {
    if (endpoints_[node].routed > 0) chosen[group_of_[node]] = true;
  }
  std::vector<std::size_t> nodes;
  for (std::size_t node = 1; node < endpoints_.size(); ++node) {
    if (chosen[group_of_[node]]) nodes.push_back(node);
  }
  return nodes;
}

std::string Spread::endpoints_csv(Time end) const {
  std::string text = "node,routed,mean_under_way_milli,most_under_way\n";
  for (const std::size_t node : those_routed_to()) {
    const Endpoint& endpoint = endpoints_[node];
    const auto rest = static_cast<std::uint64_t>((end - endpoint.since).ns);
    const Wide time = endpoint.request_time + static_cast<Wide>(endpoint.under_way) * rest;
    const auto whole = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(end.ns));
    text += names_[node] + "," + std::to_string(endpoint.routed) + "," +
            std::to_string(static_cast<std::uint64_t>(time * 1000 / whole)) + "," +
            std::to_string(endpoint.most_under_way) + "\n";
  }
  return text;
}

std::string Spread::queue_csv(Time end) const {
  std::vector<std::uint64_t> time_at = time_at_;
  for (const std::size_t node : those_routed_to()) {
    const Endpoint& endpoint = endpoints_[node];
    const std::uint64_t length = std::min(endpoint.under_way, longest);
    if (length >= time_at.size()) time_at.resize(length + 1);
    time_at[length] += static_cast<std::uint64_t>((end - endpoint.since).ns);
  }
  std::string text = "under_way,time_ns\n";
  for (std::size_t length = 0; length < time_at.size(); ++length) {
    if (time_at[length] == 0) continue;
    text += std::to_string(length) + "," + std::to_string(time_at[length]) + "\n";
  }
  return text;
}

}  // namespace ballast
