// What can be the matter with a directed link for a while: conditions that are imposed on it, any
// number at once, and hold until they are lifted. They act in the order in which they were imposed,
// on top of what the link's own profile does. Each condition draws from streams of its own, known
// by the seed, the kind of condition, the link, the time at which it was imposed and the number of
// the message on its link: taking one condition away leaves every other draw as it was.
//
// A condition holds for everything that one node sends to another, whatever the route. What a node
// sends to itself passes no link.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/distribution.h"
#include "sim/base/ring.h"

namespace ballast {

// When the queue before a slow link is full.
//   tail    the message that finds no room is lost
//   random  each message that comes is lost with the probability queued / capacity, so that losses
//           begin before the queue is full: random early detection, without its averaging (Floyd and
//           Jacobson, "Random Early Detection Gateways for Congestion Avoidance", 1993)
enum class Overflow : std::uint8_t { tail, random };
constexpr auto enumerators(Overflow) {
  return std::array<std::string_view, 2>{"tail", "random"};
}

namespace condition {

// The delay that the link draws is multiplied, and more is added. Not negative.
struct Delay {
  Ratio factor{1, 1};
  Distribution add = Distribution::constant({});
  static constexpr std::string_view name = "delay";
  static constexpr auto fields =
      std::tuple{field("factor", &Delay::factor), field("add", &Delay::add)};
  bool acts() const {
    return !(factor == Ratio{1, 1}) || !(add == Distribution::constant({}));
  }
};

// Each message is lost with the probability `rate`. With a correlation the losses come in bursts: a
// two-state chain (Gilbert 1960, Elliott 1963) that keeps its state with the probability
// `correlation` and otherwise draws it anew, bad with the probability `rate`. So the share of the
// lost is exactly `rate`, the correlation between neighbouring messages exactly `correlation`, and
// a burst has 1 / ((1 - rate) * (1 - correlation)) messages on average. Blending two uniform
// numbers instead, as is often done, would lose far fewer.
struct Loss {
  Ratio rate;
  Ratio correlation;
  static constexpr std::string_view name = "loss";
  static constexpr auto fields =
      std::tuple{field("rate", &Loss::rate), field("correlation", &Loss::correlation)};
  bool acts() const { return !rate.is_zero(); }
};

// A message arrives twice, each time after a delay of its own.
struct Duplicate {
  Ratio rate;
  static constexpr std::string_view name = "duplicate";
  static constexpr auto fields = std::tuple{field("rate", &Duplicate::rate)};
  bool acts() const { return !rate.is_zero(); }
};

// A copy of a message is kept on the way and arrives as well, `hold` after it was sent: perhaps in
// another term, or when its receiver has crashed and started again. A fifo link does not keep the
// order of such copies.
struct Replay {
  Ratio rate;
  Distribution hold;
  static constexpr std::string_view name = "replay";
  static constexpr auto fields =
      std::tuple{field("rate", &Replay::rate), field("hold", &Replay::hold)};
  bool acts() const { return !rate.is_zero(); }
};

// A share of the messages takes longer, by a uniform time up to `window`: they are overtaken even
// where all delays are equal. A fifo link keeps its order all the same.
struct Reorder {
  Ratio share;
  Duration window;
  static constexpr std::string_view name = "reorder";
  static constexpr auto fields =
      std::tuple{field("share", &Reorder::share), field("window", &Reorder::window)};
  bool acts() const { return !share.is_zero() && window > Duration{}; }
};

// A message is damaged. If that is detected, as by a checksum, it is dropped; if not, its receiver
// handles a message of which one field is wrong (sim/protocol/corrupt.h).
struct Corrupt {
  Ratio rate;
  bool detected = true;
  static constexpr std::string_view name = "corrupt";
  static constexpr auto fields =
      std::tuple{field("rate", &Corrupt::rate), field("detected", &Corrupt::detected)};
  bool acts() const { return !rate.is_zero(); }
};

// Nothing arrives. When the last clog of the link is lifted, all that would have arrived does, at
// that instant, in the order in which it would have. A clog loses nothing.
struct Clog {
  static constexpr std::string_view name = "clog";
  static constexpr auto fields = std::tuple{};
  bool acts() const { return true; }
};

// Messages leave one after the other, each taking its size (8 bytes for each word of its
// description) at this many bytes a second, and wait in a queue of at most `queue` messages, that
// on the wire included; 0 is no bound.
struct Bandwidth {
  std::uint64_t bytes_per_second = 0;  // 0 is no bound
  std::uint64_t queue = 0;
  Overflow overflow = Overflow::tail;
  static constexpr std::string_view name = "bandwidth";
  static constexpr auto fields =
      std::tuple{field("bytes_per_second", &Bandwidth::bytes_per_second),
                 field("queue", &Bandwidth::queue), field("overflow", &Bandwidth::overflow)};
  bool acts() const { return bytes_per_second > 0; }
};

}  // namespace condition

using LinkCondition =
    std::variant<condition::Delay, condition::Loss, condition::Duplicate, condition::Replay,
                 condition::Reorder, condition::Corrupt, condition::Clog, condition::Bandwidth>;
constexpr std::size_t link_condition_kinds = std::variant_size_v<LinkCondition>;
constexpr std::array<std::string_view, link_condition_kinds> link_condition_names{
    "delay", "loss", "duplicate", "replay", "reorder", "corrupt", "clog", "bandwidth"};

// The bit of a kind of condition in Passage::acted.
template <class Condition>
constexpr std::uint16_t condition_bit =
    static_cast<std::uint16_t>(1u << LinkCondition(Condition{}).index());

// Whether it can make any difference: not a loss of probability zero, nor a delay of nothing.
inline bool acts(const LinkCondition& condition) {
  return std::visit([](const auto& held) { return held.acts(); }, condition);
}

// Names a condition that is in force, so that it can be lifted.
struct ConditionId {
  NodeId from;
  NodeId to;
  std::uint64_t number = 0;
};

// The conditions of one link and what they remember. A value.
struct ImpairedLink {
  struct Imposed {
    std::uint64_t number = 0;  // of its ConditionId
    Time since;
    std::uint64_t key = 0;  // of its streams
    LinkCondition condition;
    bool bad = false;             // Loss: the state of the chain
    std::uint64_t first = 0;  // the number of the first message under it
    std::uint64_t next = 0;   // Loss: the first message that the chain has not seen
    Time free;                    // Bandwidth: when the wire will be
    Ring<Time> departures;        // Bandwidth: of what waits, the first to leave first
  };
  std::vector<Imposed> imposed;
  std::uint32_t clogs = 0;
  std::vector<std::uint32_t> held;  // by clogs: the world's numbers of arrivals, in order
};

}  // namespace ballast
