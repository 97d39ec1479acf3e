// A run and its verdict: held, violated, or inconclusive, and for which reason.
#include "sim/scenario/run.h"

#include <doctest/doctest.h>

#include "sim/protocol/register.h"
#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

// How a shop treats its customers.
enum class Manner : std::uint8_t {
  honest,       // serves one register per key
  forgetful,    // reads find nothing
  silent,       // never answers
  sulking,      // stops answering after three seconds
  quarrelsome,  // each node decides for itself
  careless,     // breaks a rule of its own at the tenth request
  broken,       // breaks one at once
  ambitious,    // stands for election, and never wins
  posing,       // states what only clients can know
  hoarding      // writes and writes
};
constexpr auto enumerators(Manner) {
  return std::array<std::string_view, 10>{"honest",      "forgetful", "silent", "sulking",
                                          "quarrelsome", "careless",  "broken", "ambitious",
                                          "posing",      "hoarding"};
}

class Shop {
 public:
  struct Config {
    Manner manner = Manner::honest;
    static constexpr std::string_view name = "shop";
    static constexpr auto fields = Fields{field("manner", &Config::manner)};
  };
  struct Nothing {
    static constexpr std::string_view name = "Nothing";
    static constexpr auto fields = Fields{};
  };
  struct Page {
    std::uint64_t number = 0;
    static constexpr std::string_view name = "Page";
    static constexpr auto fields = Fields{field("number", &Page::number)};
  };
  enum class Timer : std::uint8_t { open };
  friend constexpr auto enumerators(Timer) { return std::array<std::string_view, 1>{"open"}; }
  using Message = std::variant<Nothing>;
  using Record = std::variant<Page>;
  using State = Nothing;
  static constexpr std::string_view name = "shop";
  static constexpr std::string_view summary = "A test's own.";
  static constexpr std::array operations = {Operation::read, Operation::write, Operation::cas};

