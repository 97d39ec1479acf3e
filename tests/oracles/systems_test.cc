// Policies that look at the load: against exact chains where servers are few, and against the
// tables that were published where they are many. Times are in ms, the mean service.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/oracles/markov.h"
#include "tests/oracles/oracle.h"

using namespace ballast;
using ballast::oracle::check;
using ballast::oracle::idle_or_any;
using ballast::oracle::mean_sojourn;
using ballast::oracle::Queue;
using ballast::oracle::shortest_of;

namespace {

Queue system_of(unsigned endpoints, int percent, std::string policy, std::uint64_t requests) {
  Queue q;
  q.policy = std::move(policy);
  q.endpoints = endpoints;
  q.requests = requests;
  q.arrivals =
      R"({"poisson": ")" + std::to_string(10 * percent * static_cast<int>(endpoints)) + "/s\"}";
  return q;
}

std::string drawn(const char* policy, int d, bool replacement) {
  return std::string("{\"") + policy + R"(": {"choices": )" + std::to_string(d) +
         R"(, "replacement": )" + (replacement ? "true" : "false") + "}}";
}

// Mitzenmacher's fixed point: P(queue >= k) = rho^((d^k - 1) / (d - 1)) with infinitely many
// servers.
double supermarket(unsigned d, double rho) {
  double sum = 0;
  double exponent = 0;
  for (int k = 1; k <= 200; ++k) {
    const double term = std::pow(rho, exponent);
    if (term < 1e-15) break;
    sum += term;
    exponent = d * exponent + d;  // (d^(k+1) - d) / (d - 1)
  }
  return sum;
}

// Gardner, Harchol-Balter, Hyytia, Righter, "Scheduling for efficiency and fairness in systems with
// redundancy" (2017): copies at d of k servers, each as hard as chance says, all cancelled when one
// is done.
double redundancy(unsigned k, unsigned d, double rho) {
  const auto choose = [](unsigned n, unsigned of) {
    double ways = 1;
    for (unsigned i = 0; i < of; ++i) ways = ways * (n - i) / (i + 1);
    return ways;
  };
  double sum = 0;
  for (unsigned i = d; i <= k; ++i) {
    sum += 1 / (k * choose(k - 1, d - 1) / choose(i - 1, d - 1) - k * rho);
  }
  return sum;
}

}  // namespace

