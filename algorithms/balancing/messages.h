// What balancers and endpoints say to each other.
//
//   client          balancer                endpoint
//      |-- request -->|                        |
//      |              |--- Forward ----------->|  queued, then served
//      |              |<-- Done, Refused or Failed
//      |<-- answer ---|                        |
//                     |--- Probe ------------->|
//                     |<-- ProbeReply or Draining
//                     |--- AskLoad ----------->|
//                     |<-- LoadReport ---------|  also unasked, as its options say
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>
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
      Fields{field("ticket", &Forward::ticket), field("request", &Forward::request),
             field("work", &Forward::work)};
};

struct Done {
  Ticket ticket;
  RequestId request;
  friend constexpr auto operator<=>(const Done&, const Done&) = default;
  static constexpr std::string_view name = "Done";
  static constexpr auto fields =
      Fields{field("ticket", &Done::ticket), field("request", &Done::request)};
};

struct Refused {  // the queue is full: nothing was done, and nothing will be
  Ticket ticket;
  RequestId request;
  friend constexpr auto operator<=>(const Refused&, const Refused&) = default;
  static constexpr std::string_view name = "Refused";
  static constexpr auto fields =
      Fields{field("ticket", &Refused::ticket), field("request", &Refused::request)};
};

struct Probe {
  std::uint64_t round = 0;
  friend constexpr auto operator<=>(const Probe&, const Probe&) = default;
  static constexpr std::string_view name = "Probe";
  static constexpr auto fields = Fields{field("round", &Probe::round)};
};

struct ProbeReply {
  std::uint64_t round = 0;
  friend constexpr auto operator<=>(const ProbeReply&, const ProbeReply&) = default;
  static constexpr std::string_view name = "ProbeReply";
  static constexpr auto fields = Fields{field("round", &ProbeReply::round)};
};

// As Forward, where requests differ in urgency: 0 is the most urgent.
struct ForwardUrgent {
  Ticket ticket;
  RequestId request;
  std::uint64_t work = 0;
  std::uint64_t priority = 0;
  friend constexpr auto operator<=>(const ForwardUrgent&, const ForwardUrgent&) = default;
  static constexpr std::string_view name = "ForwardUrgent";
  static constexpr auto fields =
      Fields{field("ticket", &ForwardUrgent::ticket), field("request", &ForwardUrgent::request),
             field("work", &ForwardUrgent::work), field("priority", &ForwardUrgent::priority)};
};

struct Failed {  // the endpoint tried, or claims so, and it went wrong
  Ticket ticket;
  RequestId request;
  friend constexpr auto operator<=>(const Failed&, const Failed&) = default;
  static constexpr std::string_view name = "Failed";
  static constexpr auto fields =
      Fields{field("ticket", &Failed::ticket), field("request", &Failed::request)};
};

struct Cancel {  // nobody waits for this request any more: it need not be served
  Ticket ticket;
  RequestId request;
  friend constexpr auto operator<=>(const Cancel&, const Cancel&) = default;
  static constexpr std::string_view name = "Cancel";
  static constexpr auto fields =
      Fields{field("ticket", &Cancel::ticket), field("request", &Cancel::request)};
};

struct Draining {  // as ProbeReply: it is up, and wants no new requests
  std::uint64_t round = 0;
  friend constexpr auto operator<=>(const Draining&, const Draining&) = default;
  static constexpr std::string_view name = "Draining";
  static constexpr auto fields = Fields{field("round", &Draining::round)};
};

struct AskLoad {
  friend constexpr auto operator<=>(const AskLoad&, const AskLoad&) = default;
  static constexpr std::string_view name = "AskLoad";
  static constexpr auto fields = Fields{};
};

// How an endpoint is doing. The rates are of a window of the endpoint's own choice, see its
// options.
struct LoadReport {
  std::uint64_t in_flight = 0;    // waiting and in progress
  Duration latency;               // the median of late, at about as many in flight
  std::uint64_t utilization = 0;  // millionths of its capacity that were busy
  std::uint64_t rate = 0;         // requests that ended well, in thousandths per second
  std::uint64_t errors = 0;       // requests that failed, in thousandths per second
  friend constexpr auto operator<=>(const LoadReport&, const LoadReport&) = default;
  static constexpr std::string_view name = "LoadReport";
  static constexpr auto fields =
      Fields{field("in_flight", &LoadReport::in_flight), field("latency", &LoadReport::latency),
             field("utilization", &LoadReport::utilization), field("rate", &LoadReport::rate),
             field("errors", &LoadReport::errors)};
};

// One type for both, so that they understand each other.
using Message = std::variant<Forward, Done, Refused, Probe, ProbeReply, ForwardUrgent, Failed,
                             Cancel, Draining, AskLoad, LoadReport>;

// Neither writes anything down: after a crash they begin anew.
struct NothingDurable {
  static constexpr std::string_view name = "NothingDurable";
  static constexpr auto fields = Fields{};
};
using Record = std::variant<NothingDurable>;

}  // namespace ballast::balancing
