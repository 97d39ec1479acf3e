#include "sim/cli/sweep/shard.h"

#include <array>
#include <cstdlib>
#include <optional>

#include "sim/base/value.h"
#include "sim/cli/seeds.h"

namespace ballast {
namespace {

// Where engines say which task this is, and the number of their first one.
struct ArrayJob {
  const char* variable;
  std::uint64_t first;
};
constexpr std::array<ArrayJob, 4> engines{{{"SLURM_ARRAY_TASK_ID", 1},
                                         {"SGE_TASK_ID", 1},
                                         {"JOB_COMPLETION_INDEX", 0},
                                         {"OMPI_COMM_WORLD_RANK", 0}}};

std::string not_from(std::string_view what, const std::string& text, std::uint64_t first,
                     std::uint64_t last) {
  return std::string(what) + " is " + in_quotes(text) + "; expected a number from " +
         std::to_string(first) + " to " + std::to_string(last);
}

std::string index_of_engine(Shard& out) {
  std::string names;
  for (const ArrayJob& engine : engines) {
    const char* text = std::getenv(engine.variable);
    names += (names.empty() ? "" : ", ") + std::string(engine.variable);
    if (text == nullptr || *text == '\0') continue;
    const std::uint64_t last = engine.first + out.count - 1;
    const std::optional<std::uint64_t> task = parse_seed(text);
    if (!task || *task < engine.first || *task > last) {
      return not_from(engine.variable, text, engine.first, last);
    }
    out.index = *task - engine.first + 1;
    return {};
  }
  return "auto needs an engine that numbers its tasks: none of " + names + " is set";
}

}  // namespace

std::string parse_shard(std::string_view text, Shard& out) {
  const std::size_t slash = text.find('/');
  const std::string index(text.substr(0, slash));
  const std::optional<std::uint64_t> count =
      slash == std::string_view::npos ? std::nullopt : parse_seed(text.substr(slash + 1));
  if (!count || *count < 1 || *count > Shard::most) {
    return in_quotes(text) + " is no shard; expected I/N or auto/N, such as 3/8";
  }
  out = {1, *count};
  if (index == "auto") return index_of_engine(out);
  const std::optional<std::uint64_t> number = parse_seed(index);
  if (!number || *number < 1 || *number > *count) return not_from("I in I/N", index, 1, *count);
  out.index = *number;
  return {};
}

}  // namespace ballast
