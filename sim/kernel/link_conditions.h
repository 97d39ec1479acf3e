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
#include <type_traits>
#include <variant>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/distribution.h"
#include "sim/base/rate.h"
#include "sim/base/ring.h"

namespace ballast {

// What is lost when the queue before a slow link fills up: see Bandwidth. Random: Floyd and
// Jacobson, "Random Early Detection Gateways for Congestion Avoidance", 1993.
enum class Overflow : std::uint8_t { tail, random };
constexpr auto enumerators(Overflow) { return std::array<std::string_view, 2>{"tail", "random"}; }

// Each is described once: the faults that impose them take their options, words and texts from
// here.
namespace condition {

struct Delay {
  Distribution add = Distribution::constant({});
  Ratio factor{1, 1};
  static constexpr std::string_view name = "latency";
  static constexpr std::string_view doc =
      "Messages take longer: the delay that the link draws is multiplied, then more is added.";
  static constexpr auto fields = Fields{
      field("add", &Delay::add, "What is added, drawn for each message."),
      field("factor", &Delay::factor, "What the drawn delay is multiplied by.").at_most(1'000'000)};
  bool acts() const { return !(factor == Ratio{1, 1}) || !(add == Distribution::constant({})); }
};

// A two-state chain (Gilbert 1960, Elliott 1963) that keeps its state with the probability
// `correlation` and otherwise draws it anew. So P(bad -> bad) = rate + correlation * (1 - rate) and
// P(good -> bad) = rate * (1 - correlation): the share of the lost is exactly `rate`, and the
// correlation of a message with the next exactly `correlation`. Blending two uniform numbers
// instead, as is often done, would lose far fewer than `rate`.
struct Loss {
  Ratio rate;
  Ratio correlation;
  static constexpr std::string_view name = "loss";
  static constexpr std::string_view doc =
      "Messages vanish, and the sender is not told. With a correlation they do so in bursts, of "
      "1 / ((1 - rate) (1 - correlation)) messages on average, while the share of the lost stays "
      "the same (the model of Gilbert and Elliott).";
  static constexpr auto fields = Fields{
      field("rate", &Loss::rate, "The share of the messages that is lost.").needed(),
      field("correlation", &Loss::correlation,
            "How much the fate of a message is that of the one before it on the same link.")};
  bool acts() const { return !rate.is_zero(); }
};

struct Duplicate {
  Ratio rate;
  static constexpr std::string_view name = "duplicate";
  static constexpr std::string_view doc =
      "Messages arrive twice, each time after a delay of its own.";
  static constexpr auto fields =
      Fields{field("rate", &Duplicate::rate, "The share of the messages of which a copy is made.")
                 .needed()};
  bool acts() const { return !rate.is_zero(); }
};

struct Replay {
  Ratio rate;
  Distribution hold = Distribution::uniform({0}, {5'000'000'000});
  static constexpr std::string_view name = "replay";
  static constexpr std::string_view doc =
      "A copy of a message is kept on the way and arrives late: in another term, or when its "
      "receiver has crashed and started again. Where links are fifo, these copies are not.";
  static constexpr auto fields = Fields{
      field("rate", &Replay::rate, "The share of the messages of which a copy is kept.").needed(),
      field("hold", &Replay::hold, "How long after its sending the copy arrives.")};
  bool acts() const { return !rate.is_zero(); }
};

struct Reorder {
  Ratio share;
  Duration window{100'000'000};
  static constexpr std::string_view name = "reorder";
  static constexpr std::string_view doc =
      "Some messages take longer, by a uniform time up to a window, so that later ones overtake "
      "them even where all delays are equal. A fifo link keeps its order all the same.";
  static constexpr auto fields =
      Fields{field("share", &Reorder::share, "Of the messages, those that wait.").needed(),
             field("window", &Reorder::window, "The longest that one waits.")};
  bool acts() const { return !share.is_zero() && window > Duration{}; }
};

struct Corrupt {
  Ratio rate;
  bool detected = true;
  static constexpr std::string_view name = "corrupt";
  static constexpr std::string_view doc =
      "Messages are damaged. If a checksum tells, they are dropped; if not, one number, truth "
      "value or word in them is another (node numbers, times and texts never). Undetected damage "
      "is outside the fault model of algorithms that trust their transport: safety may break.";
  static constexpr auto fields =
      Fields{field("rate", &Corrupt::rate, "The share of the messages that is damaged.").needed(),
             field("detected", &Corrupt::detected, "Whether a checksum tells.")};
  bool acts() const { return !rate.is_zero(); }
};

struct Clog {
  static constexpr std::string_view name = "clog";
  static constexpr std::string_view doc =
      "Nothing arrives until the fault ends; then everything does that would have arrived, at that "
      "instant and in that order. A clog loses nothing.";
  static constexpr auto fields = Fields{};
  bool acts() const { return true; }
};

// The size of a message is 8 bytes for each word of its description.
struct Bandwidth {
  Rate rate{125'000, {1'000'000'000}};
  std::uint64_t queue = 0;
  Overflow overflow = Overflow::tail;
  static constexpr std::string_view name = "bandwidth";
  static constexpr std::string_view doc =
      "Links are slow: messages leave one after the other, each taking the time that its size "
      "needs, and wait in a queue. What finds no room in the queue is lost.";
  static constexpr auto fields = Fields{
      field("rate", &Bandwidth::rate, "Bytes per time for each directed link: \"125000/s\"."),
      field("queue", &Bandwidth::queue,
            "The most messages that wait, that on the wire included; 0 for no bound."),
      field("overflow", &Bandwidth::overflow,
            "tail: what finds the queue full is lost. random: a message is lost with the "
            "probability queued / queue (random early detection without its averaging).")};
  bool acts() const { return !rate.is_zero(); }
};

}  // namespace condition

using LinkCondition =
    std::variant<condition::Delay, condition::Loss, condition::Duplicate, condition::Replay,
                 condition::Reorder, condition::Corrupt, condition::Clog, condition::Bandwidth>;
constexpr std::size_t link_condition_kinds = std::variant_size_v<LinkCondition>;
constexpr std::array<std::string_view, link_condition_kinds> link_condition_names{
    "latency", "loss", "duplicate", "replay", "reorder", "corrupt", "clog", "bandwidth"};

// The bit of a kind of condition in Passage::acted.
template <class Condition, std::size_t kind = 0>
constexpr std::uint16_t condition_bit() {
  if constexpr (std::is_same_v<Condition, std::variant_alternative_t<kind, LinkCondition>>) {
    return std::uint16_t{1} << kind;
  } else {
    return condition_bit<Condition, kind + 1>();
  }
}

// Whether it can make any difference: not a loss of probability zero, nor a delay of nothing.
inline bool acts(const LinkCondition& condition) {
  return std::visit([](const auto& held) { return held.acts(); }, condition);
}

// Names a condition that is in force, so that it can be lifted.
struct LinkConditionId {
  NodeId from;
  NodeId to;
  std::uint64_t number = 0;
};

// The conditions of one link and what they remember. A value.
struct ImpairedLink {
  struct Imposed {
    std::uint64_t number = 0;  // of its LinkConditionId
    Time since;
    std::uint64_t key = 0;  // of its streams
    LinkCondition condition;
    bool bad = false;         // Loss: the state of the chain
    std::uint64_t first = 0;  // the number of the first message under it
    std::uint64_t next = 0;   // Loss: the first message that the chain has not seen
    Time free;                // Bandwidth: when the wire will be
    Ring<Time> departures;    // Bandwidth: of what waits, the first to leave first
  };
  std::vector<Imposed> imposed;
  std::uint32_t clogs = 0;
  std::vector<std::uint32_t> held;  // by clogs: the world's numbers of arrivals, in order
};

}  // namespace ballast