  explicit Shop(const Config& config) : manner_(config.manner) {}
  void on_recover(const Record&) {}
  void on_start(Step<Shop>& step) {
    ensure(manner_ != Manner::broken, "shops open");
    step.set_timer(Timer::open, 1_s);
  }
  void on_message(NodeId, const Message&, Step<Shop>&) {}
  void on_timer(Timer, Step<Shop>& step) {
    if (manner_ == Manner::quarrelsome) step.observe(Proposed{{1}});
    if (manner_ == Manner::quarrelsome) step.observe(Decided{{1}, {step.self().value}});
    if (manner_ == Manner::ambitious) step.observe(Campaigned{{1}});
    if (manner_ == Manner::posing) step.observe(Returned{{{5}, 7, 7}, Returning::ok, 0});
    if (manner_ == Manner::hoarding) {
      for (std::uint64_t i = 0; i < 10'000; ++i) step.persist(Page{i});
      step.set_timer(Timer::open, 1_ms);
    }
  }
  void on_request(const Request& request, Step<Shop>& step) {
    ensure(manner_ != Manner::careless || ++served_ < 10, "shops never tire");
    if (manner_ == Manner::silent) return;
    if (manner_ == Manner::sulking && step.now() > Time{} + 3_s) return;
    const Command& command = request.command;
    std::int64_t& held = register_of(command.key);
    Response response;
    switch (command.operation) {
      case Operation::read:
        response.value = manner_ == Manner::forgetful ? 0 : held;
        break;
      case Operation::cas:
        response.value = held == command.expected ? 1 : 0;
        if (response.value != 0) held = command.value;
        break;
      default:
        held = command.value;
        break;
    }
    step.reply(request.id, response);
  }
  State state() const { return {}; }

 private:
  std::int64_t& register_of(std::uint64_t key) {
    if (key >= registers_.size()) registers_.resize(key + 1);
    return registers_[key];
  }
  Manner manner_;
  std::uint64_t served_ = 0;
  std::vector<std::int64_t> registers_;
};

const AlgorithmInfo& shop() {
  static const AlgorithmInfo info{Shop::name,
                                  Shop::summary,
                                  {Operation::read, Operation::write, Operation::cas},
                                  config_spec<Shop::Config>(),
                                  &Register<Shop>::make,
                                  &Register<Shop>::patience,
                                  &Register<Shop>::vary,
                                  &Register<Shop>::bears_meddling,
                                  &Register<Shop>::serves,
                                  &Register<Shop>::quorums,
                                  &Register<Shop>::misfit,
                                  &Register<Shop>::capacity,
                                  &Register<Shop>::advice};
  return info;
}

// Ten seconds of one shop and two customers, 20 operations a second.
Scenario scenario(Manner manner, std::uint32_t nodes = 1) {
  Scenario s;
  s.name = "test";
  NodeGroup group;
  group.name = "server";
  group.count = nodes;
  group.algorithm = &shop();
  group.config = Shop::Config{manner};
  group.members = {"server"};
  s.groups.push_back(std::move(group));
  Workload workload;
  workload.clients = 2;
  workload.target = "server";
  workload.arrivals = Poisson{{20, 1_s}};
  workload.operations = {1, 1, 0, 0, 0};
  workload.keys = 3;
  s.workload = workload;
  return s;
}

Fault fault(Duration at, FaultAction action, std::optional<Duration> lasts = {}) {
  Fault f;
  f.at = Time{} + at;
  f.lasts = lasts;
  f.action = std::move(action);
  return f;
}
Selector leader() {
  Selector selector;
  selector.parts.emplace_back().role = Role::leader;
  return selector;
}
Selector only(std::uint32_t node) { return Selector::of({{node}}); }

// The verdict, and what it rests on.
std::string judged(const Scenario& s, const RunOptions& options = {}) {
  const RunOutcome outcome = run(s, options);
  std::string text(name_of(outcome.verdict));
  for (const Violation& violation : outcome.violations) {
    text += "; " + violation.property + ": " + violation.sentence;
  }
  for (const std::string& reason : outcome.reasons) text += "; " + reason;
  return text;
}
bool starts_with(const std::string& text, std::string_view with) {
  return std::string_view(text).substr(0, with.size()) == with;
}

// Counts what it is given.
class Counting final : public Recorder {
 public:
  SightMask wants() const override { return all_sights; }
  bool wants_states() const override { return true; }
  void see(const Occurrence&, const World&) override { ++seen; }
  void begin(const Scenario&, const World&) override { ++begun; }
  void line(const HistoryLine& line) override { (line.invocation ? invoked : returned) += 1; }
  void sample(const Sample& sample) override { samples.push_back(sample); }

  int begun = 0;
  std::uint64_t seen = 0;
  std::uint64_t invoked = 0;
  std::uint64_t returned = 0;
  std::vector<Sample> samples;
};

}  // namespace

// --- Held and violated ---------------------------------------------------------------------------

TEST_CASE("a run in which customers are served and nobody objects is held") {
  Scenario s = scenario(Manner::honest);
  s.check.linearizable.emplace();
  s.check.progress.emplace();
  const RunOutcome outcome = run(s);
  CHECK(outcome.verdict == Verdict::held);
  CHECK(outcome.as_expected);
  CHECK(outcome.ended == Time{} + 10_s);
  CHECK(outcome.ok > 150);
  CHECK(outcome.invoked == outcome.ok + outcome.fail + outcome.info + outcome.open);
  CHECK(outcome.latencies.count() == outcome.ok);
}

TEST_CASE("a run ends with the first event that a check objects to") {
  Scenario s = scenario(Manner::quarrelsome, 3);
  s.expect = ExpectSpec{Verdict::violated, "agreement"};
  const RunOutcome outcome = run(s);
  CHECK(outcome.verdict == Verdict::violated);
  REQUIRE(!outcome.violations.empty());
  CHECK(outcome.violations.front().property == "agreement");
  CHECK(outcome.violations.front().at == Time{} + 1_s);
  CHECK(outcome.ended == Time{} + 1_s);
  CHECK(outcome.counters.events == outcome.violations.front().event.value);
  CHECK(outcome.as_expected);
  s.expect->property = "validity";
  CHECK(!run(s).as_expected);
  s.expect = ExpectSpec{};
  CHECK(!run(s).as_expected);
}