TEST_CASE("redundancy: copies at d of k servers, and the first that is done counts") {
  struct Row {
    unsigned k;
    unsigned d;
    int percent;
  };
  CHECK(std::abs(redundancy(10, 2, 0.9) - 2.143298) < 1e-6);
  for (const Row& row : {Row{2, 2, 70}, Row{4, 3, 70}, Row{10, 2, 90}}) {
    Queue q = system_of(row.k, row.percent, "random", 200'000);
    q.config = R"(, "hedge": {"delay": "0s", "max_attempts": )" + std::to_string(row.d) +
               R"(}, "independent_attempts": true, "reselections": 1000)";
    check({"redundancy, " + std::to_string(row.d) + " of " + std::to_string(row.k) + ", rho ." +
               std::to_string(row.percent / 10),
           "Gardner et al. 2017", q, Metric::mean, redundancy(row.k, row.d, row.percent / 100.0)});
  }
}

TEST_CASE("the solver gives the eight digits of published chains") {
  const auto close = [](double got, double wanted) {
    return std::abs(got - wanted) < 2e-8 * wanted;
  };
  CHECK(close(mean_sojourn(2, 0.5, 40, shortest_of(2, false)), 1.42632075));
  CHECK(close(mean_sojourn(2, 0.7, 60, shortest_of(2, false)), 2.10819727));
  CHECK(close(mean_sojourn(2, 0.5, 40, shortest_of(2, true)), 1.59656079));
  CHECK(close(mean_sojourn(2, 0.7, 60, shortest_of(2, true)), 2.36231403));
  // One of one queue, drawn once: M/M/1. Idle or any of one: likewise.
  CHECK(close(mean_sojourn(1, 0.5, 60, shortest_of(1, true)), 2.0));
  CHECK(close(mean_sojourn(1, 0.5, 60, idle_or_any()), 2.0));
}

TEST_CASE("shortest of few queues, of two drawn, and idle or any: the exact chain") {
  const auto chain = [](const std::string& what, unsigned n, int percent, const std::string& policy,
                        double exact) {
    check({what + " " + std::to_string(n) + ", rho ." + std::to_string(percent / 10),
           "Markov chain", system_of(n, percent, policy, 200'000), Metric::mean, exact});
  };
  chain("shortest of", 3, 70, "least_loaded", mean_sojourn(3, 0.7, 25, shortest_of(3, false)));
  chain("shortest of", 4, 70, "least_loaded", mean_sojourn(4, 0.7, 14, shortest_of(4, false)));
  chain("2 drawn of", 2, 50, drawn("power_of_d_choices", 2, true), 1.59656079);
  chain("2 drawn of", 2, 70, drawn("power_of_d_choices", 2, true), 2.36231403);
  chain("2 distinct of", 4, 70, drawn("power_of_d_choices", 2, false),
        mean_sojourn(4, 0.7, 14, shortest_of(2, false)));
  // Envoy's draws may coincide as well.
  chain("least request, 2 drawn of", 4, 50, R"({"least_request": {"choices": 2}})",
        mean_sojourn(4, 0.5, 12, shortest_of(2, true)));
  chain("join idle queue over", 3, 70, "join_idle_queue", mean_sojourn(3, 0.7, 30, idle_or_any()));
}

TEST_CASE("the supermarket model's fixed points are those of Mitzenmacher's table") {
  // TPDS 2001, "prediction".
  struct Printed {
    unsigned d;
    double rho;
    double mean;
  };
  for (const Printed& p :
       {Printed{2, .5, 1.2657}, Printed{2, .7, 1.6145}, Printed{2, .9, 2.6141},
        Printed{2, .99, 5.4320}, Printed{3, .5, 1.1252}, Printed{3, .7, 1.3568},
        Printed{3, .9, 2.0279}, Printed{3, .99, 3.8578}, Printed{5, .9, 1.6329}}) {
    CAPTURE(p.d);
    CAPTURE(p.rho);
    CHECK(std::abs(supermarket(p.d, p.rho) - p.mean) < 6e-5);
  }
  CHECK(supermarket(1, 0.9) == doctest::Approx(10).epsilon(1e-6));
}

TEST_CASE("two and three choices among a hundred: the tables of Mitzenmacher and of Gast") {
  // The last column is the half width that the source has itself, relative.
  const auto row = [](unsigned n, int percent, int d, bool replacement, const char* source,
                      double printed, double slack) {
    const std::string what = std::to_string(d) + (replacement ? " drawn of " : " distinct of ") +
                             std::to_string(n) + ", rho ." + std::to_string(percent / 10);
    check({what, source,
           system_of(n, percent, drawn("power_of_d_choices", d, replacement), 250'000),
           Metric::mean, printed, slack});
  };
  const char* mitzenmacher = "Mitzenmacher 2001, table";
  row(100, 50, 2, false, mitzenmacher, 1.2673, 1e-3);
  row(100, 70, 2, false, mitzenmacher, 1.6202, 1e-3);
  row(100, 50, 3, false, mitzenmacher, 1.1277, 1e-3);
  row(100, 70, 3, false, mitzenmacher, 1.3634, 1e-3);
  row(100, 50, 5, false, mitzenmacher, 1.0340, 1e-3);
  const char* gast = "Gast, refined mean field, runs";
  row(10, 70, 2, true, gast, 1.74185, 1e-3);
  row(100, 70, 2, true, gast, 1.62677, 1e-3);
  row(10, 70, 3, true, gast, 1.49339, 1e-3);
  row(100, 70, 3, true, gast, 1.36953, 1e-3);
  row(100, 70, 4, true, gast, 1.25422, 1e-3);
}

TEST_CASE("the mean field of two choices is off by a constant over the number of servers") {
  // Gast's refinement: N (E[Q_N] - E[Q]) tends to about rho^2 / (2 (1 - rho)); E[T] = E[Q] / rho.
  for (const unsigned n : {50u, 200u}) {
    const double rho = 0.7;
    const double refined = supermarket(2, rho) + rho / (2 * (1 - rho)) / n;
    check({"2 drawn of " + std::to_string(n) + ", rho .7", "refined mean field",
           system_of(n, 70, drawn("power_of_d_choices", 2, true), 250'000), Metric::mean, refined,
           2e-3});
  }
}

TEST_CASE("least work of two drawn, and join idle queue, among a hundred") {
  check({"least work, 2 drawn of 100, rho .7", "Hellemans and Van Houdt, table",
         system_of(100, 70,
                   R"({"least_work": {"choices": 2, "replacement": true,)"
                   R"( "service": {"exponential": "1ms"}}})",
                   250'000),
         Metric::mean, 1.38678, 1e-3});
  check({"join idle queue over 100, rho .9", "reference run, 1.0732 +- .0014",
         system_of(100, 90, "join_idle_queue", 250'000), Metric::mean, 1.0732, 2e-3});
}
