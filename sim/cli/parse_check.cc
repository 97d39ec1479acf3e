// The words of `check`.
#include <memory>

#include "sim/base/parse.h"
#include "sim/cli/parse_parts.h"

namespace ballast {
namespace {

struct CheckWords {
  std::string file;
  std::string model;
  std::string partition;
  std::string fail;
  std::string limit;
  std::string memory;
  std::string html;
  std::string format;
};

std::uint64_t bytes_of(const std::string& text) {
  static constexpr std::array<std::pair<std::string_view, int>, 3> units{
      {{"kB", 10}, {"MB", 20}, {"GB", 30}}};
  for (const auto& [unit, shift] : units) {
    if (!text.ends_with(unit)) continue;
    const auto number = parse_seed(text.substr(0, text.size() - unit.size()));
    if (number && *number > 0 && *number <= 1'000'000) return *number << shift;
  }
  throw UsageError{"--memory is " + in_double_quotes(text) +
                   "; expected a whole number of kB, MB or GB, such as \"512MB\""};
}

AnyCommand make_check(const CheckWords& w) {
  CheckCommand c;
  c.file = w.file;
  c.read.model = parse_word<history::Model>("--model", w.model);
  if (!w.partition.empty()) {
    c.read.partition = parse_word<history::Partition>("--partition", w.partition);
  }
  if (!w.fail.empty()) c.read.fail = parse_word<history::FailReading>("--fail", w.fail);
  if (!w.limit.empty()) {
    const Parsed<Duration> parsed = parse_duration(w.limit);
    if (!parsed.value || parsed.value->ns <= 0) {
      throw UsageError{"--for is " + in_double_quotes(w.limit) +
                       "; expected a duration such as \"30s\" or \"1.5s\""};
    }
    c.limit = *parsed.value;
  }
  if (!w.memory.empty()) c.bytes = bytes_of(w.memory);
  c.html = w.html;
  if (!w.format.empty()) c.format = parse_word<Format>("--format", w.format);
  return c;
}

}  // namespace

void add_check_command(CLI::App& app, Commands& commands) {
  const auto w = std::make_shared<CheckWords>();
  CLI::App* sub = add_command(
      app, commands, "check", "Judge a history that anyone recorded, and say why it fails",
      "Examples:\n"
      "  ballast check results/raft_leader_crash/seed-7 --model cas-register\n"
      "  ballast check history.edn --model register --partition value --html why.html\n\n"
      "Reads JSON Lines in Jepsen's convention, EDN of Jepsen and Knossos, and history.jsonl.\n"
      "Exit code 0 if it is linearizable, 1 if not, 2 if that is unknown within the limits.",
      [w] { return make_check(*w); });
  sub->add_option("HISTORY", w->file, "The history, or the directory of a run")
      ->required()
      ->type_name("");
  sub->add_option("--model", w->model, "What the objects are")
      ->required()
      ->type_name(choices<history::Model>());
  sub->add_option("--partition", w->partition,
                  "What names the object: the member key (default), or the first of each value")
      ->type_name(choices<history::Partition>());
  sub->add_option("--fail", w->fail,
                  "What a failed operation says: it did not happen (default), or it was refused")
      ->type_name(choices<history::FailReading>());
  sub->add_option("--for", w->limit, "How long to search; default until it is decided")
      ->type_name("TIME");
  sub->add_option("--memory", w->memory, "What the search may use; default 1GB")->type_name("SIZE");
  sub->add_option("--html", w->html, "Write a page with the operations over time")
      ->type_name("FILE");
  sub->add_option("--format", w->format, "What to show; default text")
      ->type_name(choices<Format>());
}

}  // namespace ballast
