// The network: directed links with delay, loss and duplication, and cuts and further conditions
// that come and go.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/distribution.h"
#include "sim/base/flat_map.h"
#include "sim/base/random.h"
#include "sim/kernel/link_conditions.h"
#include "sim/kernel/link_table.h"

namespace ballast {

// Why a message did not arrive.
//   lost         the link dropped it
//   cut          the link was cut when it was sent or when it would have arrived
//   down         the receiver was down when it arrived
//   unreachable  the topology has no path
//   corrupted    it was damaged on the link, and a checksum told
//   overflow     the queue before a slow link had no room for it
enum class DropReason : std::uint8_t { lost, cut, down, unreachable, corrupted, overflow };
constexpr auto enumerators(DropReason) {
  return std::array<std::string_view, 6>{"lost",        "cut",       "down",
                                         "unreachable", "corrupted", "overflow"};
}

// How a link behaves. Messages overtake each other whenever the delays that they draw say so,
// unless the link is `fifo`: then each arrives at least a nanosecond after those that were sent
// earlier.
struct LinkProfile {
  Distribution latency;
  Ratio loss;
  Ratio duplicate;
  bool fifo = false;
};

// What becomes of one message: nothing, one arrival, or several.
struct Passage {
  static constexpr std::size_t most = 4;  // further copies are not made
  std::uint8_t arrivals = 0;
  DropReason reason = DropReason::lost;  // where arrivals is 0
  std::uint16_t acted = 0;               // condition_bit of each condition that changed something
  std::array<Time, most> at{};
  std::uint64_t damage = 0;  // if not 0, what arrives is corrupt() by this word
};

// The state of all directed links between `nodes` nodes. A value. The fate of the i-th message of a
// link depends on the seed, the link, i and the conditions of the link alone.
class Network {
 public:
  Network() = default;
  // A full mesh of links that all behave alike.
  Network(std::uint64_t seed, std::uint32_t nodes, LinkProfile profile);

  // A further behaviour, numbered from 1; 0 is that of the mesh. At most 65,535.
  std::uint16_t add_profile(LinkProfile profile);
  // Gives one directed link the behaviour of that number.
  void use_profile(NodeId from, NodeId to, std::uint16_t profile) {
    link(from, to).profile = profile;
  }
  std::uint16_t profile_number(NodeId from, NodeId to) const { return link(from, to).profile; }
  const LinkProfile& profile(NodeId from, NodeId to) const;

  // A route: where a message for `to` that is at `from` goes next, until it is there. Its delays
  // add up, and each link on the way may lose it. No node: there is no way.
  void set_next_hop(NodeId from, NodeId to, NodeId via) { link(from, to).via = via; }
  // What `from` itself sends to `to` follows the route instead of the direct link.
  void use_route(NodeId from, NodeId to) { link(from, to).routed = true; }

  // Cuts are counted: a link carries nothing until it is healed as often as it was cut.
  void cut(NodeId from, NodeId to) {
    ++link(from, to).cuts;
    ++cuts_;
  }
  void heal(NodeId from, NodeId to);
  // Whether a message from one to the other would not pass, on one of the links of its route.
  bool is_cut(NodeId from, NodeId to) const { return cuts_ > 0 && is_route_cut(from, to); }

  // From now on all luck comes from this seed.
  void reseed(std::uint64_t seed);

  // Conditions: see link_conditions.h. Lifting the last clog of a link leaves what it held to be
  // taken by released().
  LinkConditionId impose(NodeId from, NodeId to, Time now, LinkCondition condition);
  LinkCondition lift(const LinkConditionId& id);
  bool is_impaired(NodeId from, NodeId to) const {
    return impairments_ > 0 && link(from, to).impaired;
  }
  std::vector<LinkConditionId> conditions(NodeId from, NodeId to) const;
  // When the last arrives of what a fifo link has taken: nothing that is sent now comes earlier.
  Time last_arrival(NodeId from, NodeId to) const { return link(from, to).last_arrival; }
  // How often the direct link is cut.
  std::uint32_t cuts(NodeId from, NodeId to) const { return link(from, to).cuts; }
  bool is_clogged(NodeId from, NodeId to) const {
    return is_impaired(from, to) && impaired_.find(index(from, to))->clogs > 0;
  }
  // Keeps an arrival, by a number of the caller's, until the link is clogged no more.
  void hold_back(NodeId from, NodeId to, std::uint32_t arrival);
  std::vector<std::uint32_t> released(NodeId from, NodeId to);

