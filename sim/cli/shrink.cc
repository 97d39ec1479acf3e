#include <filesystem>
#include <fstream>

#include "sim/cli/interrupt.h"
#include "sim/cli/load.h"
#include "sim/cli/manifest.h"
#include "sim/cli/sources.h"
#include "sim/report/shrunk.h"
#include "sim/report/version.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;

// Where the files go, without their endings.
std::string place_of(const ShrinkCommand& command, bool is_scenario) {
  if (!command.out.empty()) {
    const fs::path out(command.out);
    if (out.extension() == ".json") return (out.parent_path() / out.stem()).string();
    return (out / "shrunk").string();
  }
  if (is_scenario) {
    return "results/" + stem_of(command.path.substr(0, command.path.rfind('@'))) + "/shrunk/shrunk";
  }
  const fs::path path(command.path);
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return (path / "shrunk").string();
  if (path.filename() == "repro.json") return (path.parent_path() / "shrunk").string();
  return (path.parent_path() / path.stem()).string() + ".shrunk";
}

// The file appears whole or not at all.
void write_file(const std::string& path, const std::string& text) {
  std::error_code error;
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error) throw OutputError{true, path + ": cannot create: " + error.message()};
  const std::string scratch = path + ".tmp-" + process_name();
  std::ofstream out(scratch, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  close_or_throw(out, path);
  fs::rename(scratch, path, error);
  if (error) throw OutputError{false, path + ": cannot write: " + error.message()};
}

std::string as_text(const Shrunk& shrunk, const ShrunkFiles& files, const std::string& place,
                    const Painter& paint) {
  const Violation& first = shrunk.outcome.violations.front();
  std::string text = files.scenario + "\n";
  text += paint(Color::green, "SHRUNK") + "  " + first.property + ": " +
          in_words(shrunk.after, shrunk.before) + "\n";
  for (const Necessity& need : shrunk.necessity) {
    text += "  " + need.item + "\n    without it: " + in_words(need) + "\n";
  }
  text += "  searched     " + with_commas(shrunk.runs) + " runs, " + with_commas(shrunk.diverged) +
          " violated another property; " +
          (shrunk.complete ? "nothing more can be taken away" : "the time was over") + "\n";
  text += "  failure id   " + files.id + "\n  scenario     " + place + ".json\n  story        " +
          place + ".md\n  replay       ballast replay " + shell_quoted(place + ".repro.json") +
          "\n";
  return text;
}

void write_size(JsonWriter& w, std::string_view key, const ScheduleSize& size) {
  w.key(key).begin_object().member("faults", size.faults).member("operations", size.operations);
  w.member("messages", size.messages).member("nodes", size.nodes);
  w.member("clients", size.clients).member("duration_ns", size.duration.ns).end_object();
}

std::string as_json(const Shrunk& shrunk, const ShrunkFiles& files, const std::string& place) {
  std::string text;
  JsonWriter w(text, JsonWriter::Style::indented);
  w.begin_object().member("id", std::string_view(files.id));
  w.member("property", std::string_view(shrunk.outcome.violations.front().property));
  write_size(w, "before", shrunk.before);
  write_size(w, "after", shrunk.after);
  w.member("runs", shrunk.runs).member("diverged", shrunk.diverged);
  w.member("complete", shrunk.complete);
  w.member("fingerprint", std::string_view(to_hex(shrunk.outcome.fingerprint)));
  w.key("necessity").begin_array();
  for (const Necessity& need : shrunk.necessity) {
    w.begin_object().member("item", std::string_view(need.item));
    w.member("without_it", std::string_view(in_words(need))).end_object();
  }
  w.end_array().member("scenario", std::string_view(place + ".json")).end_object();
  return text + "\n";
}

}  // namespace

ExitCode execute(const ShrinkCommand& command, const std::string&) {
  const NamedRun given = find_run(command.path);
  if (!given.scenario) {
    complain(given.errors);
    return given.code;
  }
  const RunOutcome outcome = run(*given.scenario);
  if (outcome.verdict != Verdict::violated) {
    complain("ballast shrink: this run violates nothing (" + std::string(name_of(outcome.verdict)) +
             ")\n");
    return ExitCode::inconclusive;
  }
  if (given.repro && !compare(*given.repro, outcome).same_violation) {
    complain("ballast shrink: not reproduced: it should violate " + given.repro->property +
             ", but violates " + outcome.violations.front().property + "\n");
    return ExitCode::diverged;
  }
  catch_interrupts();
  const std::uint64_t begun = wall_milliseconds();
  const Shrunk shrunk =
      shrink(*given.scenario, outcome, {command.jobs, command.milliseconds, interrupted(), true});
  if (!shrunk.reproduced) {
    complain("ballast shrink: the schedule as it happened does not violate " +
             outcome.violations.front().property + " any more\n");
    return ExitCode::diverged;
  }
  const std::string place = place_of(command, !given.repro);
  const ShrunkFiles files = shrunk_files(shrunk, place);
  write_file(place + ".json", files.scenario);
  write_file(place + ".repro.json", files.repro);
  write_file(place + ".md", files.story);
  complain("ballast shrink: " + with_commas(wall_milliseconds() - begun) + " ms\n");
  const std::string text = command.format == Format::json
                               ? as_json(shrunk, files, place)
                               : as_text(shrunk, files, place, Painter(command.color));
  if (!print(text)) return ExitCode::io_error;
  return *interrupted() != 0 ? ExitCode::interrupted : ExitCode::held;
}

}  // namespace ballast
