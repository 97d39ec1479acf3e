// How an algorithm makes itself known: one line at the end of its file.
//
//   namespace { const Register<Raft> registered; }
//
// Algorithms are linked as objects, so that the line alone is enough; the simulator itself names
// none of them.
#pragma once

#include <any>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "sim/base/type_info.h"
#include "sim/protocol/hosted.h"

namespace ballast {

// An algorithm as scenarios see it.
struct AlgorithmInfo {
  std::string_view name;
  std::string_view summary;
  std::vector<Operation> operations;  // the requests it serves; empty for one that serves none
  ConfigSpec config;                  // how its options are read, described and written
  std::unique_ptr<Process> (*make)(const std::any& config) = nullptr;
};

// A policy, or whatever else an algorithm lets users choose by name: for `list` and `describe`.
struct CatalogueEntry {
  std::string_view kind;
  std::string_view name;
  std::string_view summary;
};

// What has registered itself, sorted by name. Complete once main() runs, and constant from then on.
std::span<const AlgorithmInfo> algorithms();
const AlgorithmInfo* find_algorithm(std::string_view name);
std::span<const CatalogueEntry> catalogue();

void register_algorithm(AlgorithmInfo info);
void register_entry(CatalogueEntry entry);

template <Protocol P>
struct Register {
  Register() {
    register_algorithm({P::name, P::summary,
                        std::vector<Operation>(std::begin(P::operations), std::end(P::operations)),
                        config_spec<typename P::Config>(), &make});
  }
  static std::unique_ptr<Process> make(const std::any& config) {
    return std::make_unique<Hosted<P>>(*std::any_cast<typename P::Config>(&config));
  }
};

}  // namespace ballast
