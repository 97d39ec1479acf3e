// How fast histories of transactions are judged, on histories that are generated from a seed.
//
//   bench_transactions [COUNT] [CLIENTS] [SKEWED]
//
// Each transaction reads and appends to some of 32 keys, which are replaced after 64 appends.
// SKEWED: 1 to let one transaction in the middle read a list without its last element.
#include "sim/history/transactions.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "sim/base/describe.h"
#include "sim/base/random.h"

namespace ballast::history {
namespace {

// Clients call, their transactions take effect at one instant, they return.
TransactionHistory generate(std::uint64_t count, std::uint64_t clients, bool skewed) {
  Stream dice(1, Purpose::operation, 0);
  TransactionHistory history;
  constexpr std::uint32_t active = 32;
  constexpr std::uint32_t most_appends = 64;
  std::vector<std::uint32_t> keys;
  std::vector<std::uint32_t> appends(active, 0);
  std::vector<Word> lists(active, nil);
  for (std::uint32_t i = 0; i < active; ++i) {
    keys.push_back(i);
    history.keys.push_back(std::to_string(i));
  }
  enum class Phase : std::uint8_t { idle, called, done };
  std::vector<std::pair<Phase, std::uint32_t>> all(clients, {Phase::idle, 0});
  std::uint32_t rank = 0;
  Word fresh = 1;
  std::uint64_t open = 0;
  const auto take_effect = [&](Transaction& t) {
    t.first = static_cast<std::uint32_t>(history.micros.size());
    t.count = static_cast<std::uint32_t>(1 + dice.below(4));
    for (std::uint32_t i = 0; i < t.count; ++i) {
      const std::uint64_t slot = dice.below(active);
      Micro micro{lists[slot], keys[slot], dice.below(2) == 0};
      if (micro.is_write) {
        micro.value = fresh++;
        lists[slot] = history.values.extended(lists[slot], micro.value);
        ++appends[slot];
      }
      history.micros.push_back(micro);
      if (appends[slot] < most_appends) continue;
      keys[slot] = static_cast<std::uint32_t>(history.keys.size());
      history.keys.push_back(std::to_string(keys[slot]));
      appends[slot] = 0;
      lists[slot] = nil;
    }
  };
  while (history.transactions.size() < count || open > 0) {
    const std::uint64_t client = dice.below(clients);
    auto& [phase, index] = all[client];
    if (phase == Phase::idle) {
      if (history.transactions.size() == count) continue;
      index = static_cast<std::uint32_t>(history.transactions.size());
      Transaction t;
      t.process = static_cast<std::int64_t>(client);
      t.called = rank++;
      t.invoked = Time{t.called};
      history.transactions.push_back(t);
      phase = Phase::called;
      ++open;
    } else if (phase == Phase::called) {
      take_effect(history.transactions[index]);
      phase = Phase::done;
    } else {
      Transaction& t = history.transactions[index];
      t.fate = Fate::committed;
      t.returned = rank++;
      t.ended = Time{t.returned};
      phase = Phase::idle;
      --open;
    }
  }
  history.events = rank;
  for (std::size_t i = history.micros.size() / 2; skewed && i < history.micros.size(); ++i) {
    Micro& micro = history.micros[i];
    if (micro.is_write || micro.value == nil) continue;
    micro.value = history.values.parent(micro.value);
    break;
  }
  return history;
}

}  // namespace
}  // namespace ballast::history

int main(int argc, char** argv) {
  using namespace ballast::history;
  const auto number = [&](int i, std::uint64_t otherwise) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  const std::uint64_t count = number(1, 1'000'000);
  const TransactionHistory history = generate(count, number(2, 20), number(3, 0) != 0);
  const std::clock_t begin = std::clock();
  const TransactionVerdict verdict =
      judge_transactions(history, TransactionModel::list_append, Isolation::strict_serializable);
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%llu transactions, %zu micro-operations, %llu dependencies: %.2f s, %s\n",
              static_cast<unsigned long long>(count), history.micros.size(),
              static_cast<unsigned long long>(verdict.dependencies), seconds,
              std::string(ballast::name_of(verdict.answer)).c_str());
  for (const Anomaly& each : verdict.anomalies) {
    std::printf("  %s of %zu\n", in_words(each.kind, each.besides).c_str(),
                each.transactions.size());
  }
  return 0;
}
