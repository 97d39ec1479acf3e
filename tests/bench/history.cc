// How fast histories are judged, on histories that are generated from a seed.
//
//   bench_history                        the table of the project's targets
//   bench_history cores [MODEL]          only how fast failing histories are explained
//   bench_history MODEL OPERATIONS CLIENTS VALUES UNKNOWN KEYS WRONG [SEED [LOGGED]]
//
// VALUES: how many distinct ones are written, 0 for all different. UNKNOWN: one operation in so
// many ends unknown, 0 for none. WRONG: 1 to change one read to what was there half a history
// earlier, or to let two dequeues change places. LOGGED: 1 if the order in which
// they took effect is known.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <string>
#include <string_view>

#include "sim/base/describe.h"
#include "sim/base/random.h"
#include "sim/history/check.h"
#include "sim/history/explain.h"
#include "sim/history/line.h"
#include "sim/history/verify.h"

namespace ballast::history {
namespace {

struct Wanted {
  Model model = Model::reg;
  std::uint64_t operations = 10'000;
  std::uint64_t clients = 10;
  std::uint64_t values = 0;
  std::uint64_t unknown = 0;
  std::uint64_t keys = 1;
  bool wrong = false;
  std::uint64_t seed = 1;
  bool logged = false;  // whether the order in which operations took effect is known
};

// Clients call, the object answers at some instant, they return; one event after the other.
class Generator {
 public:
  explicit Generator(const Wanted& wanted)
      : wanted_(wanted), dice_(wanted.seed, Purpose::operation, 0), clients_(wanted.clients) {
    for (std::uint64_t key = 0; key < wanted.keys; ++key) {
      history_.objects.push_back(std::to_string(key));
    }
    objects_.resize(wanted.keys);
  }

  History make() {
    history_.operations.reserve(wanted_.operations);
    std::uint64_t open = 0;
    while (history_.operations.size() < wanted_.operations || open > 0) {
      Client& client = clients_[dice_.below(clients_.size())];
      if (client.phase == Phase::idle) {
        if (history_.operations.size() == wanted_.operations) continue;
        call(client);
        ++open;
      } else if (client.phase == Phase::called) {
        take_effect(history_.operations[client.operation]);
        client.phase = Phase::done;
      } else {
        end(client);
        --open;
      }
    }
    history_.events = rank_;
    if (wanted_.wrong) plant();
    return std::move(history_);
  }

 private:
  enum class Phase : std::uint8_t { idle, called, done };
  struct Client {
    Phase phase = Phase::idle;
    std::uint32_t operation = 0;
  };
  struct Object {
    Word value = nil;
    std::deque<Word> queue;
    std::int64_t holder = -1;
    std::vector<Word> pasts;
  };

  void call(Client& client) {
    Operation op;
    const std::uint64_t kind = dice_.below(2);
    op.called = rank_++;
    op.invoked = Time{op.called};
    op.object = static_cast<std::uint32_t>(dice_.below(wanted_.keys));
    op.process = &client - clients_.data();
    const auto index = static_cast<Word>(history_.operations.size());
    op.argument =
        wanted_.values == 0 ? index + 1 : static_cast<Word>(dice_.below(wanted_.values)) + 1;
    switch (wanted_.model) {
      case Model::consensus:
        op.action = Action::propose;
        break;
      case Model::queue:
        op.action = kind == 0 ? Action::enqueue : Action::dequeue;
        break;
      case Model::append_list:
      case Model::kv:
        op.action = kind == 0 ? Action::append : Action::read;
        break;
      case Model::counter:
      case Model::set:
        op.action = kind == 0 ? Action::add : Action::read;
        break;
      case Model::cas_register:
        op.action = dice_.below(4) == 0 ? Action::cas : kind == 0 ? Action::write : Action::read;
        break;
      case Model::reg:
        op.action = kind == 0 ? Action::write : Action::read;
        break;
      case Model::lock:
      case Model::fenced_lock:
        op.owner = op.process;
        op.action = objects_[op.object].holder == op.owner ? Action::release : Action::acquire;
        break;
    }
    if (op.action == Action::cas) {
      op.expected = objects_[op.object].value;
    }
    client.phase = Phase::called;
    client.operation = static_cast<std::uint32_t>(history_.operations.size());
    history_.operations.push_back(op);
  }