TEST_CASE("an algorithm that breaks its own rule is a violation") {
  CHECK(judged(scenario(Manner::careless)) == "violated; ensure: shops never tire");
}

TEST_CASE("a rule that is broken at boot ends the run there") {
  Scenario s = scenario(Manner::broken);
  const RunOutcome outcome = run(s);
  CHECK(outcome.verdict == Verdict::violated);
  CHECK(outcome.counters.events == 3);  // the shop and two customers boot
  CHECK(outcome.ended == Time{});
}

TEST_CASE("a history that no register explains is a violation of linearizability") {
  Scenario s = scenario(Manner::forgetful);
  CHECK(judged(s) == "held");
  s.check.linearizable.emplace();
  CHECK(starts_with(judged(s), "violated; linearizable: key "));
}

// --- Inconclusive --------------------------------------------------------------------------------

TEST_CASE("a run that spends a budget is inconclusive, and says which and when") {
  Scenario events = scenario(Manner::honest);
  events.budget.events = 100;
  const RunOutcome outcome = run(events);
  CHECK(outcome.verdict == Verdict::inconclusive);
  CHECK(outcome.counters.events == 100);
  REQUIRE(outcome.reasons.size() == 1);
  CHECK(outcome.reasons[0] == "the budget of 100 events was spent at " + to_text(outcome.ended));

  Scenario memory = scenario(Manner::hoarding);
  memory.budget.megabytes = 5;
  CHECK(starts_with(judged(memory), "inconclusive; the budget of 5 MB of memory was spent at 1."));
}

TEST_CASE("a run that is interrupted from outside is inconclusive") {
  const volatile int interrupted = 1;
  const RunOutcome outcome = run(scenario(Manner::honest), {nullptr, true, &interrupted});
  CHECK(outcome.verdict == Verdict::inconclusive);
  CHECK(outcome.reasons.at(0) == "interrupted at " + to_text(outcome.ended));
  CHECK(outcome.ended < Time{} + 10_s);
}

TEST_CASE("a run in which nothing happened proves nothing") {
  CHECK(judged(scenario(Manner::silent)) == "inconclusive; no client operation succeeded");
  Scenario deserted = scenario(Manner::honest);
  deserted.workload.reset();
  CHECK(judged(deserted) == "inconclusive; no node stated anything");
  Scenario contest = scenario(Manner::ambitious);
  CHECK(judged(contest) == "inconclusive; nodes stood for election, but none was elected");
}

TEST_CASE("a run in which nothing was checked holds nothing, but is the same run") {
  const Scenario s = scenario(Manner::honest);
  CHECK(judged(s, {nullptr, false}) == "inconclusive; nothing was checked");
  CHECK(run(s, {nullptr, false}).fingerprint == run(s).fingerprint);
}

TEST_CASE("a fault that never fired makes a run inconclusive, also if it still waits at the end") {
  Scenario s = scenario(Manner::honest);
  s.faults.push_back(fault(2_s, Crash{leader()}, 1_s));
  const std::string never = " never fired: nobody was what it waited for";
  CHECK(judged(s) == "inconclusive; the fault \"crash\" due at 2.000 s" + never);
  s.faults.front().at = Time{} + 8_s;
  CHECK(judged(s) == "inconclusive; the fault \"crash\" due at 8.000 s" + never);
}

TEST_CASE("a search for an order that spends its budget is inconclusive") {
  Scenario s = scenario(Manner::honest);
  s.workload->operations = {1, 1, 1, 0, 0};
  s.check.linearizable.emplace().budget = 1;
  CHECK(
      starts_with(judged(s), "inconclusive; linearizable: the search budget of 1 steps for key "));
  s.check.linearizable->budget = 100'000;
  CHECK(judged(s) == "held");
}

