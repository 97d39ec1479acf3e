// What the conditions of a link do to its messages.
#include "sim/kernel/link_conditions.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/base/assert.h"
#include "sim/kernel/network.h"

namespace ballast {

namespace {

// The draws of one condition for one message: each kind of decision has a word of its own.
std::uint64_t word(const ImpairedLink::Imposed& imposed, std::uint64_t number,
                   std::uint64_t which) {
  return draw(imposed.key, number * 4 + which);
}

// x * factor, or the greatest duration.
Duration times(Duration x, const Ratio& factor) {
  const Wide product = static_cast<Wide>(x.ns) * factor.numerator / factor.denominator;
  const Wide most = static_cast<Wide>(Duration::max().ns);
  return {static_cast<std::int64_t>(std::min(product, most))};
}

// How long the wire is busy with a message, rounded up.
Duration transmission(std::uint64_t bytes, const Rate& rate) {
  const Wide spans = static_cast<Wide>(bytes) * static_cast<std::uint64_t>(rate.per.ns);
  const Wide ns = (spans + rate.count - 1) / rate.count;
  const Wide most = static_cast<Wide>(Duration::max().ns);
  return {static_cast<std::int64_t>(std::min(ns, most))};
}

// The chain runs over all messages of the link, also those that a cut or another condition kept
// from it: what they do changes nothing here.
void run_chain(ImpairedLink::Imposed& imposed, const condition::Loss& loss, std::uint64_t number) {
  for (; imposed.next <= number; ++imposed.next) {
    const bool first = imposed.next == imposed.first;
    if (!first && loss.correlation.happens(word(imposed, imposed.next, 0))) continue;
    imposed.bad = loss.rate.happens(word(imposed, imposed.next, 1));
  }
}

// A message on its way through the conditions of its link. Each overload is what one of them does
// to it.
struct Transit {
  std::uint64_t number = 0;  // on its link
  Time now;
  std::uint64_t bytes = 0;
  const Network& network;
  NodeId from;
  NodeId to;
  Passage& passage;
  Duration wait{};              // before it gets on the wire
  std::vector<Time> late = {};  // replays

  void lose(DropReason reason) {
    passage.arrivals = 0;
    passage.reason = reason;
  }
  void arrive(Time at) {
    if (passage.arrivals < Passage::most) passage.at[passage.arrivals++] = at;
  }

