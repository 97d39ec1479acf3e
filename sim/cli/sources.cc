#include "sim/cli/sources.h"

#include <filesystem>
#include <utility>

#include "sim/cli/seeds.h"
#include "sim/scenario/embed.h"
#include "sim/scenario/json.h"

namespace ballast {

Sources find_sources(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  std::vector<std::string> files{path};
  if (fs::is_directory(path, ignored)) {
    const std::string folder = (fs::path(path) / "").string();
    files = {folder + "repro.json"};
    if (!fs::exists(files[0], ignored)) {
      files = {folder + "scenario.resolved.json", folder + "summary.json"};
    }
    if (fs::exists(folder + "runs.csv", ignored)) {
      return {{}, path + " is the result of a sweep; replay one of its failures/"};
    }
  }
  Sources sources;
  for (const std::string& file : files) {
    FileText content = read_file(file);
    if (content.status != FileStatus::complete) return {{}, content.why};
    sources.texts.push_back({file, std::move(content.text)});
  }
  return sources;
}

std::optional<Repro> read_sources(const Sources& sources, Problems& problems) {
  return sources.texts.size() == 1 ? read_repro(sources.texts[0], problems)
                                   : read_result(sources.texts[0], sources.texts[1], problems);
}

namespace {

NamedRun refused(const Problems& problems) {
  NamedRun run;
  run.errors = problems.to_text();
  run.code = ExitCode::invalid_scenario;
  return run;
}

NamedRun of_repro(const Sources& sources) {
  Problems problems;
  NamedRun run;
  run.repro = read_sources(sources, problems);
  if (!run.repro) return refused(problems);
  run.scenario = run.repro->scenario;
  return run;
}

}  // namespace

NamedRun find_run(const std::string& path) {
  std::error_code ignored;
  std::string file = path;
  std::optional<std::uint64_t> seed;
  const std::size_t at = path.rfind('@');
  if (at != std::string::npos && !std::filesystem::exists(path, ignored)) {
    seed = parse_seed(std::string_view(path).substr(at + 1));
    if (seed) file.resize(at);
  }
  const Sources sources = find_sources(file);
  if (!sources.error.empty()) {
    NamedRun run;
    run.errors = "ballast: " + sources.error + "\n";
    run.code = ExitCode::no_input;
    return run;
  }
  NamedRun run;
  Problems problems;
  std::optional<Value> value = parse_json(sources.texts[0].text, sources.texts[0].name, problems);
  if (!value || !problems.empty()) return refused(problems);
  if (sources.texts.size() == 2 || value->find("scenario") != nullptr) {
    run = of_repro(sources);
  } else {
    embed_recordings(*value, sources.texts[0].name, problems);
    run.scenario = read_scenario(*value, problems);
    if (!run.scenario || !problems.empty()) return refused(problems);
  }
  if (run.scenario && seed) {
    run.scenario->seed = *seed;
    run.repro.reset();
  }
  return run;
}

}  // namespace ballast
