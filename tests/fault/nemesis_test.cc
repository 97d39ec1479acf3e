// What the nemesis draws from a seed.
#include "sim/fault/nemesis.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/fault/fault.h"
#include "sim/scenario/misfortune.h"

using namespace ballast;
using namespace literals;

namespace {

Arena arena() {
  Arena a;
  a.members = a.servers = 5;
  a.clients = 2;
  a.patience = 300_ms;
  a.duration = 10_s;
  a.timers = {"election", "heartbeat"};
  return a;
}

std::string text(const std::vector<Fault>& faults) {
  std::string out;
  JsonWriter w(out);
  w.begin_array();
  for (const Fault& fault : faults) write_json(w, fault);
  w.end_array();
  return out;
}

}  // namespace

TEST_CASE("every profile that comes with the tool can be read, and default leaves no family out") {
  std::set<std::string_view> names;
  for (const NamedProfile& each : built_in_profiles()) {
    CAPTURE(each.name);
    names.insert(each.name);
    REQUIRE(find_profile(each.name).has_value());
    CHECK(find_profile(each.name)->title == each.name);
  }
  for (const std::string_view name :
       {"calm", "default", "storm", "storage", "clocks", "partial-partitions", "beyond"}) {
    CHECK(names.count(name) == 1);
  }
  const std::vector<Family> usual = find_profile("default")->families;
  for (std::size_t i = 0; i < enumerators(Family{}).size(); ++i) {
    const auto family = static_cast<Family>(i);
    CAPTURE(name_of(family));
    const bool in = std::find(usual.begin(), usual.end(), family) != usual.end();
    CHECK(in == !is_outside_model(family));
  }
  CHECK_FALSE(find_profile("no such profile").has_value());
}

TEST_CASE("a seed always draws the same schedule, and another seed another") {
  const Profile profile = *find_profile("default");
  CHECK(text(nemesis(profile, arena(), 7)) == text(nemesis(profile, arena(), 7)));
  std::set<std::string> schedules;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    schedules.insert(text(nemesis(profile, arena(), seed)));
  }
  CHECK(schedules.size() > 40);
}

TEST_CASE("in each run whole families are off, and each is on in some") {
  const Profile profile = *find_profile("default");
  std::map<Family, int> on;
  std::size_t fewest = 99;
  std::size_t most = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const std::vector<Family> families = swarm(profile, seed);
    for (const Family family : families) ++on[family];
    fewest = std::min(fewest, families.size());
    most = std::max(most, families.size());
  }
  CHECK(fewest == 0);
  CHECK(most < profile.families.size());
  for (const Family family : profile.families) {
    CAPTURE(name_of(family));
    if (family == Family::ambush) {
      CHECK(on[family] > 420);  // expected: 500 of 1000, with a standard deviation of 16
      CHECK(on[family] < 580);
      continue;
    }
    CHECK(on[family] > 80);  // expected: 176 of 1000, with a standard deviation of 12
    CHECK(on[family] < 270);
  }
}

TEST_CASE("without one family all others strike as before") {
  Profile all = *find_profile("storm");
  all.chance = {1, 1};
  Profile fewer = all;
  std::erase(fewer.families, Family::crash);
  const std::vector<Fault> with = nemesis(all, arena(), 3);
  const std::vector<Fault> without = nemesis(fewer, arena(), 3);
  REQUIRE(without.size() < with.size());
  std::size_t place = 0;
  for (const Fault& fault : without) {
    while (place < with.size() && text({with[place]}) != text({fault})) ++place;
    CHECK(place < with.size());
  }
}

TEST_CASE("faults stay within the run, last, and leave the model only if the profile says so") {
  for (const NamedProfile& each : built_in_profiles()) {
    const Profile profile = *find_profile(each.name);
    bool left = false;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      for (const Fault& fault : nemesis(profile, arena(), seed)) {
        CHECK(fault.at < Time{} + 10_s);
        CHECK(fault.optional);
        if (fault.lasts) CHECK(*fault.lasts > Duration{});
        left = left || leaves_model(fault.action);
      }
    }
    CAPTURE(each.name);
    CHECK(left == (each.name == "beyond"));
  }
}

TEST_CASE("log_uniform stays in its range and is even over octaves") {
  Stream dice(1, Purpose::nemesis, 99);
  std::map<int, int> octaves;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t n = log_uniform(dice, 3, 1'000);
    REQUIRE(n >= 3);
    REQUIRE(n <= 1'000);
    int octave = 0;
    while ((3ULL << (octave + 1)) <= n) ++octave;
    ++octaves[octave];
  }
  CHECK(octaves.size() == 9);
  for (const auto& [octave, count] : octaves) CHECK(count > 900);
  CHECK(log_uniform(dice, 5, 5) == 5);
  CHECK(log_uniform(dice, 1, ~std::uint64_t{0}) >= 1);
}
