#include "sim/kernel/network.h"

#include <utility>

#include "sim/base/assert.h"

namespace ballast {

Network::Behaviour::Behaviour(LinkProfile profile)
    : LinkProfile(std::move(profile)),
      only_delays(loss.is_zero() && duplicate.is_zero() && !fifo),
      constant(latency.min() == latency.max()),
      shortest(latency.min()) {}

Network::Network(std::uint64_t seed, std::uint32_t nodes, LinkProfile profile)
    : seed_(seed), nodes_(nodes), links_(nodes) {
  profiles_.emplace_back(std::move(profile));
}

void Network::reseed(std::uint64_t seed) {
  seed_ = seed;
  links_.for_each([](std::uint64_t, Link& link) { link.has_key = false; });
  for (auto& [number, link] : impaired_) {
    for (ImpairedLink::Imposed& imposed : link.imposed) {
      imposed.key = mix(imposed.key ^ mix(seed));
    }
  }
}

std::uint16_t Network::add_profile(LinkProfile profile) {
  SIM_ASSERT(profiles_.size() < 0xFFFF, "at most 65,535 kinds of links");
  profiles_.emplace_back(std::move(profile));
  return static_cast<std::uint16_t>(profiles_.size() - 1);
}

const LinkProfile& Network::profile(NodeId from, NodeId to) const {
  return profiles_[link(from, to).profile];
}

void Network::heal(NodeId from, NodeId to) {
  Link& healed = link(from, to);
  SIM_ASSERT(healed.cuts > 0, "a link is healed only as often as it was cut");
  --healed.cuts;
  --cuts_;
}

bool Network::is_route_cut(NodeId from, NodeId to) const {
  const Link& direct = link(from, to);
  if (direct.cuts > 0) return true;
  if (!direct.routed) return false;
  for (NodeId here = from; here != to;) {
    const NodeId next = link(here, to).via;
    if (!next) return false;  // unreachable, which no cut is to blame for
    if (link(here, next).cuts > 0) return true;
    here = next;
  }
  return false;
}

// Ties may be shuffled, so that two arrivals at one instant have no order that a link could keep.
void Network::keep_order(Link& link, Time& arrival) {
  if (arrival <= link.last_arrival) arrival = saturating_add(link.last_arrival, {1});
  link.last_arrival = arrival;
}

Passage Network::send_with_trouble(NodeId from, NodeId to, Time now, std::uint64_t bytes) {
  Link& used = link(from, to);
  const std::uint64_t number = used.count++;
  bool fifo = profiles_[used.profile].fifo;
  Passage passage = used.routed ? send_along_route(from, to, number, now, fifo)
                                : send_directly(from, to, used, number, now);
  if (used.impaired && passage.arrivals > 0) {
    impair(from, to, number, now, bytes, fifo, passage);
  } else if (fifo) {
    for (std::size_t i = 0; i < passage.arrivals; ++i) keep_order(used, passage.at[i]);
  }
  return passage;
}

Passage Network::send_directly(NodeId from, NodeId to, Link& used, std::uint64_t number,
                               Time now) const {
  if (used.cuts > 0) return {0, DropReason::cut, 0, {}, 0};
  const Behaviour& behaviour = profiles_[used.profile];
  if (!behaviour.loss.is_zero() &&
      behaviour.loss.happens(draw(stream_key(seed_, Purpose::loss, entity(from, to)), number))) {
    return {0, DropReason::lost, 0, {}, 0};
  }
  Passage passage{1, DropReason::lost, 0, {}, 0};
  passage.at[0] = saturating_add(now, behaviour.latency.at(draw(key_of(used, from, to), number)));
  if (!behaviour.duplicate.is_zero() &&
      behaviour.duplicate.happens(
          draw(stream_key(seed_, Purpose::duplicate, entity(from, to)), number))) {
    passage.arrivals = 2;
    const std::uint64_t copies = stream_key(seed_, Purpose::copy_delay, entity(from, to));
    passage.at[1] = saturating_add(now, behaviour.latency.at(draw(copies, number)));
  }
  return passage;
}

Passage Network::send_along_route(NodeId from, NodeId to, std::uint64_t number, Time now,
                                  bool& fifo) {
  if (!link(from, to).via) return {0, DropReason::unreachable, 0, {}, 0};
  if (is_cut(from, to)) return {0, DropReason::cut, 0, {}, 0};
  Passage passage{1, DropReason::lost, 0, {now, now}, 0};
  bool duplicated = false;
  fifo = true;
  // One entity per pair and hop: a message's luck on a hop is its own, whoever else uses the hop.
  std::uint64_t where = mix(entity(from, to));
  for (NodeId here = from; here != to;) {
    const NodeId next = link(here, to).via;
    const LinkProfile& behaviour = profile(here, next);
    here = next;
    ++where;
    if (behaviour.loss.happens(draw(stream_key(seed_, Purpose::loss, where), number))) {
      return {0, DropReason::lost, 0, {}, 0};
    }
    duplicated |=
        behaviour.duplicate.happens(draw(stream_key(seed_, Purpose::duplicate, where), number));
    fifo &= behaviour.fifo;
    const Duration delay =
        behaviour.latency.at(draw(stream_key(seed_, Purpose::hop_delay, where), number));
    passage.at[0] = saturating_add(passage.at[0], delay);
    const Duration copy_delay =
        behaviour.latency.at(draw(stream_key(seed_, Purpose::copy_delay, where), number));
    passage.at[1] = saturating_add(passage.at[1], copy_delay);
  }
  passage.arrivals = duplicated ? 2 : 1;
  return passage;
}

}  // namespace ballast
