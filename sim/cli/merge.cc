// Joins the parts of a sweep, as if one process had made all its runs. The verdict comes from here
// and nowhere else.
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>

#include "sim/base/text.h"
#include "sim/cli/manifest.h"
#include "sim/cli/sweep/files.h"
#include "sim/cli/sweep/journal.h"
#include "sim/scenario/json.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;

struct FoundPart {
  std::string folder;
  SweepPart part;
};

// The directories of parts: those that were named, and where one holds none, those within it.
std::vector<std::string> part_folders(const std::vector<std::string>& named) {
  std::vector<std::string> folders;
  std::error_code error;
  for (const std::string& each : named) {
    std::vector<std::string> inner;
    if (!fs::exists(fs::path(each) / part_file, error)) {
      for (auto at = fs::directory_iterator(each, error); !error && at != fs::end(at);
           at.increment(error)) {
        const std::string name = at->path().filename().string();
        // What a killed process left is no part.
        if (name.find(".tmp-") != std::string::npos) continue;
        if (fs::exists(at->path() / part_file, error)) inner.push_back(at->path().string());
      }
    }
    if (inner.empty()) inner.push_back(each);
    std::sort(inner.begin(), inner.end());
    folders.insert(folders.end(), inner.begin(), inner.end());
  }
  return folders;
}

// Collects parts and everything that is wrong with them.
class Parts {
 public:
  void add(const std::string& folder) {
    const std::string file = (fs::path(folder) / part_file).string();
    const FileText text = read_file(file);
    if (text.status != FileStatus::complete) {
      wrong(text.why);
      return;
    }
    Problems problems;
    std::optional<SweepPart> part = read_part(text.text, file, problems);
    if (!part) {
      const std::vector<Problem> why = problems.sorted();
      wrong(file + ": " + (why.empty() ? "no part of a sweep" : why.front().sentence));
      return;
    }
    parts_.push_back({folder, std::move(*part)});
  }

  // Looks at them together. True if they are whole.
  bool check() {
    if (parts_.empty()) return false;
    std::stable_sort(parts_.begin(), parts_.end(), [](const FoundPart& a, const FoundPart& b) {
      return a.part.shard.index < b.part.shard.index;
    });
    const FoundPart& first = parts_.front();
    for (const FoundPart& each : parts_) compare(first, each);
    const std::uint64_t count = first.part.shard.count;
    std::map<std::uint64_t, std::string> seen;
    for (const FoundPart& each : parts_) {
      const auto [before, is_new] = seen.emplace(each.part.shard.index, each.folder);
      if (!is_new) {
        wrong(each.folder + ": shard " + std::to_string(each.part.shard.index) +
              " is there twice; also " + before->second);
      }
    }
    std::string missing;
    std::uint64_t more = count - std::min<std::uint64_t>(count, seen.size());
    for (std::uint64_t i = 1, named = 0; i <= count && named < most_named; ++i) {
      if (seen.count(i) != 0) continue;
      missing += (missing.empty() ? "" : ", ") + std::to_string(i);
      ++named;
      if (more > 0) --more;
    }
    if (more > 0 && !missing.empty()) missing += " and " + with_commas(more) + " more";
    if (!missing.empty()) {
      wrong("missing of " + std::to_string(count) + " shards: " + missing);
    }
    return wrong_.empty();
  }

  const std::vector<FoundPart>& parts() const { return parts_; }
  const std::vector<std::string>& problems() const { return wrong_; }
  void wrong(std::string sentence) { wrong_.push_back(std::move(sentence)); }

 private:
  void compare(const FoundPart& first, const FoundPart& each) {
    const SweepPlan& a = first.part.plan;
    const SweepPlan& b = each.part.plan;
    const std::string other = ", unlike " + first.folder;
    if (each.part.shard.count != first.part.shard.count) {
      wrong(each.folder + ": one of " + std::to_string(each.part.shard.count) + " shards" + other);
    }
    if (a.tool != b.tool) wrong(each.folder + ": made by " + b.tool + other);
    if (a.tool == b.tool && a.build != b.build) {
      wrong(each.folder + ": made by another build of " + b.tool + other);
    }
    if (a.seeds != b.seeds) wrong(each.folder + ": has the seeds " + b.seeds + other);
    if (a.paths != b.paths || a.cells.size() != b.cells.size()) {
      wrong(each.folder + ": has another grid or other files" + other);
    } else {
      for (std::size_t i = 0; i < a.cells.size(); ++i) {
        if (to_json(a.cells[i]) == to_json(b.cells[i])) continue;
        wrong(each.folder + ": has another scenario " + label(b, b.cells[i]) + other);
      }
    }
    SweepPlan rest = b;
    rest.tool = a.tool;
    rest.build = a.build;
    rest.seeds = a.seeds;
    rest.paths = a.paths;
    rest.cells = a.cells;
    if (to_json(rest) != to_json(a)) wrong(each.folder + ": was made with other options" + other);
    if (!each.part.complete) {
      wrong(each.folder + ": not complete; its shard made " + shortfall(each.part));
    }
  }

  static constexpr std::uint64_t most_named = 20;  // of the shards that are missing

  std::vector<FoundPart> parts_;
  std::vector<std::string> wrong_;
};

// The rows of one part, one after the other.
class Rows {
 public:
  explicit Rows(const FoundPart& found)
      : folder_(found.folder), in_((fs::path(found.folder) / "runs.csv"), std::ios::binary) {}

  const std::string& folder() const { return folder_; }
  // The next row with its end of line; false if there is none or it has no end. A value in quotes
  // may hold an end of line itself.
  bool next(std::string& row) {
    row.clear();
    bool quoted = false;
    for (std::string line; std::getline(in_, line);) {
      if (in_.eof()) return false;
      row += line + "\n";
      quoted = quoted != (std::count(line.begin(), line.end(), '"') % 2 != 0);
      if (!quoted) return true;
    }
    return false;
  }