  // Each answers whether it acted on the message. The draws are `drawn(imposed, 0)` and so on.
  std::uint64_t drawn(const ImpairedLink::Imposed& imposed, std::uint64_t which) const {
    return word(imposed, number, which);
  }
  bool act(const ImpairedLink::Imposed& imposed, const condition::Delay& delay) {
    for (std::size_t i = 0; i < passage.arrivals; ++i) {
      const Duration span = times(passage.at[i] - now, delay.factor);
      passage.at[i] = saturating_add(saturating_add(now, span), delay.add.at(drawn(imposed, i)));
    }
    return true;
  }
  bool act(const ImpairedLink::Imposed& imposed, const condition::Loss&) {
    if (imposed.bad) lose(DropReason::lost);
    return imposed.bad;
  }
  bool act(const ImpairedLink::Imposed& imposed, const condition::Duplicate& duplicate) {
    if (!duplicate.rate.happens(drawn(imposed, 0))) return false;
    arrive(saturating_add(now, network.copy_delay(from, to, drawn(imposed, 1))));
    return true;
  }
  bool act(const ImpairedLink::Imposed& imposed, const condition::Replay& replay) {
    if (!replay.rate.happens(drawn(imposed, 0))) return false;
    late.push_back(saturating_add(now, replay.hold.at(drawn(imposed, 1))));
    return true;
  }
  bool act(const ImpairedLink::Imposed& imposed, const condition::Reorder& reorder) {
    if (!reorder.share.happens(drawn(imposed, 0))) return false;
    const auto choices = static_cast<std::uint64_t>(reorder.window.ns) + 1;
    const Duration extra{static_cast<std::int64_t>(scale(drawn(imposed, 1), choices))};
    for (std::size_t i = 0; i < passage.arrivals; ++i) {
      passage.at[i] = saturating_add(passage.at[i], extra);
    }
    return true;
  }
  // Undetected damage is done by the world, which counts it if the message has a field to damage.
  bool act(const ImpairedLink::Imposed& imposed, const condition::Corrupt& corrupt) {
    if (!corrupt.rate.happens(drawn(imposed, 0))) return false;
    if (corrupt.detected) {
      lose(DropReason::corrupted);
    } else {
      passage.damage = drawn(imposed, 1) | 1;
    }
    return corrupt.detected;
  }
  bool act(const ImpairedLink::Imposed&, const condition::Clog&) { return false; }
  bool act(ImpairedLink::Imposed& imposed, const condition::Bandwidth& link) {
    const Time ready = saturating_add(now, wait);
    Ring<Time>& queue = imposed.departures;
    while (!queue.empty() && queue.front() <= ready) queue.pop();
    const Ratio fullness{queue.size(), std::max<std::uint64_t>(link.queue, 1)};
    const bool early = link.overflow == Overflow::random && fullness.happens(drawn(imposed, 0));
    if (link.queue > 0 && (queue.size() >= link.queue || early)) {
      lose(DropReason::overflow);
      return true;
    }
    const Time begun = std::max(imposed.free, ready);
    imposed.free = saturating_add(begun, transmission(bytes, link.rate));
    queue.push(imposed.free);
    wait = imposed.free - now;
    return true;
  }
};

}  // namespace

std::uint64_t Network::condition_key(const ImpairedLink& link, const LinkCondition& condition,
                                     NodeId from, NodeId to, Time now) const {
  // Two of a kind, imposed at one instant, are told apart by their order.
  const auto twins = std::count_if(
      link.imposed.begin(), link.imposed.end(), [&](const ImpairedLink::Imposed& other) {
        return other.condition.index() == condition.index() && other.since == now;
      });
  std::uint64_t identity = mix(static_cast<std::uint64_t>(now.ns));
  identity = mix(identity ^ condition.index());
  identity = mix(identity + static_cast<std::uint64_t>(twins));
  return stream_key(seed_, Purpose::link_condition, mix(identity ^ mix(entity(from, to))));
}

LinkConditionId Network::impose(NodeId from, NodeId to, Time now, LinkCondition condition) {
  SIM_ASSERT(from != to, "a node has no link to itself");
  Link& used = link(from, to);
  impairments_ += used.impaired ? 0 : 1;
  used.impaired = true;
  ImpairedLink& impaired = impaired_[index(from, to)];
  ImpairedLink::Imposed imposed;
  imposed.number = next_condition_++;
  imposed.since = now;
  imposed.key = condition_key(impaired, condition, from, to, now);
  imposed.first = imposed.next = used.count;
  if (std::holds_alternative<condition::Clog>(condition)) ++impaired.clogs;
  imposed.condition = std::move(condition);
  impaired.imposed.push_back(std::move(imposed));
  return {from, to, impaired.imposed.back().number};
}

std::vector<LinkConditionId> Network::conditions(NodeId from, NodeId to) const {
  std::vector<LinkConditionId> all;
  if (!is_impaired(from, to)) return all;
  for (const ImpairedLink::Imposed& imposed : impaired_.find(index(from, to))->imposed) {
    all.push_back({from, to, imposed.number});
  }
  return all;
}

LinkCondition Network::lift(const LinkConditionId& id) {
  ImpairedLink& impaired = impaired_[index(id.from, id.to)];
  const auto at = std::find_if(
      impaired.imposed.begin(), impaired.imposed.end(),
      [&](const ImpairedLink::Imposed& imposed) { return imposed.number == id.number; });
  SIM_ASSERT(at != impaired.imposed.end(), "a condition is lifted once, after it was imposed");
  LinkCondition condition = std::move(at->condition);
  impaired.imposed.erase(at);
  if (std::holds_alternative<condition::Clog>(condition)) --impaired.clogs;
  if (impaired.imposed.empty()) {
    link(id.from, id.to).impaired = false;
    --impairments_;
  }
  return condition;
}

void Network::hold_back(NodeId from, NodeId to, std::uint32_t arrival) {
  impaired_[index(from, to)].held.push_back(arrival);
}

std::vector<std::uint32_t> Network::released(NodeId from, NodeId to) {
  ImpairedLink& impaired = impaired_[index(from, to)];
  if (impaired.clogs > 0) return {};
  return std::exchange(impaired.held, {});
}

Duration Network::copy_delay(NodeId from, NodeId to, std::uint64_t word) const {
  if (!link(from, to).routed) return profile(from, to).latency.at(word);
  Duration sum;
  for (NodeId here = from; here != to;) {
    const NodeId next = link(here, to).via;
    sum = saturating_add(Time{} + sum, profile(here, next).latency.at(word)) - Time{};
    word = mix(word);
    here = next;
  }
  return sum;
}

void Network::impair(NodeId from, NodeId to, std::uint64_t number, Time now, std::uint64_t bytes,
                     bool fifo, Passage& passage) {
  Transit transit{number, now, bytes, *this, from, to, passage};
  for (ImpairedLink::Imposed& imposed : impaired_[index(from, to)].imposed) {
    std::visit(
        [&](const auto& held) {
          using Condition = std::remove_cvref_t<decltype(held)>;
          if constexpr (std::is_same_v<Condition, condition::Loss>) {
            run_chain(imposed, held, number);
          }
          if (passage.arrivals == 0 || !transit.act(imposed, held)) return;
          passage.acted = static_cast<std::uint16_t>(passage.acted | condition_bit<Condition>());
        },
        imposed.condition);
  }
  if (passage.arrivals == 0) return;
  for (std::size_t i = 0; i < passage.arrivals; ++i) {
    passage.at[i] = saturating_add(passage.at[i], transit.wait);
    if (fifo) keep_order(link(from, to), passage.at[i]);
  }
  for (const Time at : transit.late) transit.arrive(at);
}

}  // namespace ballast