  void take_effect(Operation& op) {
    Object& object = objects_[op.object];
    op.outcome = Outcome::ok;
    if (wanted_.logged) op.effect = effects_++;
    switch (op.action) {
      case Action::propose:
        if (object.value == nil) object.value = op.argument;
        op.result = object.value;
        break;
      case Action::read:
        op.result = object.value;
        break;
      case Action::write:
        object.pasts.push_back(object.value);
        object.value = op.argument;
        break;
      case Action::cas:
        if (object.value != op.expected) {
          op.outcome = Outcome::unknown;  // and did not happen
        } else {
          object.value = op.argument;
        }
        break;
      case Action::append:
        object.pasts.push_back(object.value);
        object.value = history_.values.extended(object.value, op.argument);
        break;
      case Action::enqueue:
        object.queue.push_back(op.argument);
        break;
      case Action::dequeue:
        if (object.queue.empty()) {
          op.outcome = Outcome::refused;
        } else {
          op.result = object.queue.front();
          object.queue.pop_front();
        }
        break;
      case Action::add:
        object.pasts.push_back(object.value);
        object.value = (object.value == nil ? 0 : object.value) + 1;
        op.argument = 1;
        break;
      case Action::acquire:
        if (object.holder >= 0) {
          op.outcome = Outcome::refused;
        } else {
          object.holder = op.owner;
          object.value = (object.value == nil ? 0 : object.value) + 1;
          op.result = object.value;
        }
        break;
      case Action::release:
        object.holder = -1;
        break;
      case Action::erase:
        break;
    }
  }

  void end(Client& client) {
    Operation& op = history_.operations[client.operation];
    client.phase = Phase::idle;
    const bool unknown = wanted_.unknown > 0 && dice_.below(wanted_.unknown) == 0;
    if (unknown) {
      op.outcome = Outcome::unknown;
      op.result = nil;
    }
    if (op.outcome == Outcome::unknown) return;
    op.returned = rank_++;
    op.ended = Time{op.returned};
  }

  // One read in the last tenth returns what its key held half a history earlier; or two dequeues
  // that are far apart have changed places.
  void plant() {
    std::size_t i = history_.operations.size() * 9 / 10;
    Operation* first = nullptr;
    for (; i < history_.operations.size(); ++i) {
      Operation& op = history_.operations[i];
      if (op.action == Action::dequeue && op.outcome == Outcome::ok) {
        if (first == nullptr) first = &op;
        if (op.object != first->object || op.called < first->called + 100) continue;
        std::swap(op.result, first->result);
        return;
      }
      if (op.action != Action::read || !op.known()) continue;
      const std::vector<Word>& pasts = objects_[op.object].pasts;
      op.result = pasts[pasts.size() / 2];
      return;
    }
  }

