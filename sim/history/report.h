// What a check of a history found, as text, as JSON, and as a page with the operations over time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/base/json_writer.h"
#include "sim/history/consistency.h"
#include "sim/history/explain.h"

namespace ballast::history {

// A check that is over, as people are told of it. REQUIRES the history and the check to outlive it.
struct Judgement {
  const History* history = nullptr;
  Model model = Model::reg;
  const LinearizabilityCheck* check = nullptr;
  std::vector<Explanation>
      explanations;  // of the objects that are not linearizable, as they failed
};

// Explains the objects that are not linearizable in the order of their failing events, at most so
// many of them.
Judgement judge(const History& history, Model model, const LinearizabilityCheck& check,
                std::size_t most);

std::string as_text(const Judgement& judgement);
std::string as_json(const Judgement& judgement);

// What a weaker model made of a history. REQUIRES the history to outlive it.
struct WeakJudgement {
  const History* history = nullptr;
  Model model = Model::reg;
  WantedConsistency wanted;
  ConsistencyVerdict verdict;
};
std::string as_text(const WeakJudgement& judgement);
std::string as_json(const WeakJudgement& judgement);

// "process 3     read -> 5                 1.2 s to 1.3 s"
std::string line_of(const History& history, std::uint32_t index);
void write_operation(JsonWriter& w, const History& history, std::uint32_t index);

// A page shows for each object that failed what contradicts itself among what.
struct PageSection {
  // An arrow from the bar of one operation to that of another.
  struct Arrow {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::string text;
    std::string hint;
  };

  Explanation explanation;
  std::vector<std::uint32_t> operations;
  // What the bars say, by operation, where that is not what the operation says of itself: brief,
  // and in full.
  struct Label {
    std::string brief;
    std::string text;
  };
  std::map<std::uint32_t, Label> labels = {};
  std::vector<Arrow> arrows = {};
};
// Something that stood for a while, such as a fault: shaded behind the operations.
struct Band {
  Time from;
  Time to = Time::max();  // or the end
  std::string text;
};
struct Page {
  const History* history = nullptr;
  std::string title;
  std::vector<std::string> findings;  // one for each question
  std::vector<PageSection> sections;
  std::vector<Band> bands = {};  // besides what the history itself remarks
  std::string noun = "key";      // what each section is about
};
void add_to(Page& page, const Judgement& judgement);
void add_to(Page& page, const WeakJudgement& judgement);

// One file that loads nothing: rows are clients, bars operations, faults are shaded, the core
// stands out, and a line goes through the longest order that explains the rest; light and dark as
// the reader has it. Objects that can be explained are drawn where none cannot, the first five.
std::string as_html(const Page& page);

}  // namespace ballast::history
