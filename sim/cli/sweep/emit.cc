#include "sim/cli/sweep/emit.h"

#include <filesystem>

#include "sim/cli/load.h"

namespace ballast {
namespace {

// Every place of `from` in the text becomes `to`.
std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t i = 0; (i = text.find(from, i)) != std::string::npos; i += to.size()) {
    text.replace(i, from.size(), to);
  }
  return text;
}

// The command again, as words for the shell: all but jobs, shard, --out and --emit.
std::string arguments(const SweepCommand& command) {
  std::string text;
  for (const std::string& file : command.files) text += " " + shell_quoted(file);
  text += " --seeds " + shell_quoted(command.seeds.text()) + scenario_arguments(command.scenario);
  for (const GridAxis& axis : command.grid) {
    std::string values;
    for (const std::string& value : axis.values) values += (values.empty() ? "" : ",") + value;
    text += " --grid " + shell_quoted(axis.path + "=" + values);
  }
  if (command.time) text += " --for " + to_text(*command.time);
  if (command.min_runs != 1) text += " --min-runs " + std::to_string(command.min_runs);
  if (command.corpus) {
    text += " --corpus " + (command.corpus->empty() ? "none" : shell_quoted(*command.corpus));
  }
  if (command.expect_violation) text += " --expect violation";
  const SweepCommand usual;
  if (command.trace != usual.trace) text += " --trace " + std::string(name_of(command.trace));
  if (command.trace_cap != usual.trace_cap) {
    text += " --trace-cap " + std::to_string(command.trace_cap);
  }
  return text;
}

// What a script is made of. `ballast` is a variable in each of them, so that a program at another
// place can be named when it is started.
class Script {
 public:
  Script(const SweepCommand& command, const SweepPlan& plan)
      : count_(std::to_string(command.shards)),
        arguments_(arguments(command)),
        out_(command.out.empty() ? "results/" + plan.place : command.out) {
    std::error_code error;
    program_ = std::filesystem::read_symlink("/proc/self/exe", error).string();
    if (error) program_ = "ballast";
  }

  std::string slurm() const {
    return head("Slurm", "bash THIS. BALLAST_MEM and BALLAST_SBATCH change what is asked for.") +
           "export BALLAST=$ballast\n"
           "mkdir -p " +
           parts() + "\n" +
           "# N stands here and not in SLURM_ARRAY_TASK_COUNT, which counts one submission. "
           "Without "
           "--mem\n# a task may be given a whole node.\n"
           "ask=(--parsable --requeue --ntasks=1 --cpus-per-task=1 --mem=\"${BALLAST_MEM:-1G}\")\n"
           "# shellcheck disable=SC2206\nask+=(${BALLAST_SBATCH-})\n"
           "array=$(sbatch \"${ask[@]}\" --job-name=ballast --array=1-" +
           count_ +
           " \\\n"
           "  --output=" +
           shell_quoted(log_folder() + "/%a-of-" + count_ + ".log") +
           " <<'SHARD'\n#!/usr/bin/env bash\n"
           "exec \"$BALLAST\" sweep" +
           arguments_ + " --jobs 1 --shard auto/" + count_ + " --resume \\\n  --out " + parts() +
           "/\"$SLURM_ARRAY_TASK_ID\"-of-" + count_ +
           "\nSHARD\n)\n"
           "# Not afterok: a shard that failed would keep the merge waiting for ever.\n"
           "merge=$(sbatch \"${ask[@]}\" --job-name=ballast-merge \\\n"
           "  --dependency=afterany:\"${array%%;*}\" --output=" +
           shell_quoted(log_folder() + "/merge.log") +
           " <<'MERGE'\n#!/usr/bin/env bash\nexec \"$BALLAST\" merge " + parts() + " --out " +
           shell_quoted(out_) +
           "\nMERGE\n)\n"
           "printf 'shards: job %s; merge: job %s; then: cat %s\\n' \\\n"
           "  \"${array%%;*}\" \"${merge%%;*}\" " +
           parts() + "/merge.log\n";
  }

  std::string parallel() const {
    return head("GNU parallel",
                "bash THIS [OPTIONS OF PARALLEL]. Again: makes only what failed or is missing.") +
           "export BALLAST=$ballast PARALLEL_SHELL=$BASH\nmkdir -p " + parts() + "\n" +
           "shard() {\n  \"$BALLAST\" sweep" + arguments_ + " --jobs 1 --shard \"$1/" + count_ +
           "\" --resume \\\n    --out " + parts() + "/\"$1-of-" + count_ + "\" >" + parts() +
           "/\"$1-of-" + count_ +
           ".log\" 2>&1\n}\nexport -f shard\n"
           "# Its exit code is a number of jobs; the merge says what they found.\n"
           "seq " +
           count_ + " | parallel --joblog " + parts() +
           "/joblog --resume-failed \"$@\" shard || true\n"
           "exec \"$BALLAST\" merge " +
           parts() + " --out " + shell_quoted(out_) + "\n";
  }

