// Many seeds, many scenarios, in parallel; or one shard of them, or the script that hands the
// shards to an engine.
#include "sim/cli/interrupt.h"
#include "sim/cli/manifest.h"
#include "sim/cli/sweep/corpus.h"
#include "sim/cli/sweep/emit.h"
#include "sim/cli/sweep/engine.h"
#include "sim/cli/sweep/files.h"
#include "sim/cli/sweep/github.h"
#include "sim/cli/sweep/journal.h"
#include "sim/report/shrunk.h"
#include "sim/scenario/shrink.h"

namespace ballast {
namespace {

// The least that fails in the same way, beside the failure itself.
void shrink_failure(FailureKind& kind, const Scenario& failing, const RunOutcome& outcome,
                    const SweepCommand& command, const ResultDirectory& directory) {
  ShrinkOptions options;
  options.jobs = command.jobs;
  options.milliseconds = command.shrink_milliseconds;
  options.interrupted = interrupted();
  const Shrunk shrunk = shrink(failing, outcome, options);
  if (!shrunk.reproduced) return;
  const std::string folder = failure_folder(kind) + "/";
  // Seen from the failure itself: the same wherever the result stands, and for every shard.
  record_shrunk(shrunk, directory, folder, ".");
  kind.shrunk = schedule_in_words(shrunk.scenario);
  kind.shrunk_id = failure_id(kind.property, shrunk.scenario);
}

// Makes the first run of each kind of failure again, this time writing it down.
void write_failures(const LoadedPlan& loaded, SweepPart& part, const SweepCommand& command,
                    const std::string& manifest, const ResultDirectory& directory) {
  SweepTotals& totals = part.totals;
  for (std::size_t i = 0; i < totals.written(); ++i) {
    FailureKind& kind = totals.kinds[i];
    const Scenario failing = loaded.scenario(kind.cell, kind.first.seed);
    const std::string folder = failure_folder(kind) + "/";
    const RecordedRun recorded = record_run(
        failing, {{part.plan.trace, part.plan.trace_cap}, true, nullptr}, directory, folder);
    directory.write(folder + "manifest.json", manifest);
    // It told its story by a second run, and is itself the second of the one that was counted.
    const bool same =
        recorded.outcome.verdict == Verdict::violated && !recorded.diverged &&
        failure_id(recorded.outcome.violations.front().property,
                   how_it_failed(recorded.outcome, loaded.invents(kind.cell))) == kind.id;
    if (!same) totals.note_divergence(kind.first);
    if (same && command.shrink_milliseconds > 0 && *interrupted() == 0) {
      shrink_failure(kind, failing, recorded.outcome, command, directory);
    }
  }
}

std::string resolved(const LoadedPlan& loaded) {
  return loaded.plan.single() ? resolved_json(loaded.scenarios[0]) : "";
}

// A whole sweep is the one shard of one.
Shard shard_of(const SweepCommand& command) { return command.shard.value_or(Shard{}); }

SweepPart new_part(const LoadedPlan& loaded, const Shard& shard) {
  SweepPart part;
  part.plan = loaded.plan;
  part.shard = shard;
  part.totals.cells.resize(loaded.plan.cells.size());
  return part;
}

// Where a part or a whole sweep is written, unless --out says otherwise.
std::string own_place(const SweepCommand& command, const SweepPlan& plan) {
  const std::string place = "results/" + plan.place;
  return command.shard ? place + ".parts/" + command.shard->name() : place;
}

// What an earlier process left, to go on from; nothing if there is nothing or none is asked for.
std::optional<Remains> take_up(const SweepCommand& command, const LoadedPlan& loaded,
                               const std::string& out) {
  std::optional<Remains> remains = find_remains(out, loaded.plan, shard_of(command));
  const std::string before = remains ? with_commas(remains->part.rows) + " runs" : "";
  std::string told;
  if (command.resume) {
    told = remains ? "goes on after " + before : "nothing is left of an earlier one; begins";
  } else if (remains && !remains->part.complete) {
    told = "begins anew; --resume would go on after " + before + " of an earlier one";
  }
  if (!told.empty() && !command.quiet) complain("ballast sweep: " + told + "\n");
  return command.resume ? std::move(remains) : std::nullopt;
}

ExitCode finish_shard(const SweepPart& part, const std::string& path, const SweepCommand& command) {
  const std::string text =
      command.format == Format::json ? part_json(part) : present_shard(part, path);
  if (!print(text)) return ExitCode::io_error;
  if (part.ended == SweepEnd::interrupted) return ExitCode::interrupted;
  return part.complete ? ExitCode::held : ExitCode::inconclusive;
}

ExitCode sweep(const SweepCommand& command, const LoadedPlan& loaded, const Corpus& corpus,
               const std::string& command_line) {
  const std::uint64_t begun = wall_milliseconds();
  const bool own = command.out.empty();
  ResultDirectory directory(own ? own_place(command, loaded.plan) : command.out, process_name());
  catch_interrupts();
  const std::optional<Remains> remains = take_up(command, loaded, directory.path());
  SweepPart part = remains ? remains->part : new_part(loaded, shard_of(command));
  Journal journal(directory, part, remains ? std::string_view(remains->rows) : "");
  if (part.shard.index == 1) part.corpus = replay_corpus(corpus);
  EngineOptions options{command.jobs, std::nullopt, command.quiet};
  if (command.time) {
    options.time_over = begun + static_cast<std::uint64_t>(command.time->ns / 1'000'000);
  }
  make_runs(loaded, options, part, journal);
  journal.close();

  const std::string manifest = manifest_json(command_line, wall_milliseconds() - begun);
  SweepPart told = part;  // a part to go on from knows nothing of what was found in the end
  write_failures(loaded, told, command, manifest, directory);
  const SweepResult result(told);
  if (!command.shard) {
    write_sweep(result, resolved(loaded), directory);
    if (part.complete) directory.remove(part_file);
  } else {
    if (loaded.plan.single()) directory.write("scenario.resolved.json", resolved(loaded));
    if (part.complete) directory.write(part_file, part_json(told));
  }
  directory.write("manifest.json", manifest);
  directory.commit();
  if (part.complete) remove_remains(directory.path(), loaded.plan, part.shard);
  if (command.shard) return finish_shard(told, directory.path(), command);
  if (own) point_at("results/latest", loaded.plan.place, process_name());
  return show_sweep(result, directory.path(), command.format, command.quiet,
                    Painter(command.color));
}

}  // namespace

ExitCode execute(const SweepCommand& command, const std::string& command_line) {
  const LoadedPlan loaded = load_plan(command);
  if (!loaded.errors.empty()) {
    complain(loaded.errors);
    return loaded.code;
  }
  const Corpus corpus = loaded.plan.corpus.empty() ? Corpus{} : load_corpus(loaded.plan.corpus);
  if (!corpus.errors.empty()) {
    complain(corpus.errors);
    return corpus.code;
  }
  if (command.emit)
    return print(script(command, loaded.plan)) ? ExitCode::held : ExitCode::io_error;
  return sweep(command, loaded, corpus, command_line);
}

}  // namespace ballast
