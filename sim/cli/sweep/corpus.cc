#include "sim/cli/sweep/corpus.h"

#include <algorithm>
#include <filesystem>

#include "sim/base/assert.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/terminal.h"
#include "sim/report/names.h"
#include "sim/scenario/json.h"

namespace ballast {
namespace {

CorpusResult judge(const Repro& repro, const RunOutcome& outcome) {
  const bool canary = repro.scenario.expect && repro.scenario.expect->verdict == Verdict::violated;
  if (canary) {
    const Comparison compared = compare(repro, outcome);
    if (!compared.same_violation) return CorpusResult::missed;
    return compared.same_fingerprint ? CorpusResult::reproduced : CorpusResult::same_violation;
  }
  switch (outcome.verdict) {
    case Verdict::held:
      return CorpusResult::held;
    case Verdict::violated:
      return CorpusResult::regression;
    case Verdict::inconclusive:
      break;
  }
  return CorpusResult::inconclusive;
}

CorpusCase replay(const Corpus::Entry& entry) {
  const std::string again = "ballast replay " + shell_quoted(entry.file);
  set_replay_command(again.c_str());
  const RunOutcome outcome = run(entry.repro.scenario, {nullptr, true, interrupted()});
  set_replay_command(nullptr);
  std::string sentence;
  if (!outcome.violations.empty()) {
    const Violation& first = outcome.violations.front();
    sentence = first.property + ": " + Names(entry.repro.scenario).in(first.sentence);
  } else if (!outcome.reasons.empty()) {
    sentence = Names(entry.repro.scenario).in(outcome.reasons.front());
  }
  return {entry.file, entry.repro.property, judge(entry.repro, outcome), sentence};
}

}  // namespace

Corpus load_corpus(const std::string& directory) {
  namespace fs = std::filesystem;
  Corpus corpus;
  std::vector<std::string> files;
  std::error_code error;
  for (auto each = fs::directory_iterator(directory, error); !error && each != fs::end(each);
       each.increment(error)) {
    const std::string name = each->path().filename().string();
    if (name.ends_with(".repro.json")) files.push_back((fs::path(directory) / name).string());
  }
  if (error) {
    corpus.errors = "ballast: " + directory + ": " + error.message() + "\n";
    corpus.code = ExitCode::no_input;
    return corpus;
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    FileText text = read_file(file);
    if (text.status != FileStatus::complete) {
      corpus.errors += "ballast: " + text.why + "\n";
      corpus.code = ExitCode::no_input;
      continue;
    }
    Problems of_this;
    std::optional<Repro> repro = read_repro({file, std::move(text.text)}, of_this);
    corpus.errors += of_this.to_text();
    if (repro) corpus.entries.push_back({file, std::move(*repro)});
  }
  if (!corpus.errors.empty() && corpus.code == ExitCode::held) {
    corpus.code = ExitCode::invalid_scenario;
  }
  return corpus;
}

std::vector<CorpusCase> replay_corpus(const Corpus& corpus) {
  std::vector<CorpusCase> cases;
  for (const Corpus::Entry& entry : corpus.entries) {
    if (*interrupted() == 0) cases.push_back(replay(entry));
  }
  return cases;
}

}  // namespace ballast
