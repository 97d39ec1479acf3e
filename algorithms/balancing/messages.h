// What balancers and endpoints say to each other.
//
//   client          balancer                endpoint
//      |-- request -->|                        |
//      |              |--- Forward ----------->|  queued, then served
//      |              |<-- Done or Refused ----|
//      |<-- answer ---|                        |
//                     |--- Probe ------------->|
//                     |<-- ProbeReply ---------|
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <variant>

#include "sim/protocol/fact.h"

namespace ballast::balancing {

// The ticket is the sender's number for the request, and comes back with the answer; so does the
// request, for a balancer that has crashed meanwhile gives out the same tickets again.
struct Forward {
  Ticket ticket;
  RequestId request;
  std::uint64_t work = 0;  // how much, as Command::work
  friend constexpr auto operator<=>(const Forward&, const Forward&) = default;
  static constexpr std::string_view name = "Forward";
  static constexpr auto fields =
      std::tuple{field("ticket", &Forward::ticket), field("request", &Forward::request),
                 field("work", &Forward::work)};
};

struct Done {
  Ticket ticket;
  RequestId request;
  friend constexpr auto operator<=>(const Done&, const Done&) = default;
  static constexpr std::string_view name = "Done";
  static constexpr auto fields =
      std::tuple{field("ticket", &Done::ticket), field("request", &Done::request)};
};

struct Refused {  // the queue is full: nothing was done, and nothing will be
  Ticket ticket;
  RequestId request;
  friend constexpr auto operator<=>(const Refused&, const Refused&) = default;
  static constexpr std::string_view name = "Refused";
  static constexpr auto fields =
      std::tuple{field("ticket", &Refused::ticket), field("request", &Refused::request)};
};

struct Probe {
  std::uint64_t round = 0;
  friend constexpr auto operator<=>(const Probe&, const Probe&) = default;
  static constexpr std::string_view name = "Probe";
  static constexpr auto fields = std::tuple{field("round", &Probe::round)};
};

struct ProbeReply {
  std::uint64_t round = 0;
  friend constexpr auto operator<=>(const ProbeReply&, const ProbeReply&) = default;
  static constexpr std::string_view name = "ProbeReply";
  static constexpr auto fields = std::tuple{field("round", &ProbeReply::round)};
};

// One type for both, so that they understand each other.
using Message = std::variant<Forward, Done, Refused, Probe, ProbeReply>;

// Neither writes anything down: after a crash they begin anew.
struct NothingDurable {
  static constexpr std::string_view name = "NothingDurable";
  static constexpr auto fields = std::tuple{};
};
using Record = std::variant<NothingDurable>;

}  // namespace ballast::balancing
