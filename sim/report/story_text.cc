#include "sim/report/story.h"
#include "sim/report/words.h"

namespace ballast {
namespace {

// A bar would end a cell.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string list(std::string_view heading, const std::vector<std::string>& items) {
  if (items.empty()) return {};
  std::string text = "\n## " + std::string(heading) + "\n\n";
  for (const std::string& item : items) text += "- " + item + "\n";
  return text;
}

std::string table(const Story& story) {
  if (story.rows.empty()) return {};
  std::string text =
      "\n## In the order of time\n\n"
      "The facts that clash are bold. An event follows from its cause.\n\n"
      "| time | node | what | event | cause |\n|--:|---|---|--:|--:|\n";
  for (const StoryRow& row : story.rows) {
    const std::string mark = row.clashes ? "**" : "";
    const bool own = row.cause == row.event || !row.cause;
    text += "| " + to_text(row.at) + " | " + row.node + " | " + mark + cell(row.what) + mark +
            " | " + with_commas(row.event.value) + " | " +
            (own ? std::string() : with_commas(row.cause.value)) + " |\n";
  }
  if (story.left_out > 0) {
    text += "\nLeft out: " + with_commas(story.left_out) + " more about the same.\n";
  }
  return text;
}

}  // namespace

std::string violation_md(const Scenario& scenario, const Story& story, std::string_view more) {
  std::string text = "# " + story.property + " is violated\n\n**" + story.sentence + ".**\n\n";
  text += "The property: " + story.summary;
  if (!story.source.empty()) text += " (" + story.source + ")";
  text += "\n\nScenario \"" + scenario.name + "\", seed " + std::to_string(scenario.seed) +
          ", at " + to_text(story.at) + ", " +
          (story.event ? "event " + with_commas(story.event.value)
                       : std::string("found when the run was over")) +
          ".\n";
  text += more;
  std::vector<std::string> causes = story.causes;
  causes.insert(causes.end(), story.losses.begin(), story.losses.end());
  text += list("How it came about", causes);
  text += list("What other checks had objected to by then", story.before);
  text += table(story);
  text += list("The nodes involved, in the end", story.states);
  return readable(std::move(text));
}

std::vector<std::string> in_short(const Story& story, std::size_t most) {
  std::vector<std::string> lines{story.sentence + "."};
  for (const std::string& objection : story.before) lines.push_back("before: " + objection);
  for (const std::string& cause : story.causes) lines.push_back(cause);
  for (const std::string& loss : story.losses) lines.push_back(loss);
  if (lines.size() > most) lines.resize(most);
  for (std::string& line : lines) line = readable(std::move(line));
  return lines;
}

}  // namespace ballast
