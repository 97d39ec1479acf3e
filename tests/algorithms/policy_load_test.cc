// Policies that look at load, against numbers worked out by hand from their definitions.
#include "algorithms/balancing/policies/decay.h"
#include "tests/algorithms/picker.h"

namespace ballast::balancing {
namespace {

using namespace literals;

LoadReport load_report(std::uint64_t in_flight, Duration latency) {
  LoadReport report;
  report.in_flight = in_flight;
  report.latency = latency;
  return report;
}
LoadReport use_report(std::uint64_t utilization, std::uint64_t rate, std::uint64_t errors = 0) {
  LoadReport report;
  report.utilization = utilization;
  report.rate = rate;
  report.errors = errors;
  return report;
}

TEST_CASE("decay is exp(-t / constant) to nine digits") {
  CHECK(within(decayed(1'000'000'000, 10_s, 10_s), 367'879'441, 60));
  CHECK(within(decayed(1'000'000'000, 1_s, 10_s), 904'837'418, 60));
  CHECK(decayed(5, 0_s, 10_s) == 5);
  CHECK(decayed(std::int64_t{1} << 62, 3600_s, 10_s) == 0);
  CHECK(decayed(1, {-5}, 10_s) == 1);  // time does not run backwards
}

// --- Fewest requests -----------------------------------------------------------------------------

TEST_CASE("least request with two endpoints picks the busier one 25 % of the time") {
  Picker picker("least_request", {1, 1});
  picker.load({7, 3});
  CHECK(picker.chances() == Chances{{'a', {1, 4}}, {'b', {3, 4}}});
}

TEST_CASE("least request without replacement never picks the busiest") {
  Picker picker(R"({"least_request": {"replacement": false}})", {1, 1, 1});
  picker.load({0, 1, 2});
  CHECK(picker.chances() == Chances{{'a', {2, 3}}, {'b', {1, 3}}});
}

TEST_CASE("least request by full scan draws evenly among the least loaded") {
  Picker picker(R"({"least_request": {"full_scan": true}})", {1, 1, 1, 1});
  picker.load({2, 1, 1, 1});
  CHECK(picker.chances() == Chances{{'b', {1, 3}}, {'c', {1, 3}}, {'d', {1, 3}}});
}

TEST_CASE("least request with unequal weights takes turns by weight while load is equal") {
  Picker picker("least_request", {2, 1});
  auto counts = picker.counts(3'000);
  CHECK(counts['a'] == 2'000);
  SUBCASE("and divides the weight by active + 1") {
    picker.load({3, 0});  // 2 / 4 against 1
    picker.picks(4);      // what was queued before
    counts = picker.counts(3'000);
    CHECK(within(counts['b'], 2'000, 1));
  }
  SUBCASE("to the power of the bias") {
    Picker biased(R"({"least_request": {"bias": 2}})", {2, 1});
    biased.load({1, 0});  // 2 / 4 against 1
    biased.picks(4);
    counts = biased.counts(3'000);
    CHECK(within(counts['b'], 2'000, 1));
  }
}

TEST_CASE("power of d choices: the k-th of n is picked if the others drawn are busier") {
  Picker picker("power_of_d_choices", {9, 1, 1, 1});
  picker.load({0, 1, 2, 3});
  CHECK(picker.chances() == Chances{{'a', {3, 6}}, {'b', {2, 6}}, {'c', {1, 6}}});
  Picker again(R"({"power_of_d_choices": {"replacement": true}})", {1, 1, 1, 1});
  again.load({0, 1, 2, 3});
  CHECK(again.chances() == Chances{{'a', {7, 16}}, {'b', {5, 16}}, {'c', {3, 16}}, {'d', {1, 16}}});
  Picker three(R"({"power_of_d_choices": {"choices": 3}})", {1, 1, 1, 1});
  three.load({0, 1, 2, 3});
  CHECK(three.chances() == Chances{{'a', {3, 4}}, {'b', {1, 4}}});
}

TEST_CASE("power of d choices with d = n joins the shortest queue") {
  Picker picker(R"({"power_of_d_choices": {"choices": 4}})", {1, 1, 1, 1});
  picker.load({5, 3, 1, 3});
  CHECK(picker.chances() == Chances{{'c', {1, 1}}});
}

TEST_CASE("p2c picks the less loaded of two distinct endpoints") {
  Picker picker("p2c", {1, 1, 1});
  picker.load({0, 1, 2});
  CHECK(picker.chances() == Chances{{'a', {2, 3}}, {'b', {1, 3}}});
  picker.load({1, 1, 1});  // the first that was drawn
  CHECK(picker.chances() == Chances{{'a', {1, 3}}, {'b', {1, 3}}, {'c', {1, 3}}});
  CHECK(Picker("p2c", {1}).chances() == Chances{{'a', {1, 1}}});
}

TEST_CASE("shortest expected delay: (active + 1) / weight, the first of equals") {
  Picker picker("shortest_expected_delay", {4, 2, 1});
  // 1/4 1/2 1; 2/4 1/2 1; 3/4 1/2 1; 3/4 1 1; 4/4 1 1; 5/4 1 1; 5/4 3/2 1.
  CHECK(picker.sends(7) == "aabaabc");
}

TEST_CASE("never queue: the first idle endpoint, else the shortest expected delay") {
  Picker picker("never_queue", {4, 2, 1});
  CHECK(picker.sends(3) == "abc");
  CHECK(picker.sends(4) == "aaab");  // 2/4; 3/4; 4/4 against 2/2: the first of equals; 5/4
}

TEST_CASE("least connections as nginx: active / weight, smooth turns among equals") {
  Picker picker("least_connections", {2, 1, 1});
  picker.load({2, 2, 3});
  CHECK(picker.pick() == 'a');
  picker.load({2, 1, 1});  // all equal: smooth turns by 2, 1, 1
  CHECK(picker.picks(4) == "abca");
  picker.load({4, 2, 1});
  CHECK(picker.pick() == 'c');
}

TEST_CASE("least connections as HAProxy: an idle one first, then (active + 1) * 256 / weight") {
  Picker picker(R"({"least_connections": "haproxy"})", {4, 1, 1});
  picker.load({1, 0, 1});
  CHECK(picker.picks(3) == "bbb");  // idle, although a has 2 / 4
  picker.load({6, 1, 1});           // 7 * 4096 / 64 = 448 against 2 * 4096 / 16 = 512
  CHECK(picker.picks(3) == "aaa");
  picker.load({7, 1, 1});  // 512 each
  CHECK(picker.chances() == Chances{{'a', {1, 3}}, {'b', {1, 3}}, {'c', {1, 3}}});
}

TEST_CASE("least connections as LVS: active / weight, the first of equals") {
  Picker picker(R"({"least_connections": {"dialect": "lvs"}})", {2, 1, 1});
  CHECK(picker.sends(8) == "abcaabca");
}

TEST_CASE("random two: distinct, drawn by weight, the fewer for its weight, else the second") {
  Picker picker("random_two", {1, 1});
  picker.load({5, 1});
  CHECK(picker.picks(20) == std::string(20, 'b'));
  Picker weighted("random_two", {3, 1});
  weighted.load({5, 1});
  CHECK(weighted.picks(20) == std::string(20, 'b'));  // 5/3 against 1
  weighted.load({2, 1});
  CHECK(weighted.picks(20) == std::string(20, 'a'));
}

TEST_CASE("weighted p2c: drawn by weight, perhaps twice") {
  Picker picker("weighted_p2c", {3, 1});
  picker.load({9, 0});
  CHECK(picker.chances() == Chances{{'a', {9, 16}}, {'b', {7, 16}}});
  picker.load({3, 1});  // equals: the first that was drawn
  CHECK(picker.chances() == Chances{{'a', {3, 4}}, {'b', {1, 4}}});
}

TEST_CASE("random draws: the fewer wins, among equals who was sent less of late") {
  Picker picker("random_draws", {1, 1});
  picker.load({2, 1});
  const auto counts = picker.counts(2'000);
  CHECK(counts.at('b') > 900);  // a only when it is drawn twice
  CHECK(counts.at('a') > 100);
  Picker rated(R"({"random_draws": {"draws": 64}})", {1, 1});
  CHECK(rated.picks(40) != std::string(40, 'a'));
  const auto even = rated.counts(1'000);  // rates even out
  CHECK(within(even.at('a'), 500, 30));
}

TEST_CASE("first packs requests onto the lowest endpoints") {
  Picker picker(R"({"first": {"slots": 2}})", {1, 1, 1});
  CHECK(picker.sends(6) == "aabbcc");
  CHECK(picker.pick() == 'a');  // all are full: the fewest, the first of equals
  picker.finish('b');
  CHECK(picker.pick() == 'b');
}

// --- Turns by deadline ---------------------------------------------------------------------------

TEST_CASE("earliest deadline first serves weights exactly, from random moments on") {
  Picker picker("edf_weighted_round_robin", {5, 1, 1});
  auto counts = picker.counts(7'000);
  CHECK(within(counts['a'], 5'000, 1));
  CHECK(within(counts['b'], 1'000, 1));
  Picker rigged("edf_weighted_round_robin", {3, 1});
  rigged.rig(0);
  rigged.renew();
  // a is due at 0, 1/3, 2/3, 1 ..., b at 0, 1; who was queued first goes first.
  CHECK(rigged.picks(8) == "abaaabaa");
}

TEST_CASE("client-side weights are rate over utilization, once the blackout is over") {
  Picker picker("client_weighted_round_robin", {1, 1});
  const auto tell = [&] {
    picker.report('a', use_report(500'000, 100'000));  // 100/s at 50 %: 200
    picker.report('b', use_report(250'000, 100'000));  // 100/s at 25 %: 400
  };
  tell();
  CHECK(within(picker.counts(300)['a'], 150, 2));  // not yet
  picker.now += 10_s;
  tell();
  CHECK(within(picker.counts(300)['a'], 100, 2));
  SUBCASE("errors count as utilization") {
    picker.report('b', use_report(250'000, 100'000, 25'000));  // 0.25 + 0.25
    picker.now += 1_s;
    CHECK(within(picker.counts(300)['a'], 150, 2));
  }
  SUBCASE("what is too old is forgotten") {
    picker.now += 180_s;
    CHECK(within(picker.counts(300)['a'], 150, 2));
  }
}

TEST_CASE("client-side weights: who has none gets the average, and one alone is none") {
  Picker picker("client_weighted_round_robin", {1, 1, 1});
  picker.report('a', use_report(500'000, 100'000));
  picker.pick();
  picker.now += 10_s;
  picker.report('a', use_report(500'000, 100'000));
  CHECK(within(picker.counts(300)['a'], 100, 2));
  picker.report('b', use_report(100'000, 100'000));  // 1000
  picker.now += 10_s;
  picker.report('b', use_report(100'000, 100'000));
  auto counts = picker.counts(1'800);  // 200, 1000 and the average 600
  CHECK(within(counts['a'], 200, 2));
  CHECK(within(counts['b'], 1'000, 2));
  CHECK(within(counts['c'], 600, 2));
}

// --- Latency -------------------------------------------------------------------------------------

TEST_CASE("peak EWMA: cost is latency times (active + 1)") {
  Picker picker("peak_ewma", {1, 1});
  picker.finish('a', 100_ms);
  picker.finish('b', 60_ms);
  CHECK(picker.picks(10) == "bbbbbbbbbb");
  picker.load({0, 1});  // 100 against 120
  CHECK(picker.picks(10) == "aaaaaaaaaa");
}

TEST_CASE("peak EWMA jumps up to a peak and decays by exp(-t / 10 s)") {
  for (const Duration other : {190_ms, 191_ms}) {
    Picker picker("peak_ewma", {1, 1});
    picker.finish('a', 10_ms);
    picker.finish('a', 500_ms);
    picker.now += 10_s;
    picker.finish('a', 10_ms);  // 10 + 490 / e = 190.26 ms
    picker.finish('b', other);
    CHECK(picker.pick() == (other == 190_ms ? 'b' : 'a'));
  }
}

TEST_CASE("peak EWMA: an endpoint without a latency is tried once, and then costs a penalty") {
  Picker picker("peak_ewma", {1, 1});
  picker.finish('a', 3600_s);
  CHECK(picker.pick() == 'b');
  picker.load({5, 1});
  CHECK(picker.pick() == 'a');
}

TEST_CASE("Envoy's peak EWMA takes latencies in every 100 ms, and has no peaks") {
  Picker picker("envoy_peak_ewma", {1, 1});
  picker.pick();
  picker.finish('a', 100_ms);
  picker.load({0, 1});
  CHECK(picker.pick() == 'a');  // 10 ms by default against the penalty
  picker.load({1, 1});
  picker.now += 100_ms;
  CHECK(picker.pick() == 'a');  // 200 ms against the penalty of 10^6 ms
  picker.load({0, 0});
  CHECK(picker.pick() == 'b');  // 100 ms against 10 ms
  picker.now += 10_s;
  picker.finish('a', 1_s);  // 1000 - 900 * exp(-1.01) = 672 ms: not the peak
  picker.finish('b', 700_ms);
  picker.now += 100_ms;
  CHECK(picker.pick() == 'a');
}

TEST_CASE("brpc's p2c: a failure counts as a timeout, weights divide, equals are drawn among") {
  Picker picker("brpc_p2c", {1, 1});
  CHECK(picker.chances() == Chances{{'a', {1, 2}}, {'b', {1, 2}}});
  picker.finish('a', 1_ms, false);
  picker.finish('b', 900_ms);
  CHECK(picker.pick() == 'b');
  Picker weighted("brpc_p2c", {3, 1});
  weighted.finish('a', 200_ms);
  weighted.finish('b', 100_ms);
  CHECK(weighted.pick() == 'a');
}

TEST_CASE("least time: averages in steps of 20 ms times (active + 1), smooth turns among equals") {
  Picker picker("least_time", {1, 1});
  CHECK(picker.sends(2) == "ab");
  picker.finish('a', 380_ms);      // (50 + 5 * 380) / 100 = 19 ms: 20
  picker.finish('b', 1_ms);        // 0 ms: 20
  CHECK(picker.picks(2) == "ba");  // a had the first turn
  picker.finish('a', 400_ms);      // (50 + 5 * 400 + 95 * 19) / 100 = 38 ms: 40
  CHECK(picker.picks(3) == "bbb");
  picker.load({0, 2});  // 40 against 60
  CHECK(picker.pick() == 'a');
}

TEST_CASE("least time: an average counts half after every further fail_timeout") {
  Picker picker("least_time", {1, 1});
  for (int i = 0; i < 40; ++i) {
    picker.pick();
    picker.finish('a', 1000_ms);
  }
  CHECK(picker.pick() == 'b');
  picker.now += 121_s;  // 121 / 11 = 11 times: nothing is left
  CHECK(picker.counts(2).size() == 2);
}

// --- Idle endpoints and work ---------------------------------------------------------------------

TEST_CASE("join idle queue: the endpoint that is idle for longest, else any") {
  Picker picker("join_idle_queue", {1, 1, 1});
  CHECK(picker.sends(3) == "abc");
  picker.finish('b');
  picker.finish('a');
  CHECK(picker.sends(2) == "ba");
  CHECK(picker.chances() == Chances{{'a', {1, 3}}, {'b', {1, 3}}, {'c', {1, 3}}});
}

TEST_CASE("join idle queue: endpoints may say themselves that they are idle, once") {
  Picker picker(R"({"join_idle_queue": {"idle": "reported"}})", {1, 1, 1});
  CHECK(picker.sends(3) == "abc");
  picker.finish('b');  // says nothing by itself
  picker.report('c', load_report(0, {}));
  picker.report('c', load_report(0, {}));
  picker.report('a', load_report(1, {}));  // is not idle
  CHECK(picker.send() == 'c');
  CHECK(picker.chances().size() == 3);
}

TEST_CASE("least work follows the sizes of requests") {
  Picker picker(R"({"least_work": {"choices": 2, "service": {"uniform": ["0s", "100ms"]}}})",
                {1, 1});
  picker.work = ~std::uint64_t{0};  // 100 ms
  const char big = picker.pick();
  picker.work = std::uint64_t{1} << 62;  // 25 ms
  const char small = picker.pick();
  CHECK(small != big);
  CHECK(picker.picks(3) == std::string(3, small));  // 25, 50, 75: until it has as much
  picker.now += 1_s;                                // all done
  CHECK(picker.chances() == Chances{{'a', {1, 2}}, {'b', {1, 2}}});
}

TEST_CASE("least work: an endpoint of weight w works w times as fast") {
  Picker picker(R"({"least_work": {"choices": 2, "service": "30ms"}})", {3, 1});
  const auto counts = picker.counts(400);
  CHECK(within(counts.at('a'), 300, 2));
}

// --- Prequal -------------------------------------------------------------------------------------

TEST_CASE("Prequal probes three endpoints for each request and picks at random at first") {
  Picker picker("prequal", {1, 1, 1, 1, 1});
  picker.pick();
  CHECK(picker.probes.size() == 3);
  CHECK(picker.chances().size() == 5);
}

TEST_CASE("Prequal picks the lowest latency among the cold, the fewest requests if all are hot") {
  const std::string options = R"({"prequal": {"removals_per_query": 0, "probes_per_query": 0}})";
  Picker picker(options, {1, 1, 1, 1});
  picker.report('a', load_report(1, 30_ms));
  picker.report('b', load_report(2, 10_ms));
  picker.report('c', load_report(9, 1_ms));  // hot: above the quantile 0.84 of 1, 2, 9, 3
  picker.report('d', load_report(3, 20_ms));
  CHECK(picker.pick() == 'b');  // and b has 3 now
  CHECK(picker.pick() == 'b');  // 4: above the quantile, which is 3
  CHECK(picker.pick() == 'd');
}

TEST_CASE("Prequal forgets answers that are a second old, and removes the oldest and the worst") {
  const std::string options = R"({"prequal": {"probes_per_query": 0}})";
  Picker picker(options, {1, 1, 1, 1});
  for (const char name : {'a', 'b', 'c', 'd'}) picker.report(name, load_report(1, 10_ms));
  picker.now += {1'000'000'001};
  CHECK(picker.chances().size() == 4);  // random
  picker.report('a', load_report(1, 1_ms));
  picker.report('b', load_report(1, 3_ms));
  picker.report('c', load_report(1, 4_ms));
  picker.report('d', load_report(1, 2_ms));
  CHECK(picker.pick() == 'a');  // which is the oldest, too
  CHECK(picker.pick() == 'd');  // which has two in flight now, is hot and goes as the worst
  CHECK(picker.pick() == 'b');
}

}  // namespace
}  // namespace ballast::balancing
