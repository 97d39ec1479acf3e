#include "tests/oracles/markov.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace ballast::oracle {
namespace {

// Calls visit(lengths) for all lists in descending order with entries up to `longest`.
template <class Visit>
void each_state(Lengths& lengths, std::size_t at, unsigned most, Visit&& visit) {
  if (at == lengths.size()) {
    visit(lengths);
    return;
  }
  for (unsigned length = 0; length <= most; ++length) {
    lengths[at] = length;
    each_state(lengths, at + 1, length, visit);
  }
}

struct Chain {
  struct Into {
    std::size_t from = 0;
    double rate = 0;
  };
  std::vector<std::vector<Into>> into;  // by state
  std::vector<double> out;              // the sum of the rates
};

// Until no probability moves by more than one in 10^11 of the greatest.
std::vector<double> solve(const Chain& chain) {
  const std::size_t n = chain.out.size();
  std::vector<double> p(n, 1.0 / static_cast<double>(n));
  const auto renew = [&](std::size_t state) {
    double sum = 0;
    for (const Chain::Into& in : chain.into[state]) sum += p[in.from] * in.rate;
    const double before = p[state];
    p[state] = sum / chain.out[state];
    return std::abs(p[state] - before);
  };
  for (int round = 0; round < 100'000; ++round) {
    double moved = 0;
    for (std::size_t i = 0; i < n; ++i) moved = std::max(moved, renew(i));
    for (std::size_t i = n; i-- > 0;) moved = std::max(moved, renew(i));
    double sum = 0;
    double greatest = 0;
    for (const double each : p) {
      sum += each;
      greatest = std::max(greatest, each);
    }
    for (double& each : p) each /= sum;
    if (moved < 1e-11 * greatest) break;
  }
  return p;
}

unsigned total(const Lengths& lengths) {
  unsigned sum = 0;
  for (const unsigned length : lengths) sum += length;
  return sum;
}

}  // namespace

Joins shortest_of(unsigned d, bool replacement) {
  return [d, replacement](const Lengths& lengths) {
    const auto n = static_cast<double>(lengths.size());
    // That all of the d are among the first `count`, the longest ones.
    const auto among = [&](std::size_t count) {
      double chance = 1;
      for (unsigned i = 0; i < d; ++i) {
        const double gone = replacement ? 0 : i;
        chance *= std::max(static_cast<double>(count) - gone, 0.0) / (n - gone);
      }
      return chance;
    };
    std::vector<double> joins(lengths.size());
    std::size_t first = 0;
    for (std::size_t i = 1; i <= lengths.size(); ++i) {
      if (i < lengths.size() && lengths[i] == lengths[first]) continue;
      joins[first] = among(i) - among(first);
      first = i;
    }
    return joins;
  };
}

Joins idle_or_any() {
  return [](const Lengths& lengths) {
    std::vector<double> joins(lengths.size());
    std::size_t first = 0;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      if (lengths[i] != lengths[first]) first = i;
      joins[first] += 1.0 / static_cast<double>(lengths.size());
    }
    if (lengths.back() == 0) {
      std::fill(joins.begin(), joins.end(), 0.0);
      joins[first] = 1;
    }
    return joins;
  };
}

double mean_sojourn(unsigned servers, double rho, unsigned longest, const Joins& joins) {
  std::map<Lengths, std::size_t> number;
  std::vector<Lengths> states;
  Lengths scratch(servers);
  each_state(scratch, 0, longest, [&](const Lengths& lengths) { states.push_back(lengths); });
  // By customers: probability then flows with the sweeps.
  std::stable_sort(states.begin(), states.end(),
                   [](const Lengths& a, const Lengths& b) { return total(a) < total(b); });
  for (std::size_t i = 0; i < states.size(); ++i) number[states[i]] = i;

  Chain chain{std::vector<std::vector<Chain::Into>>(states.size()),
              std::vector<double>(states.size())};
  std::vector<double> admitted(states.size());
  const double arrivals = rho * servers;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const auto move = [&](const Lengths& to, double rate) {
      chain.into[number.at(to)].push_back({i, rate});
      chain.out[i] += rate;
    };
    const std::vector<double> chance = joins(states[i]);
    for (std::size_t place = 0; place < servers; ++place) {
      if (chance[place] <= 0 || states[i][place] == longest) continue;
      Lengths next = states[i];
      ++next[place];
      move(next, arrivals * chance[place]);
      admitted[i] += arrivals * chance[place];
    }
    for (std::size_t place = 0; place < servers; ++place) {
      if (states[i][place] == 0) break;
      Lengths next = states[i];
      --next[place];
      std::sort(next.begin(), next.end(), std::greater<>());
      move(next, 1);
    }
  }
  const std::vector<double> p = solve(chain);
  double customers = 0;
  double throughput = 0;
  for (std::size_t i = 0; i < states.size(); ++i) {
    customers += p[i] * total(states[i]);
    throughput += p[i] * admitted[i];
  }
  return customers / throughput;  // Little's law
}

}  // namespace ballast::oracle
