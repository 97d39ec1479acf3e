#include "sim/cli/sweep/part.h"

#include "sim/base/read.h"
#include "sim/base/wide.h"
#include "sim/scenario/json.h"

namespace ballast {

std::string part_json(const SweepPart& part) { return to_json(part) + "\n"; }

std::optional<SweepPart> read_part(const std::string& text, const std::string& name,
                                   Problems& problems) {
  const std::size_t before = problems.count();
  const std::optional<Value> value = parse_json(text, name, problems);
  if (!value) return std::nullopt;
  Reader reader(problems, "part");
  SweepPart part;
  if (!read(*value, part, reader) || problems.count() != before) return std::nullopt;
  const auto refuse = [&](std::string why) {
    problems.add(value->at, "not a part of a sweep: " + std::move(why));
    return std::nullopt;
  };
  if (part.format != SweepPart::known_format) return refuse("its format is another one");
  if (part.shard.index > part.shard.count) return refuse("there is no such shard");
  if (part.plan.cells.empty() || part.totals.cells.size() != part.plan.cells.size()) {
    return refuse("its cells and its sums do not match");
  }
  for (const SweepCell& cell : part.plan.cells) {
    if (cell.values.size() != part.plan.paths.size()) return refuse("a cell misses values");
  }
  // Sums of what is in the file may be anything, and must not wrap around to what is wanted.
  Wide runs = 0;
  Wide violated = 0;
  for (const CellTotals& cell : part.totals.cells) {
    if ((cell.violated > 0) != cell.first_violated.has_value() ||
        (cell.inconclusive > 0) != cell.first_inconclusive.has_value()) {
      return refuse("a cell counts runs of which it has no example, or has one and counts none");
    }
    runs += Wide{cell.held} + cell.violated + cell.inconclusive;
    violated += cell.violated;
  }
  Wide failures = 0;
  for (const FailureKind& kind : part.totals.kinds) failures += kind.runs;
  if (runs != part.rows) return refuse("it counts other runs than it has rows");
  if (failures != violated) return refuse("its failures are not as many as its violated runs");
  for (const FailureKind& kind : part.totals.kinds) {
    if (kind.cell >= part.plan.cells.size()) return refuse("a failure is in no cell");
  }
  SeedList seeds;
  if (!seeds.parse(part.plan.seeds).empty()) return refuse("its seeds are unreadable");
  return part;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_header(const SweepPlan& plan) {
  std::string text;
  if (!plan.single()) {
    text = "file,";
    for (const std::string& path : plan.paths) text += csv_field(path) + ",";
  }
  return text + std::string(row_columns) + "\n";
}

std::string csv_prefix(const SweepPlan& plan, std::uint64_t cell) {
  if (plan.single()) return {};
  const SweepCell& held = plan.cells[static_cast<std::size_t>(cell)];
  std::string text = csv_field(held.file) + ",";
  for (const std::string& value : held.values) text += csv_field(value) + ",";
  return text;
}

}  // namespace ballast
