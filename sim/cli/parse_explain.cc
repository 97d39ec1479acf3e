// The words of the commands that explain a failure.
#include <memory>

#include "sim/base/parse.h"
#include "sim/cli/parse_parts.h"

namespace ballast {
namespace {

struct ExplainWords {
  std::string path;
  std::string other;
  std::vector<std::string> set;
  std::string until;
  std::string limit;
  std::string at;
  std::string seeds;
  std::string jobs;
  std::string out;
  std::string vary;
  std::string context;
  std::string format;
  std::string color;
};

Duration duration_of(std::string_view option, const std::string& text, std::int64_t least) {
  const Parsed<Duration> parsed = parse_duration(text);
  if (parsed.value && parsed.value->ns >= least) return *parsed.value;
  throw UsageError{std::string(option) + " is " + in_double_quotes(text) +
                   "; expected a duration such as \"30s\" or \"1.5s\""};
}

std::uint32_t jobs_of(const ExplainWords& w) {
  if (w.jobs.empty()) return 0;
  return static_cast<std::uint32_t>(parse_count("--jobs", w.jobs, 0, 1024));
}

template <class C>
void fill_output(C& c, const ExplainWords& w) {
  if (!w.format.empty()) c.format = parse_word<Format>("--format", w.format);
  if constexpr (requires { c.color; }) {
    if (!w.color.empty()) c.color = parse_word<ColorChoice>("--color", w.color);
  }
}

void add_jobs(CLI::App* sub, ExplainWords& w) {
  sub->add_option("-j,--jobs", w.jobs, "How many runs at a time; default all processors")
      ->type_name("N");
}
void add_format(CLI::App* sub, ExplainWords& w) {
  sub->add_option("--format", w.format, "What to show; default text")->type_name(choices<Format>());
}
void add_color(CLI::App* sub, ExplainWords& w) {
  sub->add_option("--color", w.color, "When to use colour; default auto")
      ->type_name(choices<ColorChoice>());
}

AnyCommand make_shrink(const ExplainWords& w) {
  ShrinkCommand c;
  c.path = w.path;
  c.out = w.out;
  c.jobs = jobs_of(w);
  if (!w.limit.empty()) {
    const Duration limit = duration_of("--for", w.limit, 1'000'000);
    c.milliseconds = static_cast<std::uint64_t>(limit.ns / 1'000'000);
  }
  fill_output(c, w);
  return c;
}

AnyCommand make_fork(const ExplainWords& w) {
  ForkCommand c;
  c.path = w.path;
  c.jobs = jobs_of(w);
  if (!w.at.empty()) c.at = duration_of("--at", w.at, 0);
  if (!w.seeds.empty()) c.seeds = parse_count("--seeds", w.seeds, 1, 1'000'000);
  fill_output(c, w);
  return c;
}

AnyCommand make_diff(const ExplainWords& w) {
  DiffCommand c;
  c.a = w.path;
  c.b = w.other;
  if (!w.context.empty()) c.context = parse_count("--context", w.context, 0, 1000);
  fill_output(c, w);
  return c;
}

AnyCommand make_frontier(const ExplainWords& w) {
  FrontierCommand c;
  c.scenario = {w.path, w.set, std::nullopt};
  if (!w.until.empty()) c.scenario.until = duration_of("--until", w.until, 1);
  c.vary = w.vary;
  c.jobs = jobs_of(w);
  const std::string wrong = c.seeds.parse(w.seeds.empty() ? "1..20" : w.seeds);
  if (!wrong.empty()) throw UsageError{"--seeds: " + wrong};
  fill_output(c, w);
  return c;
}

void add_shrink(CLI::App& app, Commands& commands, const std::shared_ptr<ExplainWords>& w) {
  CLI::App* sub = add_command(
      app, commands, "shrink", "Find the least that fails in the same way, and say why each part",
      "Examples:\n"
      "  ballast shrink results/raft_vote_not_persisted/seed-5\n"
      "  ballast shrink repro.json --for 60s --out smallest.json\n\n"
      "Writes shrunk.json, a scenario of a few lines, shrunk.repro.json for ballast replay, and\n"
      "shrunk.md, the story. As long as time does not run out, the same for any number of jobs.",
      [w] { return make_shrink(*w); });
  sub->add_option("PATH", w->path, "A repro.json, the directory of a run, or a scenario")
      ->required()
      ->type_name("");
  sub->add_option("--for", w->limit, "How long to search; default 30s")->type_name("TIME");
  sub->add_option("--out", w->out, "Where to write: a directory, or a .json file")
      ->type_name("PATH");
  add_jobs(sub, *w);
  add_format(sub, *w);
  add_color(sub, *w);
}

void add_fork(CLI::App& app, Commands& commands, const std::shared_ptr<ExplainWords>& w) {
  CLI::App* sub = add_command(
      app, commands, "fork", "Find the event after which a failure was bound to come",
      "Examples:\n"
      "  ballast fork repro.json\n"
      "  ballast fork repro.json --at 1.2s --seeds 200\n\n"
      "The run is made again up to a time; from there all chance comes from other seeds. How many\n"
      "of these continuations violate the property says how inevitable it was by then.",
      [w] { return make_fork(*w); });
  sub->add_option("PATH", w->path, "A repro.json, the directory of a run, or a scenario")
      ->required()
      ->type_name("");
  sub->add_option("--at", w->at, "Fork at this time only; default: the curve over the whole run")
      ->type_name("TIME");
  sub->add_option("--seeds", w->seeds, "How many continuations at each time; default 40")
      ->type_name("N");
  add_jobs(sub, *w);
  add_format(sub, *w);
  add_color(sub, *w);
}

void add_diff(CLI::App& app, Commands& commands, const std::shared_ptr<ExplainWords>& w) {
  CLI::App* sub = add_command(app, commands, "diff", "Find the first event at which two runs part",
                              "Examples:\n"
                              "  ballast diff results/a/seed-1 results/b/seed-1\n"
                              "  ballast diff scenario.json@7 scenario.json@8\n\n"
                              "Exit code 0 if the runs are the same, 1 if they part.",
                              [w] { return make_diff(*w); });
  sub->add_option("A", w->path, "A scenario, FILE@SEED, a repro.json or the directory of a run")
      ->required()
      ->type_name("");
  sub->add_option("B", w->other, "Another one")->required()->type_name("");
  sub->add_option("--context", w->context, "Lines to show before and after; default 3")
      ->type_name("N");
  add_format(sub, *w);
}

void add_frontier(CLI::App& app, Commands& commands, const std::shared_ptr<ExplainWords>& w) {
  CLI::App* sub = add_command(
      app, commands, "frontier", "Find the smallest intensity that breaks a property",
      "Examples:\n"
      "  ballast frontier scenario.json --vary network.loss=0%:60% --seeds 1..50\n"
      "  ballast frontier scenario.json --vary faults.0.for=0s:500ms\n\n"
      "The path is that of --set; the ends are durations, percentages or whole numbers.",
      [w] { return make_frontier(*w); });
  sub->add_option("FILE", w->path, "The scenario")->required()->type_name("");
  sub->add_option("--vary", w->vary, "What to vary, and between which values")
      ->required()
      ->type_name("PATH=LOW:HIGH");
  sub->add_option("--seeds", w->seeds, "The seeds of each probe; default 1..20")->type_name("A..B");
  sub->add_option("--set", w->set, "Change the scenario, as in network.loss=2%; may be repeated")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  sub->add_option("--until", w->until, "End the runs at this time, if it is earlier")
      ->type_name("TIME");
  add_jobs(sub, *w);
  add_format(sub, *w);
}

}  // namespace

void add_explaining_commands(CLI::App& app, Commands& commands) {
  const auto words = std::make_shared<ExplainWords>();
  add_shrink(app, commands, words);
  add_fork(app, commands, words);
  add_diff(app, commands, words);
  add_frontier(app, commands, words);
}

}  // namespace ballast
