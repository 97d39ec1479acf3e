#include "sim/protocol/register.h"

#include <algorithm>
#include <utility>

#include "sim/protocol/corpora.h"

namespace ballast {
namespace {

// Filled while static objects are constructed, in an order that the linker chooses; sorted on
// insertion, so that nothing can depend on it.
std::vector<AlgorithmInfo>& all_algorithms() {
  static std::vector<AlgorithmInfo> all;
  return all;
}
std::vector<CatalogueEntry>& all_entries() {
  static std::vector<CatalogueEntry> all;
  return all;
}
std::vector<std::string_view>& all_corpora() {
  static std::vector<std::string_view> all;
  return all;
}

}  // namespace

std::span<const AlgorithmInfo> algorithms() { return all_algorithms(); }
std::span<const CatalogueEntry> catalogue() { return all_entries(); }
std::span<const std::string_view> bug_corpora() { return all_corpora(); }

const AlgorithmInfo* find_algorithm(std::string_view name) {
  for (const AlgorithmInfo& info : all_algorithms()) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

void register_algorithm(AlgorithmInfo info) {
  auto& all = all_algorithms();
  const auto place = std::find_if(
      all.begin(), all.end(), [&](const AlgorithmInfo& other) { return info.name < other.name; });
  all.insert(place, std::move(info));
}

void register_bugs(std::string_view corpus) {
  auto& all = all_corpora();
  all.insert(std::lower_bound(all.begin(), all.end(), corpus), corpus);
}

void register_entry(CatalogueEntry entry) {
  auto& all = all_entries();
  const auto place = std::find_if(all.begin(), all.end(), [&](const CatalogueEntry& other) {
    return std::pair(entry.kind, entry.name) < std::pair(other.kind, other.name);
  });
  all.insert(place, entry);
}

}  // namespace ballast
