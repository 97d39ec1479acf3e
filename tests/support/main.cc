// The main() of every test executable. Tests run in the root of the source tree, wherever they are
// started, and each failed test case says how to run it alone.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cctype>
#include <filesystem>
#include <iostream>
#include <string>

namespace {

std::string executable;  // as it is called from the root of the source tree

// The name as doctest's filter takes it. Commas would part it, and quotes would trouble the shell;
// a `?` stands for any one character.
std::string filter(const std::string& name) {
  std::string pattern;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == ' ' || c == '_';
    pattern += plain ? c : '?';
  }
  return pattern;
}

struct SayHowToRepeat : doctest::IReporter {
  explicit SayHowToRepeat(const doctest::ContextOptions& options)
      : out(options.cout != nullptr ? *options.cout : std::cout) {}

  void test_case_start(const doctest::TestCaseData& data) override { name = data.m_name; }
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    if (stats.testCaseSuccess) return;
    out << "\nAgain, alone:  " << executable << " -tc=\"" << filter(name) << "\"\n" << std::flush;
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

  std::ostream& out;
  std::string name;
};

}  // namespace

REGISTER_LISTENER("say_how_to_repeat", 1, SayHowToRepeat);

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  const fs::path root = BALLAST_SOURCE_DIR;
  executable = fs::absolute(argv[0]).lexically_normal().lexically_proximate(root).string();
  fs::current_path(root);
  doctest::Context context(argc, argv);
  return context.run();
}