  Wanted wanted_;
  Stream dice_;
  History history_;
  std::vector<Client> clients_;
  std::vector<Object> objects_;
  std::uint32_t rank_ = 0;
  std::uint32_t effects_ = 0;
};

// Time of the processor: on a machine that others use too, the clock on the wall says little.
struct Clock {
  using time_point = std::clock_t;
  static time_point now() { return std::clock(); }
};

std::int64_t microseconds(Clock::time_point since) {
  return static_cast<std::int64_t>(Clock::now() - since) * 1'000'000 / CLOCKS_PER_SEC;
}

std::string in_json_lines(const History& history) {
  std::string text;
  std::vector<std::pair<std::uint32_t, std::string>> lines(history.events);
  for (const Operation& op : history.operations) {
    const auto line = [&](std::uint32_t rank, const char* type, Word value) {
      text += "{\"process\":" + std::to_string(op.process) + ",\"type\":\"" + type + "\",\"f\":\"" +
              std::string(name_of(op.action)) + "\",\"key\":" + history.objects[op.object] +
              ",\"value\":" + history.values.json(value) + ",\"time\":" + std::to_string(rank) +
              "}\n";
      lines[rank].second = std::move(text);
      text.clear();
    };
    line(op.called, "invoke", op.action == Action::read ? nil : op.argument);
    if (op.known()) line(op.returned, "ok", op.action == Action::read ? op.result : op.argument);
  }
  for (const auto& [rank, line] : lines) text += line;
  return text;
}

void measure(const std::string& name, const Wanted& wanted) {
  const History history = Generator(wanted).make();
  const Clock::time_point begin = Clock::now();
  LinearizabilityCheck check(history, wanted.model, {std::uint64_t{1} << 29, 0});
  while (check.advance(1 << 16) && microseconds(begin) < 20'000'000) {
  }
  const std::int64_t spent = std::max<std::int64_t>(microseconds(begin), 1);
  std::printf("%-44s %9.2f ms %8.2f Mop/s %9llu nodes %7.1f MB  %s\n", name.c_str(),
              static_cast<double>(spent) / 1e3,
              static_cast<double>(wanted.operations) / static_cast<double>(spent),
              static_cast<unsigned long long>(check.nodes()),
              static_cast<double>(check.most_bytes()) / 1048576.0,
              std::string(name_of(check.answer())).c_str());
  std::fflush(stdout);
  for (const ObjectVerdict& verdict : check.objects()) {
    if (verdict.answer != Linearizability::no) continue;
    const Clock::time_point from = Clock::now();
    const Explanation why = explain(history, wanted.model, verdict);
    std::printf("    core of %zu in %.2f ms%s: %s\n", why.core.size(),
                static_cast<double>(microseconds(from)) / 1e3,
                why.irreducible ? "" : " (not irreducible)", why.sentence.c_str());
    break;
  }
  std::fflush(stdout);
}

// How fast the verifier alone goes through the witnesses.
void measure_replay(const std::string& name, const Wanted& wanted) {
  const History history = Generator(wanted).make();
  LinearizabilityCheck check(history, wanted.model, {});
  check.finish();
  std::vector<std::uint8_t> marks;
  const Clock::time_point begin = Clock::now();
  std::uint64_t refuted = 0;
  for (const ObjectVerdict& verdict : check.objects()) {
    refuted +=
        refute_witness(history, wanted.model, verdict.operations, verdict.witness, marks).empty()
            ? 0
            : 1;
  }
  const std::int64_t spent = std::max<std::int64_t>(microseconds(begin), 1);
  std::printf("%-44s %9.2f ms %8.2f Mop/s %9llu refuted\n", name.c_str(),
              static_cast<double>(spent) / 1e3,
              static_cast<double>(wanted.operations) / static_cast<double>(spent),
              static_cast<unsigned long long>(refuted));
}

void measure_reading(const Wanted& wanted) {
  const std::string text = in_json_lines(Generator(wanted).make());
  const Clock::time_point begin = Clock::now();
  Problems problems;
  const auto history = read_history(text, "generated", {wanted.model, {}, {}}, problems);
  const std::int64_t spent = microseconds(begin);
  std::printf("%-44s %9.2f ms %8.1f MB/s %s\n", "10^6 from JSON Lines: read",
              static_cast<double>(spent) / 1e3,
              static_cast<double>(text.size()) / static_cast<double>(spent),
              history ? "" : problems.to_text().c_str());
  if (!history) return;
  LinearizabilityCheck check(*history, wanted.model, {});
  check.finish();
  std::printf("%-44s %9.2f ms %27s %s\n", "10^6 from JSON Lines: read and judged (1 s)",
              static_cast<double>(microseconds(begin)) / 1e3, "",
              std::string(name_of(check.answer())).c_str());
}

// How many of 24 hard histories are decided within a second.
void measure_hard(bool wrong) {
  int decided = 0;
  std::int64_t slowest = 0;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    const Wanted wanted{Model::reg, 2000, 30, 5, 0, 1, wrong, seed};
    const History history = Generator(wanted).make();
    const Clock::time_point begin = Clock::now();
    LinearizabilityCheck check(history, wanted.model, {std::uint64_t{1} << 29, 0});
    while (check.advance(1 << 14) && microseconds(begin) < 1'000'000) {
    }
    slowest = std::max(slowest, microseconds(begin));
    decided += check.answer() == Linearizability::unknown ? 0 : 1;
  }
  std::printf("2,000 at 30 clients, five values, %-12s %d of 24 decided in 1 s; slowest %.1f ms\n",
              wrong ? "one stale:" : "right:", decided, static_cast<double>(slowest) / 1e3);
}

// How much of a history is needed to show that it fails, and how long it takes to find that out.
void measure_cores(Model model) {
  std::vector<std::size_t> sizes;
  std::vector<std::int64_t> times;
  int reducible = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const History history = Generator({model, 2000, 20, 0, 0, 1, true, seed}).make();
    LinearizabilityCheck check(history, model, {std::uint64_t{1} << 29, 1'000'000});
    check.finish();
    if (check.answer() != Linearizability::no) continue;
    const Clock::time_point begin = Clock::now();
    const Explanation why = explain(history, model, check.objects()[0]);
    times.push_back(microseconds(begin));
    sizes.push_back(why.core.size());
    reducible += why.irreducible ? 0 : 1;
  }
  if (sizes.empty()) return;
  std::sort(sizes.begin(), sizes.end());
  std::sort(times.begin(), times.end());
  std::printf(
      "cores of %2zu of 40, 2,000 operations, %-13s median %zu, most %zu (5, 10), "
      "median %.2f ms (5), most %.2f ms, %d not irreducible\n",
      sizes.size(), std::string(name_of(model)).c_str(), sizes[sizes.size() / 2], sizes.back(),
      static_cast<double>(times[times.size() / 2]) / 1e3, static_cast<double>(times.back()) / 1e3,
      reducible);
  std::fflush(stdout);
}

// Of the model of this name; of all if it is empty.
void measure_all_cores(std::string_view name) {
  for (const Model model : {Model::reg, Model::cas_register, Model::kv, Model::queue,
                            Model::counter, Model::append_list}) {
    if (name.empty() || name_of(model) == name) measure_cores(model);
  }
}

