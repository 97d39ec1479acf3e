#include "sim/report/shrunk.h"

#include "sim/report/names.h"
#include "sim/report/repro.h"
#include "sim/report/story.h"
#include "sim/report/words.h"
#include "sim/scenario/minimal.h"

namespace ballast {
namespace {

std::string smallest(const Shrunk& shrunk, const std::string& place) {
  std::string text = "\nSmallest schedule found (" + in_words(shrunk.after, shrunk.before) + ")";
  const std::string schedule = schedule_in_words(shrunk.scenario);
  text += schedule.empty()
              ? ": nothing but the draws of seed " + std::to_string(shrunk.scenario.seed) + ".\n"
              : ": " + schedule + ".\n";
  if (!shrunk.necessity.empty()) {
    text += "\n| what it takes | without it |\n|---|---|\n";
    for (const Necessity& need : shrunk.necessity) {
      text += "| `" + need.item + "` | " + in_words(need) + " |\n";
    }
  }
  text += "\n```sh\nballast replay " + place + ".repro.json   # see it again, bit for bit\n";
  text += "ballast run " + place + ".json --trace full   # open it: trace, history, metrics\n```\n";
  return text;
}

}  // namespace

std::string in_words(const Necessity& need) {
  switch (need.answer) {
    case Necessity::Answer::holds:
      return "holds";
    case Necessity::Answer::another:
      return "violates " + need.property + " instead";
    case Necessity::Answer::violated:
      break;
  }
  std::string text = "still violated";
  for (std::size_t i = 0; i < need.jointly.size(); ++i) {
    text += (i == 0 ? ", but not without " : " or ") + need.jointly[i];
  }
  return text;
}

std::string schedule_in_words(const Scenario& scenario) {
  const Names names(scenario);
  std::string text;
  const auto add = [&](const std::string& item) { text += (text.empty() ? "" : "; ") + item; };
  for (const Fault& fault : scenario.faults) {
    const std::string options = options_in_words(fault.action, names);
    add(std::string(name_of(fault.action)) + (options.empty() ? "" : " ") + options + " at " +
        to_text(fault.at) + (fault.lasts ? " for " + to_text(*fault.lasts) : ""));
  }
  if (scenario.workload && scenario.workload->script) {
    for (const ScriptedOperation& each : *scenario.workload->script) {
      const std::string options =
          std::visit([&](const auto& action) { return members_in_words(to_json(action), names); },
                     each.action);
      add("c" + std::to_string(each.client) + " asks " + std::string(name_of(each.action)) + " (" +
          options + ") at " + to_text(each.at));
    }
  }
  for (const MessageSpec& each : scenario.network.messages) {
    std::string item = each.message + " number " + std::to_string(each.nth) + " from " +
                       names.of(each.from.parts.front().node) + " to " +
                       names.of(each.to.parts.front().node);
    if (each.lost) item += " is lost";
    if (each.delay) item += " takes " + to_text(*each.delay);
    if (each.copy)
      item += std::string(each.delay ? " and" : "") + " arrives again after " + to_text(*each.copy);
    add(item);
  }
  return text;
}

ShrunkFiles shrunk_files(const Shrunk& shrunk, const std::string& place) {
  ShrunkFiles files;
  files.scenario = minimal_json(shrunk.scenario, remarks(shrunk));
  files.repro = repro_json(shrunk.scenario, shrunk.outcome);
  files.id = failure_id(shrunk.outcome.violations.front().property, shrunk.scenario);
  StoryTeller teller(shrunk.scenario);
  const RunOutcome again = run(shrunk.scenario, {&teller, true, nullptr, {}});
  if (again.violations.empty()) return files;
  files.story = violation_md(shrunk.scenario, teller.tell(again), smallest(shrunk, place));
  return files;
}

void record_shrunk(const Shrunk& shrunk, const ResultDirectory& directory,
                   const std::string& prefix, const std::string& path) {
  const ShrunkFiles files = shrunk_files(shrunk, path + "/shrunk");
  directory.write(prefix + "shrunk.json", files.scenario);
  directory.write(prefix + "shrunk.repro.json", files.repro);
  directory.write(prefix + "violation.md", files.story);
}

}  // namespace ballast