// --- Progress ------------------------------------------------------------------------------------

TEST_CASE("progress is violated if nothing is answered in time once the last fault has ended") {
  Scenario s = scenario(Manner::sulking);
  s.check.progress.emplace().within = 2_s;
  s.faults.push_back(fault(1_s, Pause{only(1)}, 1_s));
  CHECK(judged(s) == "held");  // it still served between 2 and 3 seconds
  s.faults.push_back(fault(3500_ms, Pause{only(1)}, 500_ms));
  const std::string text = judged(s);
  CHECK(starts_with(text,
                    "violated; progress: the last fault ended at 4.000 s, but of the "
                    "operations begun from 4."));
  CHECK(text.find("none was answered within 2s") != std::string::npos);
}

TEST_CASE("progress is judged only if the world was healed, and for long enough") {
  Scenario s = scenario(Manner::sulking);
  s.check.progress.emplace().within = 2_s;
  s.faults.push_back(fault(1_s, Isolate{only(3)}));
  CHECK(judged(s) == "inconclusive; progress: a fault had not ended when the run did");
  s.faults[0].lasts = 8_s;
  CHECK(starts_with(judged(s),
                    "inconclusive; progress: the run ended at 10.000 s, before the "
                    "deadline at 11."));
  s.faults[0] = fault(4_s, Isolate{only(3)}, 1_s);
  s.workload->stop = 5_s;
  CHECK(judged(s) ==
        "inconclusive; progress: no operation began after the last fault ended at 5.000 s");
}

TEST_CASE("progress counts from the first operation that could show it") {
  // Every four seconds somebody asks: the first after the fault comes later than `within`.
  Scenario s = scenario(Manner::honest);
  s.workload->arrivals = Periodic{{1, 4_s}};
  s.check.progress.emplace().within = 1_s;
  s.faults.push_back(fault(500_ms, Pause{only(1)}, 1_s));
  CHECK(judged(s) == "held");
}

TEST_CASE("progress is judged even if another check of the whole run is undecided") {
  Scenario s = scenario(Manner::sulking);
  s.workload->operations = {1, 1, 1, 0, 0};
  s.check.linearizable.emplace().budget = 1;
  s.check.progress.emplace().within = 1_s;
  s.faults.push_back(fault(4_s, Pause{only(1)}, 1_s));
  CHECK(starts_with(judged(s), "violated; progress: "));
}

// --- One run -------------------------------------------------------------------------------------

TEST_CASE("a run is the same every time, whoever records it") {
  const Scenario s = scenario(Manner::honest);
  const RunOutcome first = run(s);
  Counting recorder;
  const RunOutcome recorded = run(s, {&recorder, true});
  CHECK(recorded.fingerprint == first.fingerprint);
  CHECK(recorded.counters.events == first.counters.events);
  CHECK(recorded.prefixes.hashes == first.prefixes.hashes);
  CHECK(run(s).fingerprint == first.fingerprint);
  Scenario other = s;
  other.seed = 2;
  CHECK(run(other).fingerprint != first.fingerprint);

  CHECK(recorder.begun == 1);
  CHECK(recorder.invoked == first.invoked);
  CHECK(recorder.returned == first.ok + first.fail + first.info);
  CHECK(recorder.samples.size() == 100);
  std::uint64_t sent = 0;
  std::uint64_t ok = 0;
  Time until;
  for (const Sample& sample : recorder.samples) {
    CHECK(sample.from == until);
    until = sample.to;
    sent += sample.sent;
    ok += sample.ok;
    CHECK(sample.nodes_up == 1);
  }
  CHECK(until == Time{} + 10_s);
  CHECK(sent == first.counters.sent);
  CHECK(ok == first.ok);
}

