#include "sim/report/parting.h"

#include <algorithm>

#include "sim/report/repro.h"
#include "sim/report/words.h"

namespace ballast {
namespace {

std::string message(const Occurrence& seen, const World& world, const Names& names) {
  const AnyPool& pool = world.pools()[seen.payload];
  std::string json;
  JsonWriter w(json);
  w.begin_object();
  pool.write_members(seen.payload.slot, w);
  w.end_object();
  return message_in_words(pool.message_name(seen.payload.slot), json, names);
}

// What the fingerprint holds of it and a person can read.
std::string what(const Occurrence& seen, const World& world, const Names& names) {
  const std::string name(name_of(seen.what));
  switch (seen.what) {
    case Sight::received:
      return "received " + message(seen, world, names) + " from " + names.of(seen.peer);
    case Sight::sent:
      return "sent " + message(seen, world, names) + " to " + names.of(seen.peer);
    case Sight::dropped:
      return message(seen, world, names) + " to " + names.of(seen.peer) + " will not arrive (" +
             std::string(name_of(seen.reason)) + ")";
    case Sight::fired:
      return "timer \"" + std::string(world.process(seen.node).timer_name(seen.timer)) + "\" fired";
    case Sight::stated:
      return in_words(*seen.fact, names);
    case Sight::persisted:
    case Sight::crashed:
      return name + ", " + with_commas(seen.records) +
             (seen.what == Sight::crashed ? " records lost" : " records");
    case Sight::broke_rule:
      return "broke its rule \"" + std::string(seen.sentence) + "\"";
    case Sight::cut:
    case Sight::healed:
      return name + " the link to " + names.of(seen.peer);
    case Sight::imposed:
    case Sight::lifted:
      if (seen.condition == nullptr) return name + " \"" + std::string(seen.sentence) + "\"";
      return name + " \"" + std::string(name_of(*seen.condition)) + "\" on the link to " +
             names.of(seen.peer);
    case Sight::corrupted:
      return "a message to " + names.of(seen.peer) + " is damaged on its way, to " +
             message(seen, world, names);
    case Sight::damaged:
      return "record " + with_commas(seen.records) + " of its disk: " + std::string(seen.sentence);
    case Sight::refused:
      return "does not start: record " + with_commas(seen.records) + " is unreadable";
    case Sight::clock_set:
      return name + " by " + to_text(seen.step);
    case Sight::booted:
    case Sight::flushed:
    case Sight::paused:
    case Sight::resumed:
      break;
  }
  return name;
}

}  // namespace

std::string in_words(const Happening& happening) {
  return readable(to_text(happening.at) + "  event " + with_commas(happening.event.value) + "  " +
                  happening.node + "  " + happening.what);
}

Happenings::Happenings(const Scenario& scenario, std::uint64_t first, std::uint64_t last)
    : names_(scenario), first_(first), last_(last) {}

void Happenings::see(const Occurrence& seen, const World& world) {
  if (seen.event.value < first_ || seen.event.value > last_) return;
  all_.push_back({seen.event, seen.at, names_.of(seen.node), what(seen, world, names_)});
}

std::vector<Happening> happenings_of(const Scenario& scenario, std::uint64_t event) {
  Happenings kept(scenario, event, event);
  run(scenario, {&kept, true, nullptr, {}});
  return kept.all();
}

Parting parting(const Scenario& a, const Scenario& b, std::size_t context) {
  const RunOutcome of_a = run(a);
  const RunOutcome of_b = run(b);
  Parting result;
  Repro expected;
  expected.fingerprint = of_a.fingerprint;
  expected.prefixes = of_a.prefixes;
  const Comparison compared = compare(expected, of_b);
  result.same = compared.same_fingerprint;
  if (result.same) return result;
  const std::uint64_t longest = std::max(of_a.counters.events, of_b.counters.events);
  const std::uint64_t spare = 64 + context;
  const std::uint64_t first = compared.parted_after > spare ? compared.parted_after - spare : 0;
  const std::uint64_t last = std::min(std::max(compared.parted_before, first) + spare, longest);
  Happenings in_a(a, first, last);
  Happenings in_b(b, first, last);
  run(a, {&in_a, true, nullptr, {}});
  run(b, {&in_b, true, nullptr, {}});
  const auto [at_a, at_b] =
      std::mismatch(in_a.all().begin(), in_a.all().end(), in_b.all().begin(), in_b.all().end());
  const auto take = [&](auto from, auto end) {
    const auto size =
        std::min<std::ptrdiff_t>(end - from, static_cast<std::ptrdiff_t>(context) + 1);
    return std::vector<Happening>(from, from + size);
  };
  const auto known =
      std::min<std::ptrdiff_t>(at_a - in_a.all().begin(), static_cast<std::ptrdiff_t>(context));
  result.before.assign(at_a - known, at_a);
  result.a = take(at_a, in_a.all().end());
  result.b = take(at_b, in_b.all().end());
  result.event = compared.parted_before;
  if (!result.a.empty()) result.event = result.a.front().event.value;
  if (!result.b.empty()) result.event = std::min(result.event, result.b.front().event.value);
  return result;
}

}  // namespace ballast
