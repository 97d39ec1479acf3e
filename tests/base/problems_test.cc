#include "sim/base/problems.h"

#include <doctest/doctest.h>

#include <array>

namespace ballast {
namespace {

TEST_CASE("a problem shows file, line, column, the line itself and what was probably meant") {
  Problems problems;
  const std::uint32_t file = problems.add_source("raft-5.json", "{\n\n\n\n  \"sede\": 7,\n}\n");
  problems.add({file, 5, 3}, "unknown key \"sede\" in scenario", "seed");
  CHECK(problems.to_text() ==
        "raft-5.json:5:3: error: unknown key \"sede\" in scenario\n"
        "    5 |   \"sede\": 7,\n"
        "      |   ^~~~~~ did you mean \"seed\"?\n"
        "1 error; nothing was run.\n");
}

TEST_CASE("problems are sorted by place and each is said once") {
  Problems problems;
  const std::uint32_t file = problems.add_source("s.json", "[1,\n2]");
  problems.add({file, 2, 1}, "b");
  problems.add({file, 1, 2}, "z");
  problems.add({file, 1, 2}, "a");
  problems.add({file, 2, 1}, "b");
  CHECK(problems.to_text() ==
        "s.json:1:2: error: a\n"
        "    1 | [1,\n"
        "      |  ^\n"
        "s.json:1:2: error: z\n"
        "    1 | [1,\n"
        "      |  ^\n"
        "s.json:2:1: error: b\n"
        "    2 | 2]\n"
        "      | ^\n"
        "3 errors; nothing was run.\n");
}

TEST_CASE("no problem, no text") {
  const Problems problems;
  CHECK(problems.empty());
  CHECK(problems.to_text().empty());
}

TEST_CASE("an option of the command line has a name but no line") {
  Problems problems;
  problems.add_source("s.json", "{}");
  const std::uint32_t option = problems.add_source("--set network.los");
  problems.add({option, 0, 0}, "unknown key \"los\" in network", "loss");
  CHECK(problems.to_text() ==
        "--set network.los: error: unknown key \"los\" in network; did you mean \"loss\"?\n"
        "1 error; nothing was run.\n");
}

TEST_CASE("marks stand under the text whatever the line holds") {
  Problems problems;
  // A byte order mark, a tab, a letter of two bytes and a control character.
  const std::uint32_t file =
      problems.add_source("s.json", "\xEF\xBB\xBF\t\"\xC3\xA9\": \x01\"x\"\r\n");
  problems.add({file, 1, 8}, "bad");
  CHECK(problems.to_text() ==
        "s.json:1:8: error: bad\n"
        "    1 | \t\"\xC3\xA9\": ?\"x\"\n"
        "      | \t      ^~~\n"
        "1 error; nothing was run.\n");
}

TEST_CASE("a long line is cut to what stands around the mistake") {
  Problems problems;
  const std::string line = std::string(1000, 'a') + "\"here\"" + std::string(1000, 'b');
  const std::uint32_t file = problems.add_source("s.json", line);
  problems.add({file, 1, 1001}, "bad");
  CHECK(problems.to_text() ==
        "s.json:1:1001: error: bad\n"
        "    1 | ..." +
            std::string(80, 'a') + "\"here\"" + std::string(74, 'b') + "...\n" + "      | " +
            std::string(83, ' ') +
            "^~~~~~\n"
            "1 error; nothing was run.\n");
}

TEST_CASE("a million mistakes are counted and the first hundred are shown") {
  Problems problems;
  const std::uint32_t file = problems.add_source("s.json", "x");
  for (int i = 0; i < 1'000'000; ++i) problems.add({file, 1, 1}, std::to_string(i));
  CHECK(problems.count() == 1'000'000);
  CHECK(problems.sorted().size() == Problems::most_kept);
  const std::string text = problems.to_text();
  CHECK(text.find("The first 100 of 1,000,000 are shown.\n1,000,000 errors; nothing was run.\n") !=
        std::string::npos);
}

TEST_CASE("a mistake that is found again and again is one mistake") {
  Problems problems;
  for (int i = 0; i < 1'000; ++i) {
    const std::uint32_t option = problems.add_source("--grid x");
    problems.add({option, 0, 0}, i % 2 == 0 ? "even" : "odd");
  }
  CHECK(problems.to_text() ==
        "--grid x: error: even\n--grid x: error: odd\n2 errors; nothing was run.\n");
}

TEST_CASE("places outside the text do not matter") {
  Problems problems;
  const std::uint32_t file = problems.add_source("s.json", "x");
  problems.add({file, 7, 9}, "beyond");
  problems.add({99, 1, 1}, "no such source");
  CHECK(problems.to_text() ==
        "s.json:7:9: error: beyond\n"
        "    7 | \n"
        "      | ^\n"
        "input:1:1: error: no such source\n"
        "2 errors; nothing was run.\n");
}

TEST_CASE("the nearest word is suggested, if it is near for its length") {
  constexpr std::array<std::string_view, 5> words = {"loss", "latency", "duplicate", "at", "for"};
  CHECK(closest("los", words) == "loss");
  CHECK(closest("LOSS", words) == "loss");
  CHECK(closest("latnecy", words) == "latency");
  CHECK(closest("dupilcte", words) == "duplicate");
  CHECK(closest("duplic", words).empty());
  CHECK(closest("boss", words) == "loss");
  CHECK(closest("bows", words).empty());
  CHECK(closest("x", words).empty());
  CHECK(closest("", words).empty());
  CHECK(closest(std::string(1'000'000, 'l'), words).empty());
}

}  // namespace
}  // namespace ballast
