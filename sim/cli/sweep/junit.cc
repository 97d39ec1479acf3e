#include "sim/cli/sweep/files.h"

namespace ballast {
namespace {

// Text as XML 1.0 takes it, in an attribute too. Control characters cannot stand there at all.
std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
    }
  }
  return out;
}

class Suite {
 public:
  void good(std::string_view group, std::string_view name) { add(group, name, "/>\n"); }
  // A property broke: a failure. Nothing was shown: an error.
  void failure(std::string_view group, std::string_view name, std::string_view message,
               std::string_view text) {
    ++failures_;
    bad(group, name, "failure", message, text);
  }
  void error(std::string_view group, std::string_view name, std::string_view message,
             std::string_view text) {
    ++errors_;
    bad(group, name, "error", message, text);
  }
  std::string text(std::string_view name) const {
    const std::string counts = " tests=\"" + std::to_string(tests_) + "\" failures=\"" +
                               std::to_string(failures_) + "\" errors=\"" +
                               std::to_string(errors_) + "\"";
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts +
           ">\n <testsuite name=\"" + xml(name) + "\"" + counts + ">\n" + cases_ +
           " </testsuite>\n</testsuites>\n";
  }

 private:
  void add(std::string_view group, std::string_view name, const std::string& rest) {
    ++tests_;
    cases_ += "  <testcase classname=\"" + xml(group) + "\" name=\"" + xml(name) + "\"" + rest;
  }
  void bad(std::string_view group, std::string_view name, std::string_view what,
           std::string_view message, std::string_view text) {
    const std::string tag(what);
    add(group, name,
        ">\n   <" + tag + " message=\"" + xml(message) + "\">" + xml(text) + "</" + tag +
            ">\n  </testcase>\n");
  }

  std::string cases_;
  std::uint64_t tests_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t errors_ = 0;
};

std::string of_runs(const CellTotals& totals) {
  return with_commas(totals.runs()) + " runs: " + with_commas(totals.held) + " held, " +
         with_commas(totals.violated) + " violated, " + with_commas(totals.inconclusive) +
         " inconclusive";
}

std::string of_example(const SweepCell& cell, const Example& example) {
  return example.sentence + "\n" + run_command(cell, example.seed);
}

void add_cell(const SweepResult& result, std::size_t i, Suite& suite) {
  const SweepPlan& plan = result.plan();
  const SweepCell& cell = plan.cells[i];
  const CellTotals& totals = result.totals().cells[i];
  const std::string name = plan.single() ? cell.name : label(plan, cell);
  const SweepResult::Showing showing = result.showing(cell);
  if (showing == SweepResult::Showing::held_instead) {
    const std::string why = of_runs(totals) + "; the file is there to be violated";
    return plan.expect_violation ? suite.failure(cell.file, name, why, "")
                                 : suite.error(cell.file, name, why, "");
  }
  if (totals.violated > 0 && !plan.expect_violation) {
    return suite.failure(cell.file, name, of_runs(totals),
                         of_example(cell, *totals.first_violated));
  }
  // Where a violation is what is wanted, one cell of a file is enough.
  if (showing == SweepResult::Showing::as_wanted && plan.expect_violation) {
    return suite.good(cell.file, name);
  }
  if (totals.inconclusive > 0) {
    return suite.error(cell.file, name, of_runs(totals),
                       of_example(cell, *totals.first_inconclusive));
  }
  if (totals.runs() == 0) return suite.error(cell.file, name, "no run was made", "");
  suite.good(cell.file, name);
}

}  // namespace

std::string junit_xml(const SweepResult& result) {
  Suite suite;
  for (const CorpusCase& each : result.part().corpus) {
    const std::string again = "ballast replay " + shell_quoted(each.file);
    if (is_good(each.result)) {
      suite.good("corpus", each.file);
    } else if (each.result == CorpusResult::regression) {
      suite.failure("corpus", each.file, in_words(each), again);
    } else {
      suite.error("corpus", each.file, in_words(each), again);
    }
  }
  for (std::size_t i = 0; i < result.plan().cells.size(); ++i) add_cell(result, i, suite);
  if (result.too_few()) {
    suite.error("sweep", "enough runs",
                with_commas(result.sum().runs()) + " of at least " +
                    with_commas(result.plan().min_runs) + " runs",
                "");
  }
  if (result.totals().diverged > 0) {
    suite.failure("sweep", "deterministic",
                  with_commas(result.totals().diverged) + " runs came out differently again",
                  "first seed " + std::to_string(result.totals().first_diverged->seed));
  }
  return suite.text("ballast sweep");
}

}  // namespace ballast
