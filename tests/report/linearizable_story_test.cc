// An algorithm of a user's own that breaks what clients may expect: every node answers from a
// register of its own. No fact gives it away, only what clients saw.
#include <array>
#include <variant>

#include "sim/protocol/register.h"
#include "sim/report/story.h"
#include "tests/report/helpers.h"

namespace ballast {

class Separate {
 public:
  struct Config {
    static constexpr std::string_view name = "separate_registers";
    static constexpr auto fields = Fields{};
  };
  struct Nothing {
    static constexpr std::string_view name = "Nothing";
    static constexpr auto fields = Fields{};
  };
  struct State {
    std::int64_t held = 0;
    static constexpr auto fields = Fields{field("held", &State::held)};
  };
  enum class Timer : std::uint8_t { unused };
  friend constexpr auto enumerators(Timer) { return std::array<std::string_view, 1>{"unused"}; }
  using Message = std::variant<Nothing>;
  using Record = std::variant<Nothing>;
  static constexpr std::string_view name = "separate_registers";
  static constexpr std::string_view summary = "A mistake, for a test.";
  static constexpr std::array operations = {Operation::read, Operation::write};

  explicit Separate(const Config&) {}
  void on_recover(const Record&) {}
  void on_start(Step<Separate>&) {}
  void on_message(NodeId, const Message&, Step<Separate>&) {}
  void on_timer(Timer, Step<Separate>&) {}
  void on_request(const Request& request, Step<Separate>& step) {
    if (request.command.operation == Operation::write) held_ = request.command.value;
    step.reply(request.id, {Outcome::ok, held_, {}});
  }
  State state() const { return {held_}; }

 private:
  std::int64_t held_ = 0;
};

namespace {
const Register<Separate> registered;
}  // namespace

TEST_CASE("a history that cannot be explained is told by the operations on that register") {
  const Scenario scenario = scenario_of(R"({
    "name": "registers", "duration": "2s",
    "nodes": { "server": { "count": 2, "algorithm": "separate_registers" } },
    "workload": { "clients": 2, "arrivals": { "poisson": "20/s" },
                  "operations": { "read": 1, "write": 1 } },
    "check": [ { "linearizable": "register" } ] })");
  StoryTeller teller(scenario);
  const RunOutcome outcome = run(scenario, {&teller, true, nullptr});
  REQUIRE(outcome.verdict == Verdict::violated);
  const Story story = teller.tell(outcome);
  CHECK(story.property == "linearizable");
  const std::string text = violation_md(scenario, story);
  CHECK(text.find("key 0: read -> 1 ") != std::string::npos);
  CHECK(text.find("began request ") != std::string::npos);
  CHECK(text.find(" end: answered ") != std::string::npos);
  CHECK(text.find("found when the run was over") != std::string::npos);
  REQUIRE(story.rows.size() > 5);
  CHECK(story.rows.back().at == story.at);  // what came later explains nothing
}

}  // namespace ballast