  std::string make() const {
    return "# A sweep in " + count_ +
           " shards, made by ballast sweep --emit. Start: make -j8 -f THIS.\n"
           "BALLAST ?= " +
           in_make(program_) + "\n" + "SHARDS := $(shell seq " + count_ +
           ")\n\n"
           ".PHONY: merge $(SHARDS:%=shard-%)\n"
           "# A shard may fail: the merge says what is missing and what was found.\n"
           "merge: $(SHARDS:%=shard-%)\n"
           "\t'$(BALLAST)' merge " +
           in_make(parts()) + " --out " + in_make(shell_quoted(out_)) +
           "\n\n$(SHARDS:%=shard-%): shard-%:\n"
           "\t-'$(BALLAST)' sweep" +
           in_make(arguments_) + " --jobs 1 --shard $*/" + count_ + " --resume --out " +
           in_make(parts()) + "/$*-of-" + count_ + "\n";
  }

  std::string github() const {
    std::string numbers;
    for (std::uint64_t i = 1; std::to_string(i - 1) != count_; ++i) {
      numbers += (i == 1 ? "" : ", ") + std::to_string(i);
    }
    const std::string machine =
        "    runs-on: ubuntu-latest\n    container: debian:12\n    steps:\n";
    // One build for all, for parts of two builds are not merged; and building takes minutes.
    const std::string program =
        "      - uses: actions/checkout@v4\n      - uses: actions/download-artifact@v4\n"
        "        with:\n          name: ballast\n      - run: chmod +x ballast\n";
    return "# A sweep in " + count_ +
           " shards, made by ballast sweep --emit.\n# To be kept as .github/workflows/sweep.yml.\n"
           "name: sweep\non:\n  workflow_dispatch:\njobs:\n  build:\n" +
           machine +
           "      - uses: actions/checkout@v4\n      - run: scripts/ballast --version\n"
           "      - uses: actions/upload-artifact@v4\n        with:\n"
           "          name: ballast\n          path: build/release/ballast\n"
           "  shard:\n    needs: build\n    strategy:\n      fail-fast: false\n      matrix:\n"
           "        shard: [" +
           numbers + "]\n" + machine + program + "      - run: |\n          ./ballast sweep" +
           in_workflow(arguments_) + " --shard ${{ matrix.shard }}/" + count_ +
           " --out part\n"
           "      - uses: actions/upload-artifact@v4\n        with:\n"
           "          name: part-${{ matrix.shard }}\n          path: part\n"
           "  merge:\n    needs: [build, shard]\n    if: always()\n" +
           machine + program +
           "      - uses: actions/download-artifact@v4\n        with:\n"
           "          pattern: part-*\n          path: parts\n"
           "      - run: ./ballast merge parts --out sweep\n"
           "      - uses: actions/upload-artifact@v4\n        if: always()\n        with:\n"
           "          name: sweep\n          path: sweep\n";
  }

 private:
  std::string head(const std::string& engine, const std::string& use) const {
    return "#!/usr/bin/env bash\n# A sweep in " + count_ + " shards on " + engine +
           ", made by ballast sweep --emit.\n# Start: " + use +
           "\nset -euo pipefail\nballast=${BALLAST:-" + program_word() + "}\n";
  }
  // Within ${...:-...} a quoted word keeps its quotes' meaning.
  std::string program_word() const { return shell_quoted(program_); }
  // In the name of a log Slurm reads % as the start of a word of its own.
  std::string log_folder() const { return replaced(out_ + ".parts", "%", "%%"); }
  std::string parts() const { return shell_quoted(out_ + ".parts"); }
  static std::string in_make(const std::string& text) { return replaced(text, "$", "$$"); }
  static std::string in_workflow(const std::string& text) {
    return replaced(text, "${{", "${{ '${{' }}");
  }

  std::string count_;
  std::string arguments_;
  std::string out_;
  std::string program_;
};

}  // namespace

std::string script(const SweepCommand& command, const SweepPlan& plan) {
  const Script made(command, plan);
  switch (*command.emit) {
    case Engine::slurm:
      return made.slurm();
    case Engine::parallel:
      return made.parallel();
    case Engine::make:
      return made.make();
    case Engine::github:
      break;
  }
  return made.github();
}

}  // namespace ballast
