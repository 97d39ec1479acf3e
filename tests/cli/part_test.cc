#include "sim/cli/sweep/part.h"

#include <doctest/doctest.h>

#include "sim/cli/sweep/files.h"
#include "sim/cli/sweep/shard.h"

using namespace ballast;

namespace {

constexpr std::uint64_t cells = 3;

SweepPart empty_part() {
  SweepPart part;
  part.plan.tool = "ballast 0";
  part.plan.seeds = "1..40";
  part.plan.paths = {"network.loss"};
  for (const char* loss : {"0", "1%", "2%"}) {
    part.plan.cells.push_back({"a.json", {loss}, "a", "", "", Verdict::held, ""});
  }
  part.totals.cells.resize(cells);
  return part;
}

SweepRow row_of(std::uint64_t run) {
  SweepRow row;
  row.run = run;
  row.cell = run % cells;
  row.seed = run / cells + 1;
  row.verdict = run % 5 == 2    ? Verdict::violated
                : run % 11 == 3 ? Verdict::inconclusive
                                : Verdict::held;
  row.property = "agreement";
  row.how = run % 2 == 0 ? "crash" : "partition, crash";
  row.failure = row.verdict == Verdict::violated ? failure_id(row.property, row.how) : "";
  row.sentence = "run " + std::to_string(run);
  row.events = run * run;
  row.ok = run;
  row.sim_ns = 1'000'000'000;
  row.diverged = run == 77;
  for (std::uint64_t i = 0; i < run; ++i) {
    row.latencies.record({static_cast<std::int64_t>(i * i * 1'000 + run)});
  }
  return row;
}

}  // namespace

TEST_CASE("the sums of shards are the sums of one process") {
  SeedList seeds;
  REQUIRE(seeds.parse("1..40") == "");
  const SweepRuns runs(cells, seeds);
  SweepPart whole = empty_part();
  for (std::uint64_t run = 0; run < runs.size(); ++run) whole.totals.add(row_of(run));
  for (const std::uint64_t count : {1U, 2U, 3U, 7U, 120U, 200U}) {
    CAPTURE(count);
    SweepPart merged = empty_part();
    std::uint64_t made = 0;
    for (std::uint64_t index = 1; index <= count; ++index) {
      SweepPart part = empty_part();
      part.shard = {index, count};
      for (std::uint64_t run = 0; run < runs.size(); ++run) {
        if (runs.belongs(run, part.shard)) part.totals.add(row_of(run));
      }
      part.rows = part.totals.sum().runs();
      CHECK(part.rows == runs.size(part.shard));
      made += runs.size(part.shard);
      Problems problems;
      const auto read_back = read_part(part_json(part), "part", problems);
      CHECK(problems.to_text() == "");
      REQUIRE(read_back);
      CHECK(part_json(*read_back) == part_json(part));
      merged.totals.add(read_back->totals);
    }
    CHECK(made == runs.size());
    CHECK(part_json(merged) == part_json(whole));
  }
}

TEST_CASE("each shard has its share of each cell") {
  SeedList seeds;
  REQUIRE(seeds.parse("1..100") == "");
  const SweepRuns runs(8, seeds);
  for (std::uint64_t index = 1; index <= 8; ++index) {
    std::vector<int> of_cell(8);
    for (std::uint64_t run = 0; run < runs.size(); ++run) {
      if (runs.belongs(run, {index, 8})) ++of_cell[static_cast<std::size_t>(runs.cell(run))];
    }
    for (const int share : of_cell) CHECK((share == 12 || share == 13));
  }
}

TEST_CASE("failures are told apart by property and by how, and counted") {
  SweepTotals totals;
  totals.cells.resize(cells);
  for (std::uint64_t run = 0; run < 120; ++run) totals.add(row_of(run));
  REQUIRE(totals.kinds.size() == 2);
  CHECK(totals.kinds[0].how == "crash");
  CHECK(totals.kinds[0].first.run == 2);
  CHECK(totals.kinds[1].first.run == 7);
  CHECK(totals.kinds[0].runs + totals.kinds[1].runs == 24);
  CHECK(totals.kinds[0].id.size() == 12);
  CHECK(failure_id("a", "b") != failure_id("ab", ""));
  CHECK(totals.diverged == 1);
  CHECK(totals.first_diverged->run == 77);
}

TEST_CASE("what no part is, is refused") {
  const std::string good = part_json(empty_part());
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    CAPTURE(text);
    Problems problems;
    CHECK_FALSE(read_part(text, "part", problems).has_value());
    CHECK_FALSE(problems.empty());
  };
  refused("\"format\":1", "\"format\":2");
  refused("\"index\":1", "\"index\":2");
  refused("\"1..40\"", "\"40..1\"");
  refused("[\"network.loss\"]", "[]");
  refused("\"latencies\":\"0", "\"latencies\":\"x");
  refused("\"latencies\":\"0 0", "\"latencies\":\"0");
  refused("}\n", "");
  refused("\"count\":1", "\"count\":4294967296");
  refused("\"held\":0", "\"held\":1");
  refused("\"violated\":0", "\"violated\":9223372036854775808");
  refused("\"inconclusive\":0", "\"inconclusive\":1");
  refused("\"first_violated\":null",
          "\"first_violated\":{\"run\":0,\"seed\":1,\"sentence\":\"\",\"failure\":\"\"}");
  Problems problems;
  CHECK_FALSE(read_part("", "part", problems).has_value());
}

TEST_CASE("a value of CSV is quoted where it must be") {
  CHECK(csv_field("a b") == "a b");
  CHECK(csv_field("a,b") == "\"a,b\"");
  CHECK(csv_field("say \"a\"") == "\"say \"\"a\"\"\"");
}

TEST_CASE("the verdict of a sweep is its worst run's, and too few runs are none") {
  SweepPart part = empty_part();
  CHECK(SweepResult(part).verdict() == Verdict::inconclusive);
  CHECK(SweepResult(part).exit_code() == ExitCode::inconclusive);
  for (CellTotals& cell : part.totals.cells) cell.held = 10;
  CHECK(SweepResult(part).exit_code() == ExitCode::held);
  part.plan.min_runs = 31;
  CHECK(SweepResult(part).exit_code() == ExitCode::inconclusive);
  part.plan.min_runs = 1;
  part.corpus.push_back({"a.repro.json", "agreement", CorpusResult::missed, ""});
  CHECK(SweepResult(part).exit_code() == ExitCode::inconclusive);
  part.corpus[0].result = CorpusResult::regression;
  CHECK(SweepResult(part).exit_code() == ExitCode::violated);
  CHECK(SweepResult(part).verdict() == Verdict::violated);
  part.totals.note_divergence({7, 3, "", ""});
  CHECK(SweepResult(part).exit_code() == ExitCode::diverged);
  part.ended = SweepEnd::interrupted;
  CHECK(SweepResult(part).exit_code() == ExitCode::interrupted);
}

TEST_CASE("the summary for a job page stays below what GitHub shows") {
  SweepPart part = empty_part();
  const SweepCell cell = part.plan.cells[0];
  part.plan.cells.assign(2'000, cell);
  for (SweepCell& each : part.plan.cells) each.values = {std::string(200, '_')};
  part.totals.cells.assign(2'000, CellTotals{});
  CHECK(sweep_md(SweepResult(part)).size() < std::size_t{1} << 20);
}
