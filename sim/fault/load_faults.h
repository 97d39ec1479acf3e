// Faults of load: clients that ask more than they should, or twice. That clients crash and are cut
// off needs no fault of its own: they are nodes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sim/base/describe.h"
#include "sim/fault/selector.h"

namespace ballast {

struct RateChange {
  Ratio factor{10, 1};
  Selector clients = Selector::group("client");
  static constexpr std::string_view name = "rate";
  static constexpr std::string_view doc =
      "Clients ask so many times as often, until the fault ends: a burst, a step, or a lull if the "
      "factor is below 1. The pause that a client is in when it begins is not changed.";
  static constexpr auto fields = Fields{
      field("factor", &RateChange::factor, "How many times, from 1/1000 to 1000.").at_most(1000),
      field("clients", &RateChange::clients, "Which clients.")};
};

enum class SecondServer : std::uint8_t { next, same };
constexpr auto enumerators(SecondServer) { return std::array<std::string_view, 2>{"next", "same"}; }

struct DoubleSubmit {
  Ratio share{1, 2};
  Selector clients = Selector::group("client");
  SecondServer to = SecondServer::next;
  static constexpr std::string_view name = "double_submit";
  static constexpr std::string_view doc =
      "Clients send requests twice, under the same number, at once. A server that does not "
      "recognise the second one executes it again.";
  static constexpr auto fields =
      Fields{field("share", &DoubleSubmit::share, "The share of requests sent twice."),
             field("clients", &DoubleSubmit::clients, "Which clients."),
             field("to", &DoubleSubmit::to,
                   "Who gets the second one: the next server in the "
                   "client's list, or the same.")};
};

}  // namespace ballast
