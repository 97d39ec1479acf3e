// The page: operations as bars, a row for each process, time from left to right. Events are spread
// evenly, in their order: true times, which may lie a microsecond or an hour apart, stand in the
// tooltips.
#include <algorithm>
#include <map>
#include <set>

#include "sim/base/describe.h"
#include "sim/base/text.h"
#include "sim/history/report.h"

namespace ballast::history {
namespace {

constexpr std::size_t most_drawn = 400;  // operations of one object, those nearest to the failure
constexpr int left = 110;
constexpr int step_width = 26;
constexpr int row_height = 34;
constexpr int top = 34;

constexpr std::string_view head = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root{color-scheme:light dark;--page:#fff;--ink:#1c2430;--quiet:#667085;--line:#d5dae1;
--bar:#c9d4e3;--core:#f2b8ad;--edge:#b3321f;--order:#2f6f4f}
@media(prefers-color-scheme:dark){:root{--page:#14181e;--ink:#e4e8ee;--quiet:#98a2b3;--line:#323a46;
--bar:#3a4757;--core:#7c3128;--edge:#ff8f7a;--order:#7fd1a6}}
body{margin:2rem;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.3rem}h2{font-size:1.1rem;margin-top:2rem}.quiet{color:var(--quiet)}
.why{max-width:70ch}.chart{overflow-x:auto;border:1px solid var(--line);border-radius:6px}
svg{display:block;font:12px system-ui,sans-serif}text{fill:var(--ink)}
.axis{stroke:var(--line)}.bar{fill:var(--bar);stroke:var(--quiet)}
.core .bar{fill:var(--core);stroke:var(--edge);stroke-width:2}
.unknown .bar{stroke-dasharray:4 3}.order{stroke:var(--order);fill:none;stroke-width:1.5}
.dot{fill:var(--order)}.small{fill:var(--quiet);font-size:11px}.remark{stroke:var(--edge);
stroke-dasharray:2 4}
table{border-collapse:collapse}td{padding:.1rem 1rem .1rem 0}
</style>
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string attribute(std::string_view name, std::int64_t value) {
  return " " + std::string(name) + "=\"" + std::to_string(value) + "\"";
}

class Chart {
 public:
  Chart(const History& history, const PageSection& section)
      : history_(history), explanation_(section.explanation) {
    choose(section.operations);
    place();
  }

  std::string draw() const {
    std::string bars;
    for (const std::uint32_t index : drawn_) bars += bar(index);
    const int width = left + static_cast<int>(columns_.size() + 2) * step_width;
    const int height = top + static_cast<int>(rows_.size()) * row_height + 10;
    std::string svg = "<div class=\"chart\"><svg" + attribute("width", width) +
                      attribute("height", height) +
                      " role=\"img\" aria-label=\"operations over time\">\n";
    for (const auto& [process, row] : rows_) {
      const int y = top + row * row_height;
      svg += "<text x=\"8\"" + attribute("y", y + 19) + ">process " + std::to_string(process) +
             "</text><line class=\"axis\" x1=\"0\"" + attribute("x2", width) +
             attribute("y1", y + row_height - 3) + attribute("y2", y + row_height - 3) + "/>\n";
    }
    return svg + remarks(height) + bars + order() + "</svg></div>\n";
  }
  std::size_t drawn() const { return drawn_.size(); }

 private:
  // The core, and of the others those that were called last before the failure.
  void choose(const std::vector<std::uint32_t>& operations) {
    std::set<std::uint32_t> chosen(explanation_.core.begin(), explanation_.core.end());
    chosen.insert(explanation_.maybe.begin(), explanation_.maybe.end());
    const std::uint32_t until = explanation_.stuck == Operation::never
                                    ? history_.events
                                    : history_.operations[explanation_.stuck].returned;
    std::uint32_t spare = most_drawn;
    for (auto at = operations.rbegin(); at != operations.rend() && spare > 0; ++at) {
      if (history_.operations[*at].called > until) continue;
      chosen.insert(*at);
      --spare;
    }
    drawn_.assign(chosen.begin(), chosen.end());
  }

  void place() {
    for (const std::uint32_t index : drawn_) {
      const Operation& op = history_.operations[index];
      columns_.emplace(op.called, 0);
      if (op.known()) columns_.emplace(op.returned, 0);
      rows_.emplace(op.process, 0);
    }
    int next = 0;
    for (auto& [rank, column] : columns_) column = next++;
    next = 0;
    for (auto& [process, row] : rows_) row = next++;
  }

  int x_of(std::uint32_t rank) const {
    const auto at = columns_.find(rank);
    const int column = at == columns_.end() ? static_cast<int>(columns_.size()) + 1 : at->second;
    return left + column * step_width;
  }
  int y_of(const Operation& op) const { return top + rows_.at(op.process) * row_height; }

  std::string bar(std::uint32_t index) const {
    const Operation& op = history_.operations[index];
    const std::vector<std::uint32_t>& core = explanation_.core;
    std::string names = std::find(core.begin(), core.end(), index) != core.end() ? "core" : "";
    if (!op.known()) names += " unknown";
    const int from = x_of(op.called);
    const int width = x_of(op.returned) - from;
    const std::string what = say(op, history_.values);
    const std::string time = say_time(history_, op.invoked) + " to " +
                             (op.known() ? say_time(history_, op.ended) : "unknown");
    std::string text = "<g class=\"" + names + "\"><title>" + escaped(what) + "\nprocess " +
                       std::to_string(op.process) + ", " + time +
                       (op.line > 0 ? ", line " + std::to_string(op.line) : "") +
                       "</title><rect class=\"bar\" rx=\"4\"" + attribute("x", from) +
                       attribute("y", y_of(op) + 4) + attribute("width", std::max(width, 8)) +
                       " height=\"22\"/>";
    const std::size_t fits = static_cast<std::size_t>(std::max(width, 8)) / 7;
    const std::string shown = what.size() <= fits ? what : what.substr(0, fits);
    return text + "<text" + attribute("x", from + 5) + attribute("y", y_of(op) + 19) + ">" +
           escaped(shown) + "</text></g>\n";
  }

  // The longest partial linearization: a line through the instants at which operations took effect,
  // each as early as the ones before allow.
  std::string order() const {
    std::string points;
    std::string dots;
    int x = 0;
    for (std::size_t i = 0; i < explanation_.order.size(); ++i) {
      const std::uint32_t index = explanation_.order[i];
      if (!std::binary_search(drawn_.begin(), drawn_.end(), index)) continue;
      const Operation& op = history_.operations[index];
      x = std::max(x + 4, x_of(op.called) + 4);
      const int y = y_of(op) + 15;
      points += std::to_string(x) + "," + std::to_string(y) + " ";
      dots += "<circle class=\"dot\" r=\"3\"" + attribute("cx", x) + attribute("cy", y) +
              "><title>number " + std::to_string(i + 1) +
              " to take effect: " + escaped(say(op, history_.values)) + "</title></circle>";
    }
    return "<polyline class=\"order\" points=\"" + points + "\"/>" + dots + "\n";
  }

  std::string remarks(int height) const {
    std::string text;
    for (const Remark& remark : history_.remarks) {
      // Before the first event that is later.
      const auto later = std::find_if(drawn_.begin(), drawn_.end(), [&](std::uint32_t index) {
        return history_.operations[index].invoked > remark.at;
      });
      if (later == drawn_.begin() || later == drawn_.end()) continue;
      const int x = x_of(history_.operations[*later].called) - step_width / 2;
      text += "<line class=\"remark\"" + attribute("x1", x) + attribute("x2", x) + " y1=\"20\"" +
              attribute("y2", height) + "/><text class=\"small\" y=\"14\"" + attribute("x", x) +
              ">" + escaped(remark.text) + "</text>\n";
    }
    return text;
  }

  const History& history_;
  const Explanation& explanation_;
  std::vector<std::uint32_t> drawn_;
  std::map<std::uint32_t, int> columns_;  // by rank
  std::map<std::int64_t, int> rows_;      // by process
};

std::string draw(const History& history, const PageSection& section) {
  const Explanation& explanation = section.explanation;
  const std::string& name = history.objects[explanation.object];
  const Chart chart(history, section);
  std::string text = "<section data-key=\"" + escaped(name) + "\">\n";
  if (!name.empty()) text += "<h2>key " + escaped(name) + "</h2>\n";
  text += "<p class=\"why\">" + escaped(explanation.sentence) + ".</p>\n<table>\n";
  for (const std::uint32_t index : explanation.core) {
    const Operation& op = history.operations[index];
    text += "<tr><td>process " + std::to_string(op.process) + "</td><td>" +
            escaped(say(op, history.values)) + "</td><td>" + say_time(history, op.invoked) +
            " to " + (op.known() ? say_time(history, op.ended) : "unknown") + "</td></tr>\n";
  }
  text += "</table>\n<p class=\"quiet\">" + std::to_string(chart.drawn()) + " of " +
          with_commas(section.operations.size()) +
          " operations are drawn; the framed ones cannot be explained together.";
  if (!explanation.order.empty()) {
    text += " The line is the longest order that explains what came before.";
  }
  return text + "</p>\n" + chart.draw() + "</section>\n";
}

constexpr std::string_view script = R"(<script>
const choice=document.getElementById('key');
if(choice)choice.onchange=()=>{for(const s of document.querySelectorAll('section'))
s.hidden=choice.value!==''&&s.dataset.key!==choice.value}
</script>
)";

}  // namespace

std::string as_html(const Page& page) {
  const History& history = *page.history;
  std::string text(head);
  text += "<title>" + escaped(page.title) + "</title></head><body>\n<h1>" + escaped(page.title) +
          "</h1>\n";
  for (const std::string& each : page.findings) {
    text += "<p class=\"quiet\">" + escaped(each) + "</p>\n";
  }
  std::set<std::string> names;
  for (const PageSection& each : page.sections) {
    names.insert(history.objects[each.explanation.object]);
  }
  if (names.size() > 1) {
    text += "<p><label>Key <select id=\"key\"><option value=\"\">all</option>";
    for (const std::string& name : names) text += "<option>" + escaped(name) + "</option>";
    text += "</select></label></p>\n";
  }
  for (const PageSection& each : page.sections) text += draw(history, each);
  return text + std::string(script) + "</body></html>\n";
}

void add_to(Page& page, const Judgement& judgement) {
  const LinearizabilityCheck& check = *judgement.check;
  page.findings.push_back(std::string(name_of(check.answer())) + ": " +
                          with_commas(judgement.history->operations.size()) + " operations on " +
                          with_commas(check.objects().size()) + " objects, each a " +
                          std::string(name_of(judgement.model)));
  for (const Explanation& each : judgement.explanations) {
    page.sections.push_back({each, check.objects()[each.object].operations});
  }
}

}  // namespace ballast::history
