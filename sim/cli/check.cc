#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/cli/bands.h"
#include "sim/cli/options.h"
#include "sim/cli/workers.h"
#include "sim/history/report.h"
#include "sim/report/results.h"

namespace ballast {
namespace {

constexpr std::size_t most_explained = 5;  // objects

std::optional<std::string> text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

class UntilTime final : public history::Patience {
 public:
  explicit UntilTime(std::optional<Duration> limit) : limit_(limit) {}
  bool lasts() const override {
    return !limit_ || Clock::now() - begin_ <= std::chrono::nanoseconds(limit_->ns);
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::optional<Duration> limit_;
  Clock::time_point begin_ = Clock::now();
};

// Judges in portions, so that the clock on the wall can end it; what is open then stays unknown.
void judge_until(history::LinearizabilityCheck& check, const CheckCommand& command) {
  const UntilTime patience(command.limit);
  Threads threads(command.jobs);
  while (check.advance(std::uint64_t{1} << 14, threads) && patience.lasts()) {
  }
}

// One question and its answer.
struct Told {
  history::Holds answer = history::Holds::unknown;
  std::string text;
  std::string json;
};

Told tell_linearizable(const CheckCommand& command, const history::History& read,
                       history::Page& page) {
  history::LinearizabilityCheck check(read, command.read.model, {command.bytes, 0});
  judge_until(check, command);
  const history::Judgement judgement =
      history::judge(read, command.read.model, check, most_explained);
  add_to(page, judgement);
  return {static_cast<history::Holds>(check.answer()), as_text(judgement), as_json(judgement)};
}

Told tell_weaker(const CheckCommand& command, const history::WantedConsistency& wanted,
                 const history::History& read, history::Page& page) {
  const UntilTime patience(command.limit);
  const history::SearchLimits limits{command.bytes, 0, &patience};
  const history::WeakJudgement judgement{
      &read, command.read.model, wanted,
      history::judge_consistency(read, command.read.model, wanted, limits)};
  add_to(page, judgement);
  return {judgement.verdict.answer, as_text(judgement), as_json(judgement)};
}

// The worst of them: one violation is a violation.
history::Holds worst_of(const std::vector<Told>& all) {
  history::Holds worst = history::Holds::yes;
  for (const Told& each : all) {
    if (each.answer == history::Holds::no) return each.answer;
    if (each.answer == history::Holds::unknown) worst = each.answer;
  }
  return worst;
}

std::string in_json(const std::vector<Told>& all) {
  if (all.size() == 1) return all[0].json;
  std::string text = "[\n";
  for (std::size_t i = 0; i < all.size(); ++i) {
    text += all[i].json.substr(0, all[i].json.size() - 1) + (i + 1 < all.size() ? ",\n" : "\n");
  }
  return text + "]\n";
}

ExitCode code_of(history::Holds answer) {
  switch (answer) {
    case history::Holds::yes:
      return ExitCode::held;
    case history::Holds::no:
      return ExitCode::violated;
    case history::Holds::unknown:
      break;
  }
  return ExitCode::inconclusive;
}

// A history without operations says nothing, least of all that something holds: the path may be
// wrong, or the clients may never have got through.
ExitCode say_nothing_to_judge(const std::string& file, Format format) {
  const std::string why = file + " has no operation that may have happened: nothing was judged";
  std::string shown = "unknown: " + why + "\n";
  if (format == Format::json) {
    shown.clear();
    JsonWriter w(shown, JsonWriter::Style::indented);
    w.begin_object().member("verdict", "unknown").member("operations", 0).member("why", why);
    w.end_object();
    shown += "\n";
  }
  return print(shown) ? ExitCode::inconclusive : ExitCode::io_error;
}

// More likely a mistake of who wrote it down than what happened.
void mention_one_instant(const std::string& file) {
  complain("ballast check: note: every operation of " + file +
           " has the same \"time\", so that nothing comes before anything; without \"time\" the "
           "order of the lines counts\n");
}

ExitCode check_transactions(const CheckCommand& command, const std::string& text,
                            const std::string& file) {
  const history::TransactionModel model = *command.transactions;
  Problems problems;
  const auto read = history::read_transactions(text, file, model, problems);
  if (!read) {
    complain(problems.to_text());
    return ExitCode::invalid_scenario;
  }
  if (read->transactions.empty()) return say_nothing_to_judge(file, command.format);
  if (read->one_instant) mention_one_instant(file);
  const history::TransactionVerdict verdict =
      history::judge_transactions(*read, model, command.isolation);
  if (!command.html.empty()) {
    std::ofstream out(command.html, std::ios::binary);
    out << as_html(*read, model, command.isolation, verdict, file);
    close_or_throw(out, command.html);
  }
  const bool json = command.format == Format::json;
  const std::string shown = json ? as_json(*read, model, command.isolation, verdict)
                                 : as_text(*read, model, command.isolation, verdict);
  return print(shown) ? code_of(verdict.answer) : ExitCode::io_error;
}

}  // namespace

ExitCode execute(const CheckCommand& command, const std::string&) {
  namespace fs = std::filesystem;
  const bool is_result = fs::is_directory(command.file);
  const std::string file =
      is_result ? (fs::path(command.file) / "history.jsonl").string() : command.file;
  const std::optional<std::string> text = text_of(file);
  if (!text) {
    complain(file + ": error: no such file\n");
    return ExitCode::no_input;
  }
  if (command.transactions) return check_transactions(command, *text, file);
  Problems problems;
  const std::optional<history::History> read =
      history::read_history(*text, file, command.read, problems);
  if (!read) {
    complain(problems.to_text());
    return ExitCode::invalid_scenario;
  }
  if (read->operations.empty()) return say_nothing_to_judge(file, command.format);
  if (read->one_instant) mention_one_instant(file);
  std::vector<Told> all;
  history::Page page{&*read, file, {}, {}};
  if (!command.html.empty()) page.bands = bands_beside(file);
  for (const history::WantedConsistency& wanted : command.consistency) {
    all.push_back(wanted.model == history::Consistency::linearizable
                      ? tell_linearizable(command, *read, page)
                      : tell_weaker(command, wanted, *read, page));
  }
  if (!command.html.empty()) {
    std::ofstream out(command.html, std::ios::binary);
    out << history::as_html(page);
    close_or_throw(out, command.html);
  }
  std::string shown = command.format == Format::json ? in_json(all) : "";
  if (command.format == Format::text) {
    for (const Told& each : all) shown += (shown.empty() ? "" : "\n") + each.text;
  }
  if (!print(shown)) return ExitCode::io_error;
  return code_of(worst_of(all));
}

}  // namespace ballast