TEST_CASE("recording changes nothing while faults wait") {
  Scenario s = scenario(Manner::honest);
  s.faults.push_back(fault(1_s, Crash{leader()}, 1_s));
  Counting recorder;
  CHECK(run(s, {&recorder, true}).fingerprint == run(s).fingerprint);
}

TEST_CASE("a shorter run is the beginning of the longer one") {
  Scenario s = scenario(Manner::honest);
  s.workload->arrivals = Poisson{{2000, 1_s}};
  const RunOutcome whole = run(s);
  s.duration = 5_s;
  const RunOutcome half = run(s);
  REQUIRE(half.prefixes.interval == whole.prefixes.interval);
  REQUIRE(half.prefixes.hashes.size() > 10);
  REQUIRE(half.prefixes.hashes.size() < whole.prefixes.hashes.size());
  CHECK(std::equal(half.prefixes.hashes.begin(), half.prefixes.hashes.end(),
                   whole.prefixes.hashes.begin()));
}

TEST_CASE("the hashes of a long run stay few") {
  Scenario s = scenario(Manner::honest);
  s.workload->arrivals = Poisson{{40'000, 1_s}};
  const RunOutcome outcome = run(s);
  CHECK(outcome.prefixes.hashes.size() < 512);
  CHECK(outcome.prefixes.interval == 4096);
  CHECK(outcome.counters.events / outcome.prefixes.interval == outcome.prefixes.hashes.size());
}

TEST_CASE("faults at the very beginning and at the very end act") {
  Scenario s = scenario(Manner::honest);
  s.faults.push_back(fault({}, Pause{only(1)}, 1_s));
  s.faults.push_back(fault(10_s, Crash{only(1)}));
  const RunOutcome outcome = run(s);
  REQUIRE(outcome.faults.size() == 2);
  CHECK(outcome.faults[0].fired);
  CHECK(outcome.faults[1].fired);
  CHECK(outcome.counters.crashes == 1);
}

TEST_CASE("what a server says of clients is not what clients say") {
  Scenario s = scenario(Manner::posing);
  const RunOutcome outcome = run(s);
  CHECK(outcome.verdict == Verdict::held);
  CHECK(outcome.ok + outcome.open == outcome.invoked);
}

TEST_CASE("the operations of a crashed client end unknown") {
  Scenario s = scenario(Manner::silent);
  s.faults.push_back(fault(3_s, Crash{only(2)}, 1_s));
  s.workload->timeout = 60_s;
  Counting recorder;
  const RunOutcome outcome = run(s, {&recorder, true});
  CHECK(outcome.info > 10);
  CHECK(recorder.returned == outcome.info);
  CHECK(outcome.invoked == outcome.info + outcome.open);
}

TEST_CASE("the faults of a run, written back, make the same run again") {
  const AlgorithmInfo* raft = find_algorithm("raft");
  REQUIRE(raft != nullptr);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Scenario s = scenario(Manner::honest, 5);
    s.groups[0].algorithm = raft;
    s.groups[0].config = raft->config.defaults;
    s.seed = seed;
    s.faults.push_back(fault({}, Crash{leader()}, 700_ms));  // waits for the first leader
    s.faults.push_back(fault(2_s, Isolate{leader()}, 1500_ms));
    s.faults.push_back(fault(4_s, Pause{leader()}, 800_ms));
    Selector any;
    any.parts.emplace_back().role = Role::any;
    s.faults.push_back(fault(6_s, Crash{any}, 1_s));
    s.check.linearizable.emplace();
    s.check.progress.emplace();
    const RunOutcome first = run(s);
    CHECK(first.verdict == Verdict::held);
    CHECK(first.elections >= 3);
    s.faults.clear();
    for (const FiredFault& fired : first.faults) s.faults.push_back(fired.fault);
    REQUIRE(s.faults.size() == 4);
    const RunOutcome again = run(s);
    CHECK(again.fingerprint == first.fingerprint);
    CHECK(again.counters.events == first.counters.events);
    s.faults.pop_back();
    CHECK(run(s).fingerprint != first.fingerprint);
  }
}
