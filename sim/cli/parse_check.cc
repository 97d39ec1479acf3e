// The words of `check`.
#include <algorithm>
#include <memory>

#include "sim/base/parse.h"
#include "sim/cli/parse_parts.h"

namespace ballast {
namespace {

struct CheckWords {
  std::string file;
  std::string model;
  std::vector<std::string> consistency;
  std::string write_order;
  std::string isolation;
  std::string partition;
  std::string fail;
  std::string limit;
  std::string memory;
  std::string jobs;
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

// "sequential", "bounded-staleness=3", "bounded-staleness=500ms"
history::WantedConsistency consistency_of(const std::string& text, history::Model model) {
  history::WantedConsistency wanted;
  const std::size_t equals = std::min(text.find('='), text.size());
  wanted.model = parse_word<history::Consistency>("--consistency", text.substr(0, equals));
  const bool bounded = wanted.model == history::Consistency::bounded_staleness;
  const std::string bound = equals < text.size() ? text.substr(equals + 1) : "";
  const auto versions = parse_seed(bound);
  const Parsed<Duration> age = parse_duration(bound);
  if (bounded && versions && *versions >= 1 && *versions <= 64) {
    wanted.versions = *versions;
  } else if (bounded && age.value && age.value->ns >= 0) {
    wanted.age = *age.value;
  } else if (bounded || equals < text.size()) {
    throw UsageError{"--consistency is " + in_double_quotes(text) + "; expected " +
                     (bounded ? "a bound, such as \"bounded-staleness=3\" (versions, up to 64) or "
                                "\"bounded-staleness=500ms\""
                              : "no bound, which only bounded-staleness has")};
  }
  if (history::judges(wanted.model, model)) return wanted;
  std::string models;
  for (std::size_t i = 0; i < enumerators(model).size(); ++i) {
    if (!history::judges(wanted.model, static_cast<history::Model>(i))) continue;
    models += (models.empty() ? "" : ", ") + std::string(enumerators(model)[i]);
  }
  throw UsageError{"--consistency " + text + " says nothing of a " + std::string(name_of(model)) +
                   "; it judges " + models};
}

std::vector<std::string_view> model_words() {
  std::vector<std::string_view> words;
  for (const std::string_view word : enumerators(history::Model{})) words.push_back(word);
  for (const std::string_view word : enumerators(history::TransactionModel{})) {
    words.push_back(word);
  }
  return words;
}

void set_model(const std::string& text, CheckCommand& c) {
  const std::vector<std::string_view> words = model_words();
  const auto at = std::find(words.begin(), words.end(), text);
  if (at == words.end()) {
    throw UsageError{"--model is " + in_double_quotes(text) + "; expected " + one_of(words) +
                     did_you_mean(text, words)};
  }
  const auto index = static_cast<std::size_t>(at - words.begin());
  const std::size_t objects = enumerators(history::Model{}).size();
  if (index < objects) {
    c.read.model = static_cast<history::Model>(index);
  } else {
    c.transactions = static_cast<history::TransactionModel>(index - objects);
  }
}

// Transactions have an isolation and the rest has a consistency; some options say nothing of one.
void refuse_strangers(const CheckWords& w, bool transactions) {
  const auto refuse = [&](bool given, const std::string& option) {
    if (!given) return;
    throw UsageError{option + " says nothing of " +
                     (transactions ? "transactions" : "what is not list-append or rw-register")};
  };
  if (!transactions) return refuse(!w.isolation.empty(), "--isolation");
  refuse(!w.consistency.empty(), "--consistency");
  refuse(!w.write_order.empty(), "--write-order");
  refuse(!w.partition.empty(), "--partition");
  refuse(!w.fail.empty(), "--fail");
}

AnyCommand make_check(const CheckWords& w) {
  CheckCommand c;
  c.file = w.file;
  set_model(w.model, c);
  refuse_strangers(w, c.transactions.has_value());
  if (!w.isolation.empty()) {
    c.isolation = parse_word<history::Isolation>("--isolation", w.isolation);
  }
  if (!w.partition.empty()) {
    c.read.partition = parse_word<history::Partition>("--partition", w.partition);
  }
  if (!w.fail.empty()) c.read.fail = parse_word<history::FailReading>("--fail", w.fail);
  for (const std::string& each : w.consistency) {
    c.consistency.push_back(consistency_of(each, c.read.model));
  }
  if (c.consistency.empty()) c.consistency.emplace_back();
  if (!w.write_order.empty()) {
    const auto order = parse_word<history::WriteOrder>("--write-order", w.write_order);
    for (history::WantedConsistency& each : c.consistency) each.writes = order;
  }
  if (!w.limit.empty()) {
    const Parsed<Duration> parsed = parse_duration(w.limit);
    if (!parsed.value || parsed.value->ns <= 0) {
      throw UsageError{"--for is " + in_double_quotes(w.limit) +
                       "; expected a duration such as \"30s\" or \"1.5s\""};
    }
    c.limit = *parsed.value;
  }
  if (!w.memory.empty()) c.bytes = bytes_of(w.memory);
  if (!w.jobs.empty()) c.jobs = static_cast<std::uint32_t>(parse_count("--jobs", w.jobs, 0, 1024));
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
      "  ballast check history.edn --model register --partition value --html why.html\n"
      "  ballast check history.jsonl --model register --consistency sequential \\\n"
      "    --consistency monotonic-reads --consistency bounded-staleness=500ms\n"
      "  ballast check txns.edn --model list-append --isolation snapshot-isolation\n\n"
      "Reads JSON Lines in Jepsen's convention, EDN of Jepsen and Knossos, and history.jsonl.\n"
      "Exit code 0 if it keeps to what it is held to, 1 if not, 2 if that is unknown.",
      [w] { return make_check(*w); });
  sub->add_option("HISTORY", w->file, "The history, or the directory of a run")
      ->required()
      ->type_name("");
  sub->add_option("--model", w->model, "What the objects are")
      ->required()
      ->type_name(choices<history::Model>() + "|" + choices<history::TransactionModel>());
  sub->add_option("--consistency", w->consistency,
                  "What to hold it to, again and again; default linearizable. ballast describe "
                  "consistency NAME defines each")
      ->type_name(choices<history::Consistency>())
      ->allow_extra_args(false);
  sub->add_option("--write-order", w->write_order,
                  "Which of two writes is newer, for session guarantees: the later one in time "
                  "(default), or any")
      ->type_name(choices<history::WriteOrder>());
  sub->add_option("--isolation", w->isolation,
                  "What transactions are held to; default strict-serializable")
      ->type_name(choices<history::Isolation>());
  sub->add_option("--partition", w->partition,
                  "What names the object: the member key (default), or the first of each value")
      ->type_name(choices<history::Partition>());
  sub->add_option("--fail", w->fail,
                  "What a failed operation says: it did not happen (default), or it was refused")
      ->type_name(choices<history::FailReading>());
  sub->add_option("--for", w->limit, "How long to search; default until it is decided")
      ->type_name("TIME");
  sub->add_option("--memory", w->memory, "What the search may use; default 1GB")->type_name("SIZE");
  sub->add_option("-j,--jobs", w->jobs,
                  "How many objects are judged at a time; default all processors. The verdicts are "
                  "the same for any number")
      ->type_name("N");
  sub->add_option("--html", w->html, "Write a page with the operations over time")
      ->type_name("FILE");
  sub->add_option("--format", w->format, "What to show; default text")
      ->type_name(choices<Format>());
}

}  // namespace ballast
