#include "sim/history/direct.h"

#include "sim/history/sets.h"

namespace ballast::history {

Direct decide_directly(const History& history, Model model,
                       const std::vector<std::uint32_t>& operations) {
  switch (model) {
    case Model::reg:
    case Model::cas_register:
    case Model::kv:
      return linearize_by_zones(history, operations);
    case Model::queue:
      return linearize_queue(history, operations);
    case Model::lock:
    case Model::fenced_lock:
      return linearize_lock(history, model, operations);
    case Model::set: {
      Finding finding = check_set(history, operations);
      return finding.sentence.empty() ? Direct::yes(std::move(finding.witness)) : Direct::no();
    }
    case Model::counter:
      return refute_counter(history, operations);
    case Model::append_list:
    case Model::consensus:
      break;
  }
  return {};
}

}  // namespace ballast::history
