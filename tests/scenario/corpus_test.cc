// The corpus of mistakes: each is one that its algorithm can be told to make, and is planted in a
// scenario that reads with the mistake and without it.
#include "sim/scenario/corpus.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "sim/check/checker.h"
#include "sim/protocol/register.h"

using namespace ballast;

TEST_CASE("every mistake of the corpus reads, and so does its scenario without it") {
  const BugCorpus corpus = built_in_bugs();
  CHECK(corpus.mistakes().size() >= 60);
  std::set<std::string> ids;
  for (const Mistake& mistake : corpus.mistakes()) {
    CAPTURE(mistake.id);
    CHECK(ids.insert(mistake.id).second);
    CHECK_FALSE(mistake.source.empty());
    CHECK(mistake.property.empty() == mistake.equivalent);
    Problems problems;
    const std::optional<Scenario> wrong = corpus.planted(mistake, problems);
    REQUIRE_MESSAGE(wrong.has_value(), problems.to_text());
    if (mistake.option != "bug") continue;
    const std::optional<Scenario> right = corpus.correct(mistake, problems);
    REQUIRE_MESSAGE(right.has_value(), problems.to_text());
    CHECK(resolved_json(*wrong) != resolved_json(*right));
  }
}

TEST_CASE("the properties that mistakes break are checks") {
  const BugCorpus corpus = built_in_bugs();
  for (const Mistake& mistake : corpus.mistakes()) {
    CAPTURE(mistake.id);
    static const std::set<std::string> others{"", "ensure", "liveness", "linearizable"};
    const bool is_check =
        std::any_of(checks().begin(), checks().end(),
                    [&](const CheckInfo& check) { return check.name == mistake.property; });
    CHECK((is_check || others.count(mistake.property) == 1));
  }
}

TEST_CASE("a corpus that is wrong says where") {
  BugCorpus corpus;
  Problems problems;
  CHECK_FALSE(corpus.add(R"({ "bugs": [ { "id": "a.b", "source": "c", "propertie": "d" } ] })",
                         "mine.json", problems));
  CHECK(problems.to_text().find("propertie") != std::string::npos);
  CHECK(corpus.mistakes().empty());
  Problems of_scenario;
  REQUIRE(corpus.add(R"({ "bugs": [ { "id": "a.b", "source": "c", "property": "d" } ] })",
                     "mine.json", of_scenario));
  CHECK_FALSE(corpus.planted(*corpus.find("a.b"), of_scenario).has_value());
  CHECK(of_scenario.to_text().find("\"a.b\" is planted in \"a\"") != std::string::npos);
}
