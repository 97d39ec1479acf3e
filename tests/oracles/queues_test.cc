// Single queues and simple dispatching against the closed forms. Times are in ms, the mean service.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/oracles/oracle.h"

using namespace ballast;
using ballast::oracle::check;
using ballast::oracle::Claim;
using ballast::oracle::Queue;

namespace {

std::string poisson(int per_second) {
  return R"({"poisson": ")" + std::to_string(per_second) + "/s\"}";
}

Queue single(std::string service, int per_second) {
  Queue q;
  q.service = std::move(service);
  q.arrivals = poisson(per_second);
  return q;
}

// Erlang's C: the share of customers of an M/M/c queue that wait.
double erlang_c(unsigned c, double rho) {
  double b = 1;  // Erlang's B, by its recursion
  for (unsigned k = 1; k <= c; ++k) b = rho * c * b / (k + rho * c * b);
  return b / (1 - rho * (1 - b));
}

// Pollaczek and Khinchine: the mean sojourn where E[S] = 1 and E[S^2] is given.
double pollaczek_khinchine(double rho, double second_moment) {
  return 1 + rho * second_moment / (2 * (1 - rho));
}

// The root of (n rho / (n rho + 1 - s))^n = s in (0, 1): every nth customer of a Poisson stream
// makes Erlang(n) gaps, and the sojourn in an Erlang(n)/M/1 queue is exponential with 1 / (1 - s).
double erlang_sigma(int n, double rho) {
  double s = 0;
  for (int i = 0; i < 100'000; ++i) s = std::pow(n * rho / (n * rho + 1 - s), n);
  return s;
}

}  // namespace

TEST_CASE("M/M/1: the mean and the quantiles of an exponential law with rate 1 - rho") {
  const Queue q = single(R"({"exponential": "1ms"})", 500);
  check({"M/M/1, rho .5, mean", "1 / (1 - rho)", q, Metric::mean, 2.0});
  check({"M/M/1, rho .5, p90", "-ln(.1) / (1 - rho)", q, Metric::p90, 4.605170});
  const Queue busy = single(R"({"exponential": "1ms"})", 700);
  check({"M/M/1, rho .7, mean", "1 / (1 - rho)", busy, Metric::mean, 1 / 0.3});
  check({"M/M/1, rho .7, p50", "ln 2 / (1 - rho)", busy, Metric::p50, 0.693147 / 0.3});
}

TEST_CASE("M/M/c: Erlang's C") {
  for (const unsigned c : {2u, 10u}) {
    Queue q = single(R"({"exponential": "1ms"})", static_cast<int>(700 * c));
    q.concurrency = c;
    const double exact = 1 + erlang_c(c, 0.7) / (c * 0.3);
    check({"M/M/" + std::to_string(c) + ", rho .7", "Erlang C", q, Metric::mean, exact});
  }
}

TEST_CASE("M/G/1: Pollaczek and Khinchine for several laws of service") {
  // Each has the mean 1 ms.
  check({"M/D/1, rho .7", "Pollaczek-Khinchine", single(R"("1ms")", 700), Metric::mean,
         pollaczek_khinchine(0.7, 1.0)});
  check({"M/U/1, rho .7", "Pollaczek-Khinchine", single(R"({"uniform": ["0ms", "2ms"]})", 700),
         Metric::mean, pollaczek_khinchine(0.7, 4.0 / 3)});
  check({"M/G/1 bimodal .5 and 5.5 ms, rho .5", "Pollaczek-Khinchine",
         single(R"({"bimodal": {"fast": "500us", "slow": "5500us", "slow_share": "10%"}})", 500),
         Metric::mean, pollaczek_khinchine(0.5, 0.9 * 0.25 + 0.1 * 30.25)});
  // exp(-sigma^2 / 2) with sigma = 1: the median that makes the mean 1; E[S^2] is e.
  check({"M/G/1 lognormal sigma 1, rho .5", "Pollaczek-Khinchine",
         single(R"({"lognormal": {"median": "606531ns", "sigma": 1}})", 500), Metric::mean,
         pollaczek_khinchine(0.5, std::exp(1.0))});
}

TEST_CASE("a random split makes each endpoint a queue of its own") {
  Queue q = single(R"({"exponential": "1ms"})", 5'000);
  q.policy = "random";
  q.endpoints = 10;
  check({"random split over 10, rho .5", "M/M/1", q, Metric::mean, 2.0});
}

TEST_CASE("round robin over N exponential servers is Erlang(N)/M/1") {
  for (const int n : {2, 10}) {
    Queue q = single(R"({"exponential": "1ms"})", 700 * n);
    q.policy = "round_robin";
    q.endpoints = static_cast<unsigned>(n);
    check({"round robin over " + std::to_string(n) + ", rho .7", "Erlang(N)/M/1", q, Metric::mean,
           1 / (1 - erlang_sigma(n, 0.7))});
  }
  // The golden ratio.
  CHECK(1 / (1 - erlang_sigma(2, 0.5)) == doctest::Approx(1.61803399).epsilon(1e-8));
}

// The exact values are those of a truncated Markov chain, to eight digits.
TEST_CASE("the shorter of two queues") {
  for (const auto& [per_second, exact] :
       std::vector<std::pair<int, double>>{{1'000, 1.42632075}, {1'400, 2.10819727}}) {
    Queue q = single(R"({"exponential": "1ms"})", per_second);
    q.policy = "least_loaded";
    q.endpoints = 2;
    check({"shorter of 2 queues, rho ." + std::to_string(per_second / 200), "Markov chain", q,
           Metric::mean, exact});
  }
}

TEST_CASE("shortest of a hundred queues is as good as a central queue nearly is") {
  Queue q = single(R"({"exponential": "1ms"})", 90'000);
  q.policy = "least_loaded";
  q.endpoints = 100;
  q.requests = 100'000;
  // 1.0686 +- .0021 is a simulation too.
  check({"shortest of 100 queues, rho .9", "reference run", q, Metric::mean, 1.0686, 4e-3});
}
