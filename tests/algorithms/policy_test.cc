#include "algorithms/balancing/policy.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>

#include "sim/base/random.h"
#include "sim/protocol/register.h"
#include "tests/support/read_text.h"

namespace ballast::balancing {
namespace {

// A policy with endpoints called a, b, c and so on.
class Picker {
 public:
  Picker(std::string_view policy, const std::vector<std::uint64_t>& weights)
      : policy_(make_policy(policy)) {
    for (const std::uint64_t weight : weights) {
      all_.push_back({static_cast<std::uint32_t>(all_.size()), 0, weight});
    }
  }

  // The endpoints that the next picks are from; all of them unless said otherwise.
  void up(std::string_view names) {
    up_.clear();
    for (const char name : names) up_.push_back(all_[static_cast<std::size_t>(name - 'a')]);
  }
  // How many requests each endpoint has, in order.
  void load(const std::vector<std::uint32_t>& active) {
    for (std::size_t i = 0; i < active.size(); ++i) all_[i].active = active[i];
  }

  char pick() {
    const std::vector<Candidate>& candidates = up_.empty() ? all_ : up_;
    return static_cast<char>('a' + policy_->pick({candidates, *this}).endpoint);
  }
  std::string picks(int count) {
    std::string names;
    for (int i = 0; i < count; ++i) names += pick();
    return names;
  }
  std::map<char, int> counts(int count) {
    std::map<char, int> counts;
    for (int i = 0; i < count; ++i) ++counts[pick()];
    return counts;
  }

  std::uint64_t choose(std::uint64_t n) {
    REQUIRE(n > 0);
    ++draws;
    return stream_.below(n);
  }
  int draws = 0;

  // A copy that goes its own way from here.
  Picker(const Picker& other)
      : draws(other.draws),
        policy_(other.policy_->clone()),
        all_(other.all_),
        up_(other.up_),
        stream_(other.stream_) {}

  const Policy& policy() const { return *policy_; }

 private:
  std::unique_ptr<Policy> policy_;
  std::vector<Candidate> all_;
  std::vector<Candidate> up_;
  Stream stream_{1, Purpose::choice, 1};
};

bool within(int count, int expected, int tolerance) {
  return expected - tolerance <= count && count <= expected + tolerance;
}

TEST_CASE("the policies are known by name, in order, and listed for people") {
  const std::vector<std::string_view> names = {"least_loaded", "random", "round_robin",
                                               "smooth_weighted_round_robin", "weighted_random"};
  CHECK(policy_names() == names);
  CHECK(make_policy("fastest") == nullptr);
  std::vector<std::string_view> listed;
  for (const CatalogueEntry& entry : catalogue()) {
    if (entry.kind != "policy") continue;
    listed.push_back(entry.name);
    CHECK(!entry.summary.empty());
  }
  CHECK(listed == names);
}

TEST_CASE("the name of a policy is read strictly") {
  CHECK(read_text<PolicyName>(R"("least_loaded")").value.text == "least_loaded");
  CHECK(problem_of<PolicyName>(R"("leest_loaded")") ==
        R"(value is "leest_loaded"; expected one of "least_loaded", "random", "round_robin", )"
        R"("smooth_weighted_round_robin" or "weighted_random" [least_loaded])");
  CHECK(problem_of<PolicyName>("5").find("value is 5; expected one of") == 0);
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
    Picker original(name, {3, 2, 1});
    original.picks(10);
    Picker copy = original;
    CHECK(copy.policy().digest() == original.policy().digest());
    CHECK(copy.picks(100) == original.picks(100));
    CHECK(copy.policy().digest() == original.policy().digest());
  }
}

TEST_CASE("the digest of a policy tells its states apart") {
  for (const std::string_view name : {"round_robin", "smooth_weighted_round_robin"}) {
    Picker picker(name, {3, 2, 1});
    picker.pick();
    const std::uint64_t before = picker.policy().digest();
    picker.pick();
    CHECK(picker.policy().digest() != before);
  }
}

}  // namespace
}  // namespace ballast::balancing
