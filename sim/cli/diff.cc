#include "sim/cli/load.h"
#include "sim/cli/sources.h"
#include "sim/report/parting.h"

namespace ballast {
namespace {

std::string lines(const std::string& heading, const std::vector<Happening>& happenings) {
  std::string text = heading + "\n";
  if (happenings.empty()) text += "  nothing more: the run is over\n";
  for (const Happening& each : happenings) text += wrap("  ", in_words(each), 6);
  return text;
}

void write(JsonWriter& w, std::string_view key, const std::vector<Happening>& happenings) {
  w.key(key).begin_array();
  for (const Happening& each : happenings) {
    w.begin_object().member("event", each.event.value).member("time", each.at.ns);
    w.member("node", std::string_view(each.node)).member("what", std::string_view(each.what));
    w.end_object();
  }
  w.end_array();
}

std::string as_json(const Parting& parting) {
  std::string text;
  JsonWriter w(text, JsonWriter::Style::indented);
  w.begin_object().member("same", parting.same);
  if (!parting.same) {
    w.member("event", parting.event);
    write(w, "before", parting.before);
    write(w, "a", parting.a);
    write(w, "b", parting.b);
  }
  w.end_object();
  return text + "\n";
}

}  // namespace

ExitCode execute(const DiffCommand& command, const std::string&) {
  const NamedRun a = find_run(command.a);
  const NamedRun b = find_run(command.b);
  for (const NamedRun* each : {&a, &b}) {
    if (each->scenario) continue;
    complain(each->errors);
    return each->code;
  }
  const Parting parted = parting(*a.scenario, *b.scenario, command.context);
  std::string text;
  if (command.format == Format::json) {
    text = as_json(parted);
  } else if (parted.same) {
    text = "the same run, bit for bit\n";
  } else {
    text = "the runs part at event " + with_commas(parted.event) + "\n";
    if (!parted.before.empty()) text += lines("both", parted.before);
    text += lines("A  " + command.a, parted.a) + lines("B  " + command.b, parted.b);
  }
  if (!print(text)) return ExitCode::io_error;
  return parted.same ? ExitCode::held : ExitCode::violated;
}

}  // namespace ballast
