#include <filesystem>

#include "sim/base/assert.h"
#include "sim/base/text.h"
#include "sim/cli/evidence.h"
#include "sim/cli/load.h"
#include "sim/cli/present.h"
#include "sim/cli/sources.h"
#include "sim/report/version.h"

namespace ballast {
namespace {

std::string sentence(const Repro& expected, const RunOutcome& outcome, const Comparison& compared) {
  if (compared.same_fingerprint) {
    return "reproduced, bit for bit (fingerprint " + to_hex(outcome.fingerprint) + ")";
  }
  std::string why = "; first divergence between event " + with_commas(compared.parted_after) +
                    " and " + with_commas(compared.parted_before);
  if (expected.schema != Fingerprint::schema || expected.tool != tool_version()) {
    why +=
        " (it was written by " + expected.tool + ", this is " + std::string(tool_version()) + ")";
  }
  if (compared.same_violation && expected.verdict == Verdict::violated) {
    return "same violation, different trace" + why;
  }
  return "not reproduced" + why;
}

std::string sentence(const Altered& altered) {
  return altered.file + " is not what this run writes: line " + with_commas(altered.line) +
         " is another one";
}

std::string as_json(const Repro& expected, const RunOutcome& outcome, const Comparison& compared,
                    const std::vector<Altered>& altered) {
  std::string text;
  JsonWriter w(text, JsonWriter::Style::indented);
  w.begin_object().member("reproduced", compared.same_fingerprint);
  w.member("same_violation", compared.same_violation);
  w.member("expected", std::string_view(to_hex(expected.fingerprint)));
  w.member("fingerprint", std::string_view(to_hex(outcome.fingerprint)));
  w.member("verdict", name_of(outcome.verdict));
  if (!compared.same_fingerprint) {
    w.member("parted_after", compared.parted_after);
    w.member("parted_before", compared.parted_before);
  }
  w.key("altered").begin_array();
  for (const Altered& each : altered) {
    w.begin_object().member("file", std::string_view(each.file)).member("line", each.line);
    w.end_object();
  }
  w.end_array();
  w.end_object();
  return text + "\n";
}

}  // namespace

ExitCode execute(const ReplayCommand& command, const std::string& command_line) {
  const Sources sources = find_sources(command.path);
  if (!sources.error.empty()) {
    complain("ballast replay: " + sources.error + "\n");
    return ExitCode::no_input;
  }
  Problems problems;
  const std::optional<Repro> repro = read_sources(sources, problems);
  if (!repro) {
    complain(problems.to_text());
    return ExitCode::invalid_scenario;
  }
  set_replay_command(command_line.c_str());
  StoryTeller teller(repro->scenario);
  const bool violated = repro->verdict == Verdict::violated;
  const RunOutcome outcome = run(repro->scenario, {violated ? &teller : nullptr, true, nullptr});
  set_replay_command(nullptr);
  const Comparison compared = compare(*repro, outcome);
  // What is written down of a run that comes out differently tells nothing more.
  std::error_code ignored;
  std::vector<Altered> altered;
  if (compared.same_fingerprint && std::filesystem::is_directory(command.path, ignored)) {
    altered = find_altered(command.path);
  }
  std::string text;
  if (command.format == Format::json) {
    text = as_json(*repro, outcome, compared, altered);
  } else {
    const Painter paint(command.color);
    text = sentence(*repro, outcome, compared) + "\n";
    text = paint(compared.same_fingerprint ? Color::green : Color::red,
                 text.substr(0, text.size() - 1)) +
           "\n";
    for (const Altered& each : altered) text += paint(Color::red, sentence(each)) + "\n";
    text += verdict_line(repro->scenario, outcome, paint) + "\n";
    if (violated && outcome.verdict == Verdict::violated) {
      for (const std::string& each : in_short(teller.tell(outcome))) text += wrapped(each);
    }
  }
  if (!print(text)) return ExitCode::io_error;
  return compared.same_fingerprint && altered.empty() ? ExitCode::held : ExitCode::diverged;
}

}  // namespace ballast
