#include "sim/cli/sweep/github.h"

#include <cstdlib>
#include <fstream>

namespace ballast {
namespace {

constexpr std::size_t most_annotations = 10;

// As a workflow command takes it; a property, too, which ends at a colon or comma.
std::string escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else if (c == ':' && property) {
      out += "%3A";
    } else if (c == ',' && property) {
      out += "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

std::string annotation(const std::string& file, const std::string& title,
                       const std::string& message) {
  return "::error file=" + escaped(file, true) + ",title=" + escaped(title, true) +
         "::" + escaped(message, false) + "\n";
}

}  // namespace

std::string github_annotations(const SweepResult& result) {
  std::string text;
  std::size_t written = 0;
  for (const CorpusCase& each : result.part().corpus) {
    if (is_good(each.result) || written == most_annotations) continue;
    text += annotation(each.file, "corpus", in_words(each));
    ++written;
  }
  if (result.plan().expect_violation) return text;
  for (const FailureKind& kind : result.totals().kinds) {
    if (written++ >= most_annotations) break;
    const SweepCell& cell = result.plan().cells[static_cast<std::size_t>(kind.cell)];
    text += annotation(cell.file, kind.property + " after " + kind.how,
                       kind.first.sentence + "\n" + share(kind.runs, result.sum().runs()) + "\n" +
                           run_command(cell, kind.first.seed));
  }
  return text;
}

bool on_github() {
  const char* value = std::getenv("GITHUB_ACTIONS");
  return value != nullptr && std::string_view(value) == "true";
}

void add_step_summary(const std::string& markdown) {
  const char* path = std::getenv("GITHUB_STEP_SUMMARY");
  if (path == nullptr || *path == '\0') return;
  std::ofstream out(path, std::ios::binary | std::ios::app);
  out << markdown;
  out.close();
  if (!out) complain("ballast: " + std::string(path) + ": cannot write the summary of the step\n");
}

}  // namespace ballast