 private:
  std::string folder_;
  std::ifstream in_;
};

// How the runs of each cell ended, by the rows of a part.
class Tally {
 public:
  explicit Tally(std::size_t cells) : counted_(cells) {}

  // `rest`: of the row, what follows the seed.
  void add(std::uint64_t cell, std::string_view rest) {
    const std::string_view verdict = rest.substr(0, rest.find(','));
    for (std::size_t i = 0; i < 3; ++i) {
      const bool is_it = verdict == name_of(static_cast<Verdict>(i));
      counted_[static_cast<std::size_t>(cell)][i] += is_it;
    }
  }
  bool agrees(const SweepTotals& totals) const {
    for (std::size_t i = 0; i < counted_.size(); ++i) {
      const auto of = [&](Verdict v) { return counted_[i][static_cast<std::size_t>(v)]; };
      const CellTotals& cell = totals.cells[i];
      if (of(Verdict::held) != cell.held || of(Verdict::violated) != cell.violated ||
          of(Verdict::inconclusive) != cell.inconclusive) {
        return false;
      }
    }
    return true;
  }

 private:
  std::vector<std::array<std::uint64_t, 3>> counted_;
};

// Writes runs.csv: of each run the row, from the part that made it. Says what is wrong, or nothing.
std::string join_rows(const std::vector<FoundPart>& parts, const ResultDirectory& directory) {
  const SweepPlan& plan = parts.front().part.plan;
  SeedList seeds;
  seeds.parse(plan.seeds);
  const SweepRuns runs(plan.cells.size(), seeds);
  const std::string place = directory.place("runs.csv");
  std::ofstream out(place, std::ios::binary);
  std::vector<Rows> rows;
  rows.reserve(parts.size());
  std::vector<Tally> tallies(parts.size(), Tally(plan.cells.size()));
  std::string row;
  for (const FoundPart& each : parts) {
    Rows& of = rows.emplace_back(each);
    if (!of.next(row) || row != csv_header(plan)) return of.folder() + ": runs.csv has no header";
  }
  out << csv_header(plan);
  for (std::uint64_t run = 0; run < runs.size(); ++run) {
    // The parts are those of all shards, in their order.
    const auto shard = static_cast<std::size_t>(runs.shard(run, parts.size()) - 1);
    Rows& from = rows[shard];
    const std::string start =
        csv_prefix(plan, runs.cell(run)) + std::to_string(runs.seed(run)) + ",";
    if (!from.next(row) || !row.starts_with(start)) {
      return from.folder() + ": runs.csv has no row where seed " + std::to_string(runs.seed(run)) +
             " should stand";
    }
    tallies[shard].add(runs.cell(run), std::string_view(row).substr(start.size()));
    out << row;
  }
  for (Rows& each : rows) {
    if (each.next(row)) return each.folder() + ": runs.csv has more rows than runs";
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (tallies[i].agrees(parts[i].part.totals)) continue;
    return parts[i].folder + ": runs.csv has other verdicts than part.json";
  }
  close_or_throw(out, place);
  return {};
}

SweepPart join(const std::vector<FoundPart>& parts) {
  SweepPart whole = parts.front().part;
  whole.shard = {};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    whole.totals.add(parts[i].part.totals);
    whole.rows += parts[i].part.rows;
  }
  return whole;
}

// The directory of each kind, from the part whose run came first. Says what is wrong, or nothing.
std::string copy_failures(const std::vector<FoundPart>& parts, const SweepTotals& totals,
                          const ResultDirectory& directory) {
  for (std::size_t i = 0; i < totals.written(); ++i) {
    const FailureKind& kind = totals.kinds[i];
    for (const FoundPart& each : parts) {
      for (const FailureKind& theirs : each.part.totals.kinds) {
        if (theirs.id != kind.id || theirs.first.run != kind.first.run) continue;
        const fs::path from = fs::path(each.folder) / failure_folder(kind);
        std::error_code error;
        if (!fs::is_directory(from, error)) return from.string() + " is missing";
        directory.copy(from.string(), failure_folder(kind));
      }
    }
  }
  return {};
}

// Every part has a file open at the same time, and there may be thousands.
void allow_many_files() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

ExitCode refuse(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& each : problems) text += "ballast merge: " + each + "\n";
  complain(text + "ballast merge: no verdict: these are not all parts of one sweep\n");
  return ExitCode::inconclusive;
}

}  // namespace

ExitCode execute(const MergeCommand& command, const std::string& command_line) {
  const std::uint64_t begun = wall_milliseconds();
  Parts found;
  for (const std::string& folder : part_folders(command.parts)) found.add(folder);
  if (!found.check()) return refuse(found.problems());
  const SweepPart whole = join(found.parts());
  allow_many_files();
  const bool own = command.out.empty();
  ResultDirectory directory(own ? "results/" + whole.plan.place : command.out, process_name());
  for (const std::string& wrong : {join_rows(found.parts(), directory),
                                   copy_failures(found.parts(), whole.totals, directory)}) {
    if (!wrong.empty()) return refuse({wrong});
  }
  const SweepResult result(whole);
  write_sweep(result, "", directory);
  if (whole.plan.single()) {
    directory.copy((fs::path(found.parts().front().folder) / "scenario.resolved.json").string(),
                   "scenario.resolved.json");
  }
  directory.write("manifest.json", manifest_json(command_line, wall_milliseconds() - begun));
  directory.commit();
  if (own) point_at("results/latest", whole.plan.place, process_name());
  return show_sweep(result, directory.path(), command.format, command.quiet,
                    Painter(command.color));
}

}  // namespace ballast
