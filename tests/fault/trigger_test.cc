// When faults strike that wait for something.
#include <doctest/doctest.h>

#include "sim/base/read.h"
#include "sim/scenario/json.h"
#include "tests/fault/play.h"

using namespace ballast;

namespace {

Fault when(When cause, FaultAction action, std::optional<Duration> lasts = {}) {
  Fault f;
  f.when = std::move(cause);
  f.lasts = lasts;
  f.action = std::move(action);
  return f;
}

When moment(Cue what, std::string of = {}, std::uint64_t nth = 1, bool repeated = false) {
  When cause;
  cause.what = what;
  cause.of = std::move(of);
  cause.nth = nth;
  cause.repeated = repeated;
  return cause;
}

std::size_t struck(const Play& play) {
  std::size_t count = 0;
  for (const FiredFault& each : play.director.fired()) count += each.fired;
  return count;
}

}  // namespace

TEST_CASE("what is drawn as no time at all comes a microsecond later") {
  Fault often;
  often.every = Distribution::exponential({1});
  often.lasts = 1_us;
  often.action = Pause{only({n1})};
  Play play({often});
  play.run_until(100_us);
  CHECK(struck(play) >= 99);
  CHECK(struck(play) <= 100);
}

TEST_CASE("strikes that are never a microsecond apart are refused, with their place") {
  const auto mistake = [](const std::string& every) {
    Problems problems;
    const auto value = parse_json(R"({"pause":"any","every":)" + every + "}", "f", problems);
    REQUIRE(value);
    Reader reader(problems, "fault");
    Fault read_back;
    const bool good = read(*value, read_back, reader);
    CHECK(good == problems.empty());
    return problems.to_text();
  };
  CHECK(mistake("\"1us\"") == "");
  CHECK(mistake(R"({"exponential":"1ms"})") == "");
  for (const std::string never : {"\"0s\"", "\"999ns\"", R"({"uniform":["0s","1ns"]})",
                                  R"({"exponential":"0s"})", R"({"recorded":["0s"]})"}) {
    const std::string text = mistake(never);
    CAPTURE(text);
    CHECK(text.starts_with("f:1:24: error: every is never more than "));
  }
}

TEST_CASE("a fault strikes at the nth of what it waits for, once") {
  Play play({when(moment(Cue::stated, "elected", 2), Pause{only({n1})}, 10_ms)});
  play.happen(n1, Elected{{1}});
  play.happen(n2, SteppedDown{{1}});
  CHECK(struck(play) == 0);
  play.happen(n2, Elected{{2}});
  CHECK(struck(play) == 1);
  play.happen(n3, Elected{{3}});
  CHECK(struck(play) == 1);
}

TEST_CASE("a repeated fault strikes every nth time, and only for the nodes that it names") {
  When second = moment(Cue::stated, "campaigned", 2, true);
  second.node = only({n1});
  Play play({when(second, Pause{only({n5})}, 1_ms)});
  for (std::uint64_t term = 1; term <= 5; ++term) {
    play.happen(n1, Campaigned{{term}});
    play.happen(n2, Campaigned{{term}});
  }
  CHECK(struck(play) == 2);
}

TEST_CASE("what happens before the fault's own time does not count") {
  Fault late = when(moment(Cue::stated, "elected"), Pause{only({n1})}, 1_ms);
  late.at = Time{} + 1_s;
  Play play({late});
  play.happen(n1, Elected{{1}});
  CHECK(struck(play) == 0);
  play.run_until(2_s);
  play.happen(n1, Elected{{2}});
  CHECK(struck(play) == 1);
}

TEST_CASE("a state is waited for: it must begin to hold") {
  Play play({when(moment(Cue::uncommitted, {}, 2), Pause{only({n1})}, 1_ms)});
  play.happen(n1, Elected{{1}});
  play.happen(n1, Appended{{1}, {1}, {7}});
  play.happen(n1, Appended{{2}, {1}, {8}});
  CHECK(struck(play) == 0);  // it still holds for the first time
  play.happen(n1, Committed{{2}, {1}});
  play.happen(n1, Appended{{3}, {1}, {9}});
  CHECK(struck(play) == 1);
}

TEST_CASE("two leaders, two candidates and no leader are states of the group") {
  Play leaders({when(moment(Cue::two_leaders), Pause{only({n5})}, 1_ms)});
  leaders.happen(n1, Elected{{1}});
  CHECK(struck(leaders) == 0);
  leaders.happen(n2, Elected{{2}});
  CHECK(struck(leaders) == 1);
  Play candidates({when(moment(Cue::candidates), Pause{only({n5})}, 1_ms)});
  candidates.happen(n1, Campaigned{{1}});
  CHECK(struck(candidates) == 0);
  candidates.happen(n2, Campaigned{{1}});
  CHECK(struck(candidates) == 1);
  Play leaderless({when(moment(Cue::leaderless, {}, 2), Pause{only({n5})}, 1_ms)});
  leaderless.happen(n1, Campaigned{{1}});
  leaderless.happen(n1, Elected{{1}});
  CHECK(struck(leaderless) == 0);
  leaderless.happen(n1, SteppedDown{{1}});
  CHECK(struck(leaderless) == 1);
}

TEST_CASE("a fault follows another one's end, or its start, after a delay") {
  Fault first = fault(1_s, Pause{only({n1})}, 100_ms);
  first.id = "first";
  Fault second;
  second.after = After{"first", FaultEnd::end};
  second.delay = 50_ms;
  second.lasts = 1_ms;
  second.action = Pause{only({n2})};
  Fault third = second;
  third.after->point = FaultEnd::start;
  third.action = Pause{only({n3})};
  Play play({first, second, third});
  play.run_until(3_s);
  const auto& fired = play.director.fired();
  REQUIRE(fired.size() == 3);
  CHECK(std::get<Pause>(fired[1].fault.action).nodes == only({n3}));
  CHECK(fired[1].fault.at == Time{} + 1050_ms);
  CHECK(std::get<Pause>(fired[2].fault.action).nodes == only({n2}));
  CHECK(fired[2].fault.at == Time{} + 1150_ms);
}

TEST_CASE("a recurring fault strikes at its gaps, from its time on, and never ends for good") {
  Fault recurring = fault(1_s, Pause{only({n1})}, 10_ms);
  recurring.every = Distribution::constant(500_ms);
  Play play({recurring});
  play.run_until(3_s);
  REQUIRE(play.director.fired().size() == 4);
  CHECK(play.director.fired()[0].fault.at == Time{} + 1500_ms);
  CHECK(play.director.fired()[3].fault.at == Time{} + 3_s);
  CHECK_FALSE(play.director.healed_at().has_value());
}

TEST_CASE("what really happened is written back without its triggers") {
  Fault recurring = fault(1_s, Pause{by_role({Role::any})}, 10_ms);
  recurring.id = "again";
  recurring.every = Distribution::constant(700_ms);
  Play play({recurring});
  play.run_until(3_s);
  for (const FiredFault& each : play.director.fired()) {
    CHECK_FALSE(each.fault.has_trigger());
    CHECK(each.fault.after_event.has_value());
    CHECK(std::get<Pause>(each.fault.action).nodes.parts.front().node);
  }
}

TEST_CASE("a fault that lay in wait in vain has not fired") {
  Play play({when(moment(Cue::crashed), Pause{only({n1})}, 1_ms)});
  play.run_until(1_s);
  play.director.give_up();
  REQUIRE(play.director.fired().size() == 1);
  CHECK_FALSE(play.director.fired()[0].fired);
  CHECK_FALSE(play.director.healed_at().has_value());
}
