// The words of `bugs`.
#include <memory>

#include "sim/base/parse.h"
#include "sim/cli/parse_parts.h"

namespace ballast {
namespace {

struct BugsWords {
  std::string what;
  std::vector<std::string> ids;
  std::string trials;
  std::string budget;
  std::string checks;
  std::string portfolio;
  std::string jobs;
  std::string shrink;
  std::string correct;
  std::string up_to;
  std::string format;
};

AnyCommand make_bugs(const BugsWords& w) {
  BugsCommand c;
  c.what = parse_word<BugsCommand::What>("the first word of ballast bugs", w.what);
  c.ids = w.ids;
  constexpr std::uint64_t most = 1'000'000'000'000;
  if (!w.trials.empty()) c.trials = parse_count("--trials", w.trials, 1, 1'000'000);
  if (!w.budget.empty()) c.budget = parse_count("--budget", w.budget, 1, most);
  if (!w.correct.empty()) c.correct = parse_count("--correct", w.correct, 1, most);
  if (!w.checks.empty()) c.checks = parse_word<SeenBy>("--checks", w.checks);
  if (!w.portfolio.empty()) c.portfolio = w.portfolio;
  if (!w.jobs.empty()) c.jobs = static_cast<std::uint32_t>(parse_count("--jobs", w.jobs, 0, 1024));
  if (!w.up_to.empty()) c.up_to = parse_word<Rarity>("--up-to", w.up_to);
  if (!w.format.empty()) c.format = parse_word<Format>("--format", w.format);
  if (!w.shrink.empty()) {
    const Parsed<Duration> parsed = parse_duration(w.shrink);
    if (!parsed.value || parsed.value->ns < 1'000'000) {
      throw UsageError{"--shrink is " + in_double_quotes(w.shrink) +
                       "; expected a duration such as \"10s\""};
    }
    c.shrink_milliseconds = static_cast<std::uint64_t>(parsed.value->ns / 1'000'000);
  }
  return c;
}

}  // namespace

void add_bugs_command(CLI::App& app, Commands& commands) {
  const auto w = std::make_shared<BugsWords>();
  CLI::App* sub = add_command(
      app, commands, "bugs",
      "Plant known mistakes in the algorithms and see how soon they are found",
      "Examples:\n"
      "  ballast bugs list\n"
      "  ballast bugs run raft.commit_prior_term --trials 5\n"
      "  ballast bugs run --checks clients --format json > clients.json\n"
      "  ballast bugs show raft.truncate_on_commit > planted.json\n\n"
      "Each trial sweeps seeds of its own until one violates a property or the budget is spent.\n"
      "Exit code 0 if all were found that should be, none of the harmless ones was, and each\n"
      "failing seed failed in the same way again; else 1. An ID may be the beginning of several.",
      [w] { return make_bugs(*w); });
  sub->add_option("WHAT", w->what, "list, run, or show: the scenario with the mistake in it")
      ->required()
      ->type_name(choices<BugsCommand::What>());
  sub->add_option("ID", w->ids, "Which; default all")->type_name("");
  sub->add_option("--trials", w->trials, "How many times; default 21")->type_name("N");
  sub->add_option("--budget", w->budget, "Events of a trial; default 10000000")->type_name("N");
  sub->add_option("--checks", w->checks,
                  "all (default), only what clients can tell: leaders, decisions and answers, or "
                  "only the history of the answers")
      ->type_name(choices<SeenBy>());
  sub->add_option(
         "--portfolio", w->portfolio,
         "How misfortune is drawn: a profile (default default), or default without a part: "
         "no-swarm, no-ambushes, no-targets, no-knobs, no-untimed, no-shorter")
      ->type_name("NAME");
  sub->add_option("--up-to", w->up_to, "Only those of this class and easier ones")
      ->type_name(choices<Rarity>());
  sub->add_option("--correct", w->correct,
                  "Besides, so many events of each scenario without a mistake: nobody is accused")
      ->type_name("N");
  sub->add_option("--shrink", w->shrink,
                  "Shrink the first failure of each for so long, and say what is left")
      ->type_name("TIME");
  sub->add_option("-j,--jobs", w->jobs, "How many runs at a time; default all processors")
      ->type_name("N");
  sub->add_option("--format", w->format, "What to show; default text")
      ->type_name(choices<Format>());
}

}  // namespace ballast
