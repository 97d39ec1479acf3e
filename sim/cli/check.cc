#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/cli/options.h"
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

// Judges in portions, so that the clock on the wall can end it; what is open then stays unknown.
void judge_until(history::LinearizabilityCheck& check, std::optional<Duration> limit) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  while (check.advance(std::uint64_t{1} << 14)) {
    if (limit && Clock::now() - begin > std::chrono::nanoseconds(limit->ns)) return;
  }
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
  Problems problems;
  const std::optional<history::History> read =
      history::read_history(*text, file, command.read, problems);
  if (!read) {
    complain(problems.to_text());
    return ExitCode::invalid_scenario;
  }
  history::LinearizabilityCheck check(*read, command.read.model, {command.bytes, 0});
  judge_until(check, command.limit);
  const history::Judgement judgement =
      history::judge(*read, command.read.model, check, most_explained);
  if (!command.html.empty()) {
    std::ofstream out(command.html, std::ios::binary);
    out << history::as_html(judgement, file);
    close_or_throw(out, command.html);
  }
  const bool json = command.format == Format::json;
  if (!print(json ? history::as_json(judgement) : history::as_text(judgement))) {
    return ExitCode::io_error;
  }
  switch (check.answer()) {
    case history::Linearizability::yes:
      return ExitCode::held;
    case history::Linearizability::no:
      return ExitCode::violated;
    case history::Linearizability::unknown:
      break;
  }
  return ExitCode::inconclusive;
}

}  // namespace ballast
