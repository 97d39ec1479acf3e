// The words of `ballast compare`.
#include <memory>

#include "sim/base/parse.h"
#include "sim/cli/parse_parts.h"

namespace ballast {
namespace {

struct CompareWords {
  std::string file;
  std::vector<std::string> set;
  std::string until;
  std::string vary;
  std::string seeds;
  std::string jobs;
  std::string format;
};

AnyCommand make_compare(const CompareWords& w) {
  CompareCommand c;
  c.scenario = {w.file, w.set, std::nullopt};
  if (!w.until.empty()) {
    const Parsed<Duration> until = parse_duration(w.until);
    if (!until.value || until.value->ns < 1) {
      throw UsageError{"--until is " + in_double_quotes(w.until) +
                       "; expected a duration such as \"30s\" or \"1.5s\""};
    }
    c.scenario.until = until.value;
  }
  c.vary = w.vary;
  const std::string wrong = c.seeds.parse(w.seeds.empty() ? "1..10" : w.seeds);
  if (!wrong.empty()) throw UsageError{"--seeds: " + wrong};
  if (!w.jobs.empty()) c.jobs = static_cast<std::uint32_t>(parse_count("--jobs", w.jobs, 0, 1024));
  if (!w.format.empty()) c.format = parse_word<Format>("--format", w.format);
  return c;
}

}  // namespace

void add_compare_command(CLI::App& app, Commands& commands) {
  const auto words = std::make_shared<CompareWords>();
  CompareWords& w = *words;
  CLI::App* sub = add_command(
      app, commands, "compare", "Run the same jobs under several values and say which is better",
      "Examples:\n"
      "  ballast compare scenarios/quick/balancing_equal.json --vary "
      "policy=random,round_robin,least_loaded\n"
      "  ballast compare FILE --vary nodes.endpoint.count=8:12:1 --seeds 1..50 --format json\n\n"
      "Every value is run with every seed. Chance is keyed, so that one seed means the same jobs "
      "at\n"
      "the same times under each value, and differences are taken seed by seed. Values are as of\n"
      "sweep --grid; of a path whose last part is unambiguous that part is enough.",
      [words] { return make_compare(*words); });
  sub->add_option("FILE", w.file, "The scenario")->required()->type_name("");
  sub->add_option("--vary", w.vary, "What to vary, and its values")
      ->required()
      ->type_name("PATH=A,B,C");
  sub->add_option("--seeds", w.seeds, "The seeds, two or more; default 1..10")->type_name("A..B");
  sub->add_option("--set", w.set, "Change the scenario, as in network.loss=2%; may be repeated")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  sub->add_option("--until", w.until, "End the runs at this time, if it is earlier")
      ->type_name("TIME");
  sub->add_option("-j,--jobs", w.jobs, "How many runs at a time; default all processors")
      ->type_name("N");
  sub->add_option("--format", w.format, "What to show; default text")->type_name(choices<Format>());
}

}  // namespace ballast