void table() {
  measure("10^4, unique values", {Model::reg, 10'000, 10, 0, 0, 1, false, 1});
  measure("10^4, unique values, 5 % unknown", {Model::reg, 10'000, 10, 0, 20, 1, false, 1});
  measure("10^4, five values", {Model::reg, 10'000, 10, 5, 0, 1, false, 1});
  measure("10^4, five values, 1 % unknown", {Model::reg, 10'000, 10, 5, 100, 1, false, 1});
  measure("10^4, five values, 5 % unknown (10 ms)", {Model::reg, 10'000, 10, 5, 20, 1, false, 1});
  measure("10^5, unique values (30 ms)", {Model::reg, 100'000, 10, 0, 0, 1, false, 1});
  measure("10^5, unique values, one stale", {Model::reg, 100'000, 10, 0, 0, 1, true, 1});
  measure("10^6, 100 keys, 20 clients (250 ms)", {Model::reg, 1'000'000, 20, 0, 0, 100, false, 1});
  measure("10^6, 100 keys, 20 clients, log known (50 ms)",
          {Model::reg, 1'000'000, 20, 0, 0, 100, false, 1, true});
  measure("10^6, one key, 20 clients, log known (50 ms)",
          {Model::reg, 1'000'000, 20, 0, 0, 1, false, 1, true});
  measure("2,000, 30 clients, unique, one stale", {Model::reg, 2000, 30, 0, 0, 1, true, 1});
  measure("2,000, 30 clients, unique, 10 % unknown", {Model::reg, 2000, 30, 0, 10, 1, false, 1});
  measure("append 2,000, 20 clients", {Model::append_list, 2000, 20, 0, 0, 1, false, 1});
  measure("append 2,000, 20 clients, 5 % unknown",
          {Model::append_list, 2000, 20, 0, 20, 1, false, 1});
  measure("append 2,000, 20 clients, one stale", {Model::append_list, 2000, 20, 0, 0, 1, true, 1});
  measure("cas 10^4, 10 clients, unique, 5 % unknown",
          {Model::cas_register, 10'000, 10, 0, 20, 1, false, 1});
  measure("queue 10^5, 10 clients, unique", {Model::queue, 100'000, 10, 0, 0, 1, false, 1});
  measure("queue 10^4, 10 clients, unique, 5 % unknown",
          {Model::queue, 10'000, 10, 0, 20, 1, false, 1});
  measure("queue 10^6, 100 keys, 20 clients, 1 % unknown",
          {Model::queue, 1'000'000, 20, 0, 100, 100, false, 1});
  measure("queue 10^4, 10 clients, one out of turn", {Model::queue, 10'000, 10, 0, 0, 1, true, 1});
  measure("queue 2,000, 10 clients, five values", {Model::queue, 2000, 10, 5, 0, 1, false, 1});
  measure("lock 10^5, 10 clients", {Model::lock, 100'000, 10, 0, 0, 1, false, 1});
  measure("counter 10^4, 10 clients", {Model::counter, 10'000, 10, 0, 0, 1, false, 1});
  measure("counter 10^4, 10 clients, 1 % unknown",
          {Model::counter, 10'000, 10, 0, 100, 1, false, 1});
  measure_replay("10^5, one key, witness replayed (5 ms)",
                 {Model::reg, 100'000, 10, 0, 0, 1, false, 1});
  measure_replay("10^6, 100 keys, witness replayed (50 ms)",
                 {Model::reg, 1'000'000, 20, 0, 0, 100, false, 1});
  measure_all_cores("");
  measure_hard(false);
  measure_hard(true);
  measure_reading({Model::reg, 1'000'000, 20, 0, 0, 100, false, 1});
}

}  // namespace
}  // namespace ballast::history

int main(int argc, char** argv) {
  using namespace ballast::history;
  if (argc > 1 && std::string_view(argv[1]) == "cores") {
    measure_all_cores(argc > 2 ? argv[2] : "");
    return 0;
  }
  if (argc < 8) {
    table();
    return 0;
  }
  Wanted wanted;
  for (std::size_t i = 0; i < enumerators(Model{}).size(); ++i) {
    if (enumerators(Model{})[i] == argv[1]) wanted.model = static_cast<Model>(i);
  }
  const auto number = [&](int i) { return std::strtoull(argv[i], nullptr, 10); };
  wanted.operations = number(2);
  wanted.clients = number(3);
  wanted.values = number(4);
  wanted.unknown = number(5);
  wanted.keys = number(6);
  wanted.wrong = number(7) != 0;
  if (argc > 8) wanted.seed = number(8);
  if (argc > 9) wanted.logged = number(9) != 0;
  measure(argv[1], wanted);
  return 0;
}
