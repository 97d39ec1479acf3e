// The page: for each object that failed why, the operations that contradict each other, and a
// chart.
#include <algorithm>
#include <set>

#include "sim/base/describe.h"
#include "sim/base/text.h"
#include "sim/history/chart.h"

namespace ballast::history {
namespace {

constexpr std::size_t most_sections = 5;  // of objects that can be explained

constexpr std::string_view head = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root{color-scheme:light dark;--page:#fff;--ink:#1c2430;--quiet:#5d6776;--line:#d5dae1;
--grid:#eceff3;--bar:#c9d9ee;--rim:#7f93ad;--core:#f7c6bb;--edge:#b3321f;--order:#1f6b47;
--on:#fff;--shade:#e3a008}
@media(prefers-color-scheme:dark){:root{--page:#14181e;--ink:#e4e8ee;--quiet:#98a2b3;--line:#323a46;
--grid:#232a34;--bar:#33455c;--rim:#6f849f;--core:#7c3128;--edge:#ff8f7a;--order:#6fcf9b;
--on:#10151b;--shade:#e3b341}}
body{margin:2rem;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.3rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 0}.quiet{color:var(--quiet)}
p{margin:.5rem 0}.why{max-width:80ch;font-weight:600}
.chart{display:flex;overflow-x:auto;border:1px solid var(--line);border-radius:6px;margin:.5rem 0}
svg{display:block;flex:none;font:12px system-ui,sans-serif}text{fill:var(--ink)}
.names{position:sticky;left:0;background:var(--page);border-right:1px solid var(--line);z-index:1}
.axis{stroke:var(--line)}.grid{stroke:var(--grid)}.tick,.cut{fill:var(--quiet);font-size:11px}
.bar{fill:var(--bar);stroke:var(--rim)}
.core .bar{fill:var(--core);stroke:var(--edge);stroke-width:2}
.stuck .bar{stroke:var(--edge);stroke-width:3}.unknown .bar{stroke-dasharray:4 3;fill-opacity:.5}
.shade{fill:var(--shade);fill-opacity:.16;stroke:var(--shade);stroke-opacity:.5}
.order{stroke:var(--order);fill:none;stroke-width:1.5;stroke-opacity:.7}.dot{fill:var(--order)}
.number{fill:var(--on);font-size:9px;text-anchor:middle}
.arrow path{stroke:var(--edge);stroke-width:2;fill:none}
.arrow text{fill:var(--edge);font-weight:600;
text-anchor:middle;paint-order:stroke;stroke:var(--page);stroke-width:3}#head path{fill:var(--edge)}
.arrow.left text{text-anchor:end}.arrow.right text{text-anchor:start}
.here line{stroke:var(--edge);stroke-width:1.5;stroke-dasharray:5 3}
.here text{fill:var(--edge);font-weight:600;text-anchor:end}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;font-size:13px}
.legend span{display:flex;align-items:center;gap:.4rem}
table{border-collapse:collapse}td{padding:.1rem 1rem .1rem 0}
</style>
)";

std::string legend(const PageSection& section, const Drawing& drawing) {
  std::string text = "<p class=\"legend quiet\">";
  const auto add = [&](bool wanted, const std::string& group, const std::string& mark,
                       const std::string& meaning) {
    if (!wanted) return;
    text += "<span><svg width=\"30\" height=\"16\"><g class=\"" + group + "\">" + mark +
            "</g></svg>" + meaning + "</span>";
  };
  const std::string bar =
      "<rect class=\"bar\" rx=\"3\" x=\"2\" y=\"2\" width=\"26\" height=\"12\"/>";
  add(true, "", bar, "an operation, from its call to its return");
  add(drawing.has_unknown, "unknown", bar,
      "its outcome is unknown: drawn until its client gave up");
  add(!section.explanation.core.empty(), "core", bar, "these contradict each other");
  add(section.explanation.stuck != Operation::never, "here",
      "<line x1=\"15\" x2=\"15\" y1=\"0\" y2=\"16\"/>", "here it shows");
  add(drawing.has_order, "",
      "<line class=\"order\" x1=\"0\" x2=\"30\" y1=\"8\" y2=\"8\"/>"
      "<circle class=\"dot\" r=\"5\" cx=\"15\" cy=\"8\"/>",
      section.explanation.core.empty() ? "an order that explains all"
                                       : "the longest order that explains what came before");
  add(!section.arrows.empty(), "arrow", "<path d=\"M2,8 L24,8\" marker-end=\"url(#head)\"/>",
      "must come before");
  add(drawing.has_bands, "", "<rect class=\"shade\" width=\"30\" height=\"16\"/>", "a fault");
  return text + "</p>\n";
}

std::string draw(const History& history, const PageSection& section, const std::vector<Band>& bands,
                 const std::string& noun) {
  const Explanation& explanation = section.explanation;
  const std::string& name = history.objects[explanation.object];
  const Drawing drawing = draw_chart(history, section, bands);
  std::string text = "<section data-key=\"" + escaped(name) + "\">\n";
  if (!name.empty()) text += "<h2>" + noun + " " + escaped(name) + "</h2>\n";
  if (!explanation.sentence.empty()) {
    text += "<p class=\"why\">" + escaped(explanation.sentence) + ".</p>\n";
  }
  text += "<table>\n";
  for (const std::uint32_t index : explanation.core) {
    const Operation& op = history.operations[index];
    const auto label = section.labels.find(index);
    const std::string what =
        label == section.labels.end() ? say(op, history.values) : label->second.text;
    text += "<tr><td>" + escaped(row_of(history, op)) + "</td><td>" + escaped(what) + "</td><td>" +
            say_time(history, op.invoked) + " to " +
            (op.known() ? say_time(history, op.ended) : "unknown") + "</td></tr>\n";
  }
  text += "</table>\n";
  if (!explanation.states.empty()) {
    text += "<p class=\"quiet\">Possible where the order stops: ";
    for (std::size_t i = 0; i < explanation.states.size(); ++i) {
      text += (i > 0 ? "; " : "") + escaped(explanation.states[i]);
    }
    text += ".</p>\n";
  }
  text += legend(section, drawing) + drawing.html;
  if (drawing.operations < section.operations.size()) {
    text += "<p class=\"quiet\">" + with_commas(drawing.operations) + " of " +
            with_commas(section.operations.size()) + " operations are drawn, those " +
            (explanation.core.empty() ? "that came last" : "nearest to the failure") + ".</p>\n";
  }
  return text + "</section>\n";
}

constexpr std::string_view arrow_head =
    "<svg width=\"0\" height=\"0\" style=\"position:absolute\"><marker id=\"head\" "
    "viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"6\" markerHeight=\"6\" "
    "orient=\"auto\"><path d=\"M0,0 L10,5 L0,10 z\"/></marker></svg>\n";

constexpr std::string_view script = R"(<script>
const choice=document.getElementById('key');
if(choice)choice.onchange=()=>{for(const s of document.querySelectorAll('section'))
s.hidden=choice.value!==''&&s.dataset.key!==choice.value};
for(const c of document.querySelectorAll('.chart'))c.scrollLeft=c.dataset.at-c.clientWidth*.6;
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
  text += arrow_head;
  std::set<std::string> names;
  for (const PageSection& each : page.sections) {
    names.insert(history.objects[each.explanation.object]);
  }
  if (names.size() > 1) {
    text += "<p><label>Show " + page.noun + " <select id=\"key\"><option value=\"\">all</option>";
    for (const std::string& name : names) text += "<option>" + escaped(name) + "</option>";
    text += "</select></label></p>\n";
  }
  std::vector<Band> bands = page.bands;
  for (Band& each : bands_of(history)) bands.push_back(std::move(each));
  for (const PageSection& each : page.sections) text += draw(history, each, bands, page.noun);
  return text + std::string(script) + "</body></html>\n";
}

void add_to(Page& page, const Judgement& judgement) {
  const LinearizabilityCheck& check = *judgement.check;
  page.findings.push_back(std::string(name_of(check.answer())) + ": " +
                          with_commas(judgement.history->operations.size()) + " operations on " +
                          with_commas(check.objects().size()) +
                          (check.objects().size() == 1 ? " object, a " : " objects, each a ") +
                          std::string(name_of(judgement.model)));
  for (const Explanation& each : judgement.explanations) {
    page.sections.push_back({each, check.objects()[each.object].operations});
  }
  if (!judgement.explanations.empty()) return;
  for (const ObjectVerdict& verdict : check.objects()) {
    if (verdict.answer != Linearizability::yes || page.sections.size() == most_sections) continue;
    PageSection section;
    section.explanation.object = verdict.object;
    section.explanation.order = verdict.witness;
    section.operations = verdict.operations;
    page.sections.push_back(std::move(section));
  }
}

}  // namespace ballast::history
