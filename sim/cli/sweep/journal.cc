#include "sim/cli/sweep/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "sim/scenario/json.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view rows_file = "runs.csv";

// A lock that goes with its process.
int take_lock(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    close(file);
    return -1;
  }
  return file;
}

// Whether no living process writes there.
bool abandoned(const std::string& folder) {
  const int lock = take_lock(folder + "/" + std::string(rows_file));
  if (lock < 0) return false;
  close(lock);
  return true;
}

// The part in a folder, if it is this one.
std::optional<SweepPart> part_in(const std::string& folder, const SweepPlan& plan,
                                 const Shard& shard) {
  const FileText text = read_file(folder + "/" + std::string(part_file));
  if (text.status != FileStatus::complete) return std::nullopt;
  Problems ignored;
  std::optional<SweepPart> part = read_part(text.text, folder, ignored);
  if (!part || !(part->shard == shard) || to_json(part->plan) != to_json(plan)) return std::nullopt;
  return part;
}

// The folders in which processes prepared this result and did not come to an end.
std::vector<std::string> leftovers(const std::string& result) {
  std::vector<std::string> found;
  const fs::path path(result);
  const std::string start = path.filename().string() + ".tmp-";
  std::error_code error;
  const fs::path above = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (auto each = fs::directory_iterator(above, error); !error && each != fs::end(each);
       each.increment(error)) {
    const std::string name = each->path().filename().string();
    if (name.starts_with(start)) found.push_back((above / name).string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The start of runs.csv for which the part stands; nothing if it is shorter.
std::optional<std::string> rows_in(const std::string& folder, const SweepPart& part) {
  std::ifstream in(folder + "/" + std::string(rows_file), std::ios::binary);
  std::string rows(static_cast<std::size_t>(part.bytes), '\0');
  in.read(rows.data(), static_cast<std::streamsize>(rows.size()));
  const bool whole = in.gcount() == static_cast<std::streamsize>(rows.size());
  const auto lines = static_cast<std::uint64_t>(std::count(rows.begin(), rows.end(), '\n'));
  if (!whole || rows.empty() || rows.back() != '\n' || lines < part.rows + 1) return std::nullopt;
  return rows;
}

}  // namespace

Journal::Journal(const ResultDirectory& directory, SweepPart& part, std::string_view rows)
    : directory_(directory), part_(part), place_(directory.place(rows_file)) {
  errno = 0;
  rows_.open(place_, std::ios::binary);
  lock_ = take_lock(place_);
  if (rows.empty()) {
    part_.bytes = 0;
    append(csv_header(part_.plan));
  } else {
    rows_.write(rows.data(), static_cast<std::streamsize>(rows.size()));
  }
  save();
}

Journal::~Journal() {
  if (lock_ >= 0) ::close(lock_);
}

void Journal::append(std::string_view row) {
  rows_.write(row.data(), static_cast<std::streamsize>(row.size()));
  part_.bytes += row.size();
}

void Journal::save() {
  rows_.flush();
  if (!rows_) close_or_throw(rows_, place_);
  const std::string next = std::string(part_file) + ".next";
  directory_.write(next, part_json(part_));
  std::error_code error;
  fs::rename(directory_.place(next), directory_.place(part_file), error);
  if (error) throw OutputError{false, place_ + ": " + error.message()};
}

void Journal::close() {
  save();
  close_or_throw(rows_, place_);
}

std::optional<Remains> find_remains(const std::string& result, const SweepPlan& plan,
                                    const Shard& shard) {
  std::vector<std::string> folders = leftovers(result);
  std::erase_if(folders, [](const std::string& folder) { return !abandoned(folder); });
  folders.push_back(result);
  std::optional<Remains> best;
  for (const std::string& folder : folders) {
    std::optional<SweepPart> part = part_in(folder, plan, shard);
    if (!part || (best && part->rows <= best->part.rows)) continue;
    std::optional<std::string> rows = rows_in(folder, *part);
    if (rows) best = Remains{std::move(*part), std::move(*rows), folder};
  }
  return best;
}

void remove_remains(const std::string& result, const SweepPlan& plan, const Shard& shard) {
  for (const std::string& folder : leftovers(result)) {
    if (!abandoned(folder) || !part_in(folder, plan, shard)) continue;
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
}

}  // namespace ballast
