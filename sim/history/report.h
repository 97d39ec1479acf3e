// What a check of a history found, as text, as JSON, and as a page with the operations over time.
#pragma once

#include <string>
#include <vector>

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

// One file that loads nothing: rows are processes, bars operations, the core stands out; light and
// dark as the reader has it.
std::string as_html(const Judgement& judgement, const std::string& title);

}  // namespace ballast::history
