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

// A message on its way through the conditions.
struct Network::Transit {
  std::uint64_t number = 0;  // on its link
  Time now;
  std::uint64_t bytes = 0;
  Passage passage;
  bool fifo = false;
  Duration wait{};             // before it gets on the wire
  std::vector<Time> late = {}; // replays

  void lose(DropReason reason) {
    if (passage.arrivals == 0) return;
    passage.arrivals = 0;
    passage.reason = reason;
  }
  template <class Condition>
  void acted() {
    passage.acted |= condition_bit<Condition>;
  }
  void arrive(Time at) {
    if (passage.arrivals < Passage::most) passage.at[passage.arrivals++] = at;
  }
};

namespace {

// The draws of one condition for one message: each kind of decision has a word of its own.
std::uint64_t word(const ImpairedLink::Imposed& imposed, std::uint64_t number, std::uint64_t which) {
  return draw(imposed.key, number * 4 + which);
}

// x * factor, or the greatest duration.
Duration times(Duration x, const Ratio& factor) {
  const Wide product = static_cast<Wide>(x.ns) * factor.numerator / factor.denominator;
  const Wide most = static_cast<Wide>(Duration::max().ns);
  return {static_cast<std::int64_t>(std::min(product, most))};
}

// How long the wire is busy with a message, rounded up.
Duration transmission(std::uint64_t bytes, std::uint64_t bytes_per_second) {
  const Wide ns = (static_cast<Wide>(bytes) * 1'000'000'000 + bytes_per_second - 1) /
                  bytes_per_second;
  const Wide most = static_cast<Wide>(Duration::max().ns);
  return {static_cast<std::int64_t>(std::min(ns, most))};
}

// The chain runs over all messages of the link, also those that a cut or another condition kept
// from it: what they do changes nothing here.
bool chain_is_bad(ImpairedLink::Imposed& imposed, const condition::Loss& loss,
                  std::uint64_t number) {
  for (; imposed.next <= number; ++imposed.next) {
    if (imposed.next != imposed.first &&
        loss.correlation.happens(word(imposed, imposed.next, 0))) {
      continue;
    }
    imposed.bad = loss.rate.happens(word(imposed, imposed.next, 1));
  }
  return imposed.bad;
}

// Takes a place in the queue and returns how long the message is in it; nothing if it is lost.
std::optional<Duration> enqueue(ImpairedLink::Imposed& imposed, const condition::Bandwidth& link,
                                std::uint64_t number, Time now, std::uint64_t bytes) {
  Ring<Time>& queue = imposed.departures;
  while (!queue.empty() && queue.front() <= now) queue.pop();
  if (link.queue > 0) {
    if (queue.size() >= link.queue) return std::nullopt;
    const Ratio fullness{queue.size(), link.queue};
    if (link.overflow == Overflow::random && fullness.happens(word(imposed, number, 0))) {
      return std::nullopt;
    }
  }
  imposed.free = saturating_add(std::max(imposed.free, now),
                                transmission(bytes, link.bytes_per_second));
  queue.push(imposed.free);
  return imposed.free - now;
}

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

ConditionId Network::impose(NodeId from, NodeId to, Time now, LinkCondition condition) {
  SIM_ASSERT(from != to, "a node has no link to itself");
  link(from, to).impaired = true;
  ImpairedLink& impaired = impaired_[index(from, to)];
  ImpairedLink::Imposed imposed;
  imposed.number = next_condition_++;
  imposed.since = now;
  imposed.key = condition_key(impaired, condition, from, to, now);
  imposed.first = imposed.next = link(from, to).count;
  if (std::holds_alternative<condition::Clog>(condition)) ++impaired.clogs;
  imposed.condition = std::move(condition);
  impaired.imposed.push_back(std::move(imposed));
  return {from, to, impaired.imposed.back().number};
}

LinkCondition Network::lift(const ConditionId& id) {
  ImpairedLink& impaired = impaired_[index(id.from, id.to)];
  const auto at = std::find_if(
      impaired.imposed.begin(), impaired.imposed.end(),
      [&](const ImpairedLink::Imposed& imposed) { return imposed.number == id.number; });
  SIM_ASSERT(at != impaired.imposed.end(), "a condition is lifted once, after it was imposed");
  LinkCondition condition = std::move(at->condition);
  impaired.imposed.erase(at);
  if (std::holds_alternative<condition::Clog>(condition)) --impaired.clogs;
  link(id.from, id.to).impaired = !impaired.imposed.empty();
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

void Network::impair(NodeId from, NodeId to, Transit& t) {
  Passage& passage = t.passage;
  const auto act = [&](ImpairedLink::Imposed& imposed, auto& held) {
    using Condition = std::remove_cvref_t<decltype(held)>;
    const auto drawn = [&](std::uint64_t which) { return word(imposed, t.number, which); };
    if constexpr (std::is_same_v<Condition, condition::Loss>) {
      // Before all else: the chain sees every message.
      if (!chain_is_bad(imposed, held, t.number) || passage.arrivals == 0) return;
      t.lose(DropReason::lost);
      t.template acted<Condition>();
    }
    if (passage.arrivals == 0) return;
    if constexpr (std::is_same_v<Condition, condition::Delay>) {
      for (std::size_t i = 0; i < passage.arrivals; ++i) {
        const Duration delay = times(passage.at[i] - t.now, held.factor);
        passage.at[i] = saturating_add(saturating_add(t.now, delay), held.add.at(drawn(i)));
      }
      t.template acted<Condition>();
    } else if constexpr (std::is_same_v<Condition, condition::Duplicate>) {
      if (!held.rate.happens(drawn(0))) return;
      t.arrive(saturating_add(t.now, copy_delay(from, to, drawn(1))));
      t.template acted<Condition>();
    } else if constexpr (std::is_same_v<Condition, condition::Replay>) {
      if (!held.rate.happens(drawn(0))) return;
      t.late.push_back(saturating_add(t.now, held.hold.at(drawn(1))));
      t.template acted<Condition>();
    } else if constexpr (std::is_same_v<Condition, condition::Reorder>) {
      if (!held.share.happens(drawn(0))) return;
      const auto choices = static_cast<std::uint64_t>(held.window.ns) + 1;
      const Duration extra{static_cast<std::int64_t>(scale(drawn(1), choices))};
      for (std::size_t i = 0; i < passage.arrivals; ++i) {
        passage.at[i] = saturating_add(passage.at[i], extra);
      }
      t.template acted<Condition>();
    } else if constexpr (std::is_same_v<Condition, condition::Corrupt>) {
      if (!held.rate.happens(drawn(0))) return;
      if (held.detected) {
        t.lose(DropReason::corrupted);
        t.template acted<Condition>();
      } else {
        passage.damage = drawn(1) | 1;  // the world does it, and counts it if it could be done
      }
    } else if constexpr (std::is_same_v<Condition, condition::Bandwidth>) {
      const std::optional<Duration> wait =
          enqueue(imposed, held, t.number, saturating_add(t.now, t.wait), t.bytes);
      if (wait) {
        t.wait = t.wait + *wait;
      } else {
        t.lose(DropReason::overflow);
      }
      t.template acted<Condition>();
    }
  };
  for (ImpairedLink::Imposed& imposed : impaired_[index(from, to)].imposed) {
    std::visit([&](auto& held) { act(imposed, held); }, imposed.condition);
  }
  if (passage.arrivals == 0) return;
  for (std::size_t i = 0; i < passage.arrivals; ++i) {
    passage.at[i] = saturating_add(passage.at[i], t.wait);
    if (t.fifo) keep_order(link(from, to), passage.at[i]);
  }
  for (const Time at : t.late) t.arrive(at);
}

}  // namespace ballast
