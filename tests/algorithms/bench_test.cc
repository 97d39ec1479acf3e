// The bench itself, with a toy that counts what it is told and, if asked to, peeks outside.
#include "tests/support/bench.h"

#include <doctest/doctest.h>

using namespace ballast;

namespace {

int outside = 0;  // what no handler may read

struct Count {
  std::uint64_t total = 0;
  static constexpr std::string_view name = "Count";
  static constexpr auto fields = Fields{field("total", &Count::total)};
};
enum class CounterTimer : std::uint8_t { again };
[[maybe_unused]] constexpr auto enumerators(CounterTimer) {
  return std::array<std::string_view, 1>{"again"};
}

class Counter {
 public:
  using Config = Count;  // where to begin
  using Message = std::variant<Count>;
  using Record = std::variant<Count>;
  using Timer = CounterTimer;
  using State = Count;
  static constexpr std::string_view name = "counter";
  static constexpr std::string_view summary = "Counts what it is told.";
  static constexpr std::array operations = {Operation::work};

  explicit Counter(Config config) : total_(config.total) {}
  void on_recover(const Record& record) { total_ = std::get<Count>(record).total; }
  void on_start(Step<Counter>&) {}
  void on_message(NodeId, const Message& message, Step<Counter>& step) {
    total_ += std::get<Count>(message).total;
    step.persist(Count{total_});
    step.broadcast(Count{total_});
    ensure(total_ < 100, "a counter stays below 100");
  }
  void on_timer(Timer timer, Step<Counter>& step) {
    step.cancel_timer(timer);
    step.observe(Decided{Slot{1}, ValueDigest{static_cast<std::uint64_t>(++outside)}});
  }
  void on_request(const Request& request, Step<Counter>& step) {
    step.forward(NodeId{step.choose(2) == 0 ? 2u : 3u}, request);
    step.reply(request.id, Response{Outcome::ok, step.now().ns, {}});
  }
  State state() const { return {total_}; }

 private:
  std::uint64_t total_;
};

constexpr NodeId n1{1}, n2{2}, n3{3};

}  // namespace

TEST_CASE("bench: a step shows its effects as data, in order") {
  Bench<Counter> node{n1, {n1, n2, n3}};
  node.start();
  const auto step = node.receive(n2, Count{5});
  CHECK(step.record<Count>().total == 5);
  CHECK(step.messages<Count>() == 2);
  CHECK(step.message<Count>(1).total == 5);
  CHECK(step.message_to<Count>(n3)->total == 5);
  CHECK(step.message_to<Count>(n1) == nullptr);
  CHECK(step.broken.empty());
  CHECK_FALSE(step.silent());
  CHECK_THROWS_AS(step.message<Count>(2), std::out_of_range);
  CHECK_THROWS_AS(step.fact<Elected>(), std::out_of_range);
}

TEST_CASE("bench: clock and choices come from the bench") {
  Bench<Counter> node{n1, {n1, n2, n3}};
  node.set_clock(Time{42});
  const auto step = node.ask(Request{{n3, 1, 1}, {}});
  CHECK(step.broken.empty());
  CHECK(step.forward.size() == 1);
  REQUIRE(step.replies.size() == 1);
  CHECK(step.replies[0].response.value == 42);
}

TEST_CASE("bench: a crash keeps the durable records only") {
  Bench<Counter> node{n1, {n1, n2, n3}, Count{7}};
  node.receive(n2, Count{1});
  node.receive(n2, Count{1});
  CHECK(node.state().total == 9);
  node.crash_and_recover(1);
  CHECK(node.state().total == 8);
  node.crash_and_recover(0);
  CHECK(node.state().total == 7);
}

TEST_CASE("bench: a broken rule is told, not thrown") {
  Bench<Counter> node{n1, {n1, n2, n3}};
  CHECK(node.receive(n2, Count{100}).broken == "a counter stays below 100");
}

TEST_CASE("bench: a handler that reads more than its state and its input is found out") {
  Bench<Counter> node{n1, {n1, n2, n3}};
  CHECK_THROWS_AS(node.fire(CounterTimer::again), ImpureStep);
}