  // The delay of one more copy of a message, by a uniform word of the caller's.
  Duration copy_delay(NodeId from, NodeId to, std::uint64_t word) const;

  // Decides the fate of the next message on this link, sent at `now`; its size matters to the
  // condition Bandwidth only.
  Passage send(NodeId from, NodeId to, Time now, std::uint64_t bytes = 0) {
    if (const std::optional<Time> arrival = send_untroubled(from, to, now)) {
      return {1, DropReason::lost, 0, {*arrival}, 0};
    }
    return send_with_trouble(from, to, now, bytes);
  }
  // The same, where nothing can happen to the message but that it takes its time: when it arrives.
  // Nothing, and it is not sent, if the link is cut, has conditions or a route, or may lose, double
  // or keep in order what it carries.
  [[gnu::always_inline]] inline std::optional<Time> send_untroubled(NodeId from, NodeId to,
                                                                    Time now) {
    if (from == to) return now;  // a node reaches itself without a network
    Link& used = link(from, to);
    const Behaviour& behaviour = profiles_[used.profile];
    if (used.cuts > 0 || used.routed || used.impaired || !behaviour.only_delays) return {};
    const std::uint64_t number = used.count++;
    return saturating_add(now, behaviour.constant
                                   ? behaviour.shortest
                                   : behaviour.latency.at(draw(key_of(used, from, to), number)));
  }

  // Whether messages of the mesh that nothing befalls arrive in the order in which they were sent,
  // whatever their links: then it takes each as long as any other.
  bool keeps_order() const { return profiles_.front().constant; }

 private:
  struct Link {
    std::uint64_t count = 0;      // messages so far
    std::uint64_t delay_key = 0;  // of the stream of delays, once it is known
    Time last_arrival{-1};        // fifo
    std::uint32_t cuts = 0;
    NodeId via;  // of the route from here
    std::uint16_t profile = 0;
    bool routed = false;
    bool impaired = false;  // it has conditions
    bool has_key = false;
  };
  // A profile, and what follows from it.
  struct Behaviour : LinkProfile {
    explicit Behaviour(LinkProfile profile);
    bool only_delays = false;  // it loses and doubles nothing, and may overtake
    bool constant = false;     // all take the shortest time
    Duration shortest;
  };

  std::uint64_t index(NodeId from, NodeId to) const {
    return static_cast<std::uint64_t>(from.value - 1) * nodes_ + (to.value - 1);
  }
  Link& link(NodeId from, NodeId to) { return links_[index(from, to)]; }
  const Link& link(NodeId from, NodeId to) const { return links_[index(from, to)]; }
  static std::uint64_t entity(NodeId from, NodeId to) {
    return (static_cast<std::uint64_t>(from.value) << 32) | to.value;
  }
  std::uint64_t key_of(Link& link, NodeId from, NodeId to) const {
    if (!link.has_key) {
      link.delay_key = stream_key(seed_, Purpose::delay, entity(from, to));
      link.has_key = true;
    }
    return link.delay_key;
  }
  bool is_route_cut(NodeId from, NodeId to) const;
  Passage send_with_trouble(NodeId from, NodeId to, Time now, std::uint64_t bytes);
  Passage send_directly(NodeId from, NodeId to, Link& used, std::uint64_t number, Time now) const;
  Passage send_along_route(NodeId from, NodeId to, std::uint64_t number, Time now, bool& fifo);
  static void keep_order(Link& link, Time& arrival);
  std::uint64_t condition_key(const ImpairedLink& link, const LinkCondition& condition, NodeId from,
                              NodeId to, Time now) const;
  // What the conditions of the link make of a passage, the order of a fifo link included.
  void impair(NodeId from, NodeId to, std::uint64_t number, Time now, std::uint64_t bytes,
              bool fifo, Passage& passage);

  std::uint64_t seed_ = 0;
  std::uint32_t nodes_ = 0;
  std::vector<Behaviour> profiles_;
  LinkTable<Link> links_;
  std::uint64_t cuts_ = 0;         // of all links together
  std::uint64_t impairments_ = 0;  // links that are impaired
  std::uint64_t next_condition_ = 1;
  FlatMap<std::uint64_t, ImpairedLink> impaired_;  // by index of the link
};

}  // namespace ballast
