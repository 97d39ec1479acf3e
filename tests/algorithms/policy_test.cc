#include <algorithm>

#include "sim/protocol/register.h"
#include "tests/algorithms/picker.h"

namespace ballast::balancing {
namespace {

// Options without which a policy makes no sense, for three endpoints.
std::string usable(std::string_view name) {
  if (name == "priority") return R"({"priority": {"levels": [0, 0, 1]}})";
  if (name == "zone_aware") {
    return R"({"zone_aware": {"zones": [0, 0, 1], "balancers": [1, 1], "min_endpoints": 1}})";
  }
  if (name == "locality_load") return R"({"locality_load": {"zones": [0, 0, 1]}})";
  return std::string(name);
}

TEST_CASE("more than thirty policies are known by name, in order, and listed for people") {
  const std::vector<std::string_view> names = policy_names();
  CHECK(names.size() >= 35);
  CHECK(std::is_sorted(names.begin(), names.end()));
  CHECK(make_policy({"fastest"}) == nullptr);
  std::vector<std::string_view> listed;
  for (const CatalogueEntry& entry : catalogue()) {
    if (entry.kind != "policy") continue;
    listed.push_back(entry.name);
    CHECK(!entry.summary.empty());
    CHECK(!entry.source.empty());
    REQUIRE((entry.options != nullptr));
    for (const FieldInfo& option : entry.options().info.fields) CHECK(!option.doc.empty());
  }
  CHECK(listed == names);
}

TEST_CASE("a policy is chosen by its name, or with options, and written as it was read") {
  CHECK(read_text<PolicyChoice>(R"("least_loaded")").value.text == "least_loaded");
  CHECK(to_json(choice("least_loaded")) == R"("least_loaded")");
  CHECK(to_json(choice(R"({"p2c": {}})")) == R"({"p2c":{}})");
  CHECK(to_json(choice(R"({"power_of_d_choices": {"choices": 3}})")) ==
        R"({"power_of_d_choices":{"choices":3,"replacement":false,"load":"own"}})");
  CHECK(to_json(choice(R"({"random_subset": {"size": 2, "policy": "random"}})")) ==
        R"({"random_subset":{"size":2,"seed":0,"policy":"random"}})");
}

TEST_CASE("every mistake in the choice of a policy is reported, with what was meant") {
  CHECK(problem_of<PolicyChoice>(R"("leest_loaded")").find("[least_loaded]") != std::string::npos);
  CHECK(problem_of<PolicyChoice>("5").find("value is 5; expected one of") == 0);
  const std::string both =
      read_text<PolicyChoice>(R"({"least_request": {"choises": 2, "replacement": 5, "bias": -1}})")
          .problems;
  CHECK(both.find("choises") != std::string::npos);
  CHECK(both.find("[choices]") != std::string::npos);
  CHECK(both.find("least_request.replacement is 5") != std::string::npos);
  CHECK(both.find("least_request.bias is -1") != std::string::npos);
  CHECK(problem_of<PolicyChoice>(R"({"ring_hash": {"min_ring_size": 0}})") ==
        "ring_hash.min_ring_size is 0; expected a whole number from 1 to 8388608");
  CHECK(problem_of<PolicyChoice>(R"({"ring_hash": {"min_ring_size": 9, "max_ring_size": 8}})") ==
        "ring_hash: min_ring_size is larger than max_ring_size");
  CHECK(problem_of<PolicyChoice>(R"({"maglev": {"table_size": 65536}})") ==
        "maglev: table_size must be a prime number");
  CHECK(problem_of<PolicyChoice>(R"("priority")").find("levels") != std::string::npos);
}

TEST_CASE("a policy that is told of each endpoint says when it was not told of all") {
  const auto misfit = [](std::string_view text, std::size_t endpoints) {
    return make_policy(choice(text))->misfit(endpoints, endpoints);
  };
  CHECK(misfit(R"({"priority": {"levels": [0, 1]}})", 3) ==
        "priority.levels says something of 2 endpoints, but there are 3");
  CHECK(misfit(R"({"zone_aware": {"zones": [0, 1, 2], "balancers": [1, 1]}})", 3) ==
        "zone_aware.balancers leaves out a zone that has endpoints");
  CHECK(misfit(R"({"locality_load": {"zones": [0, 1], "zone": 2}})", 2) ==
        "locality_load.zone has no endpoint");
  CHECK(misfit(R"({"maglev": {"table_size": 7}})", 8) ==
        "maglev: the table is smaller than the number of endpoints");
  for (const std::string_view name : policy_names()) CHECK(misfit(usable(name), 3) == "");
  const auto nginx = make_policy(choice(R"({"ring_hash": {"dialect": "nginx"}})"));
  CHECK(nginx->misfit(1, 52'428) == "");
  CHECK(nginx->misfit(1, 52'429) ==
        "ring_hash: nginx lays 160 points for each unit of weight; 52,429 units are more than the "
        "8,388,608 points that a ring may have");
}

TEST_CASE("every policy picks among those that are up, as they come and go") {
  for (const std::string_view name : policy_names()) {
    CAPTURE(name);
    Picker picker(usable(name), {3, 2, 1});
    const auto only = [&](std::string_view names) {
      picker.up(names);
      for (int i = 0; i < 50; ++i) {
        picker.key = static_cast<std::uint64_t>(i);
        picker.now += {1'000'000};
        const char picked = picker.send();
        CHECK(names.find(picked) != std::string_view::npos);
        if (i % 3 > 0) picker.finish(picked, {5'000'000});
      }
    };
    only("abc");
    only("b");
    only("ac");
    picker.up("");  // nobody: nothing is picked then
    only("abc");
  }
}

TEST_CASE("smooth weighted round robin picks as nginx does") {
  CHECK(Picker("smooth_weighted_round_robin", {5, 1, 1}).picks(14) == "aabacaaaabacaa");
  CHECK(Picker("smooth_weighted_round_robin", {4, 2, 1}).picks(14) == "abacabaabacaba");
  CHECK(Picker("smooth_weighted_round_robin", {3, 3, 1}).picks(14) == "abcabababcabab");
}

TEST_CASE("smooth weighted round robin gives equals their turns in order") {
  CHECK(Picker("smooth_weighted_round_robin", {1, 1, 1}).picks(7) == "abcabca");
  CHECK(Picker("smooth_weighted_round_robin", {7, 7}).picks(5) == "ababa");
}

TEST_CASE("smooth weighted round robin: an endpoint that is down keeps what it is owed") {
  Picker picker("smooth_weighted_round_robin", {5, 1, 1});
  CHECK(picker.picks(2) == "aa");  // then a has -4, b and c have 2 each
  picker.up("bc");
  CHECK(picker.picks(4) == "bcbc");
  picker.up("abc");
  CHECK(picker.picks(5) == "bacaa");  // as if nothing had been in between
}

TEST_CASE("smooth weighted round robin serves every weight exactly in every round") {
  Picker picker("smooth_weighted_round_robin", {9, 4, 2, 1});
  for (int round = 0; round < 5; ++round) {
    CHECK(picker.counts(16) == std::map<char, int>{{'a', 9}, {'b', 4}, {'c', 2}, {'d', 1}});
  }
}

TEST_CASE("round robin gives each its turn, whatever its weight") {
  CHECK(Picker("round_robin", {5, 1, 1}).picks(7) == "abcabca");
}

TEST_CASE("round robin skips who is down and goes on where it was") {
  Picker picker("round_robin", {1, 1, 1, 1});
  CHECK(picker.picks(2) == "ab");
  picker.up("abd");  // it would be c's turn
  CHECK(picker.picks(3) == "dab");
  picker.up("abcd");
  CHECK(picker.picks(3) == "cda");
}

TEST_CASE("random picks each equally often, whatever its weight, with one draw each") {
  Picker picker("random", {5, 1, 1, 1});
  const auto counts = picker.counts(40'000);
  // Four standard deviations of a binomial count are 346.
  for (const char name : {'a', 'b', 'c', 'd'}) CHECK(within(counts.at(name), 10'000, 346));
  CHECK(picker.draws == 40'000);
}

TEST_CASE("weighted random picks in proportion to the weights of those that are up") {
  Picker picker("weighted_random", {5, 2, 1});
  auto counts = picker.counts(40'000);
  CHECK(within(counts['a'], 25'000, 388));
  CHECK(within(counts['b'], 10'000, 346));
  CHECK(within(counts['c'], 5'000, 265));
  picker.up("bc");
  counts = picker.counts(30'000);
  CHECK(within(counts['b'], 20'000, 327));
  CHECK(counts['a'] == 0);
  CHECK(picker.draws == 70'000);
}

TEST_CASE("least loaded picks the fewest unfinished requests, whatever the weight") {
  Picker picker("least_loaded", {9, 1, 1, 1});
  picker.load({3, 2, 1, 2});
  CHECK(picker.picks(3) == "ccc");
  picker.load({0, 2, 1, 2});
  CHECK(picker.picks(3) == "aaa");
}

TEST_CASE("least loaded draws among equals, evenly") {
  Picker picker("least_loaded", {1, 1, 1, 1});
  picker.load({1, 2, 1, 1});
  auto counts = picker.counts(30'000);
  for (const char name : {'a', 'c', 'd'}) CHECK(within(counts[name], 10'000, 327));
  CHECK(counts['b'] == 0);
}

TEST_CASE("a copy of a policy goes on alike") {
  for (const std::string_view name : policy_names()) {
    CAPTURE(name);
    Picker original(usable(name), {3, 2, 1});
    original.sends(10);
    Picker copy = original;
    CHECK(copy.policy().digest() == original.policy().digest());
    CHECK(copy.sends(100) == original.sends(100));
    CHECK(copy.policy().digest() == original.policy().digest());
  }
}

TEST_CASE("the digest of a policy tells its states apart") {
  for (const std::string_view name :
       {"round_robin", "smooth_weighted_round_robin", "edf_weighted_round_robin", "join_idle_queue",
        "least_work"}) {
    CAPTURE(name);
    Picker picker(name, {3, 2, 1});
    picker.pick();
    const std::uint64_t before = picker.policy().digest();
    picker.pick();
    CHECK(picker.policy().digest() != before);
  }
}

TEST_CASE("smooth weighted round robin: a failure lowers an effective weight, picks raise it") {
  // Weight 4, max_fails 2: the failure takes 2 of a's effective weight; each pick gives one back.
  Picker picker(R"({"smooth_weighted_round_robin": {"max_fails": 2}})", {4, 4});
  CHECK(picker.pick() == 'a');  // a -4, b 4
  picker.finish('a', {}, false);
  CHECK(picker.pick() == 'b');  // a -4+2 = -2, b 8, total 6: b 2
  CHECK(picker.pick() == 'b');  // a -2+3 = 1, b 6, total 7: b -1
  CHECK(picker.pick() == 'a');  // a 1+4 = 5, b 3, total 8: a -3
}

TEST_CASE("smooth weighted round robin: an endpoint that failed too often is passed over") {
  Picker picker(R"({"smooth_weighted_round_robin": {"max_fails": 1, "fail_timeout": "10s"}})",
                {1, 1});
  CHECK(picker.pick() == 'a');
  picker.finish('a', {}, false);
  CHECK(picker.picks(3) == "bbb");
  picker.now += {10'000'000'001};
  const std::string later = picker.picks(4);
  CHECK(later.find('a') != std::string::npos);
  // When all have failed, nginx forgives them.
  picker.finish('a', {}, false);
  picker.finish('b', {}, false);
  CHECK(picker.counts(10).size() == 2);
}

}  // namespace
}  // namespace ballast::balancing
