#include "sim/check/register_zones.h"

#include <algorithm>
#include <map>
#include <string>

#include "sim/base/text.h"

namespace ballast {
namespace {

// The write of a value and the reads that returned it. `last_start` is when the last of them
// began, `first_end` when the first of them was over. If it began after that, the register must
// hold the value all the time from first_end to last_start: a forward zone. Otherwise all of them
// may take effect at one instant between the two: a backward zone.
struct Cluster {
  const SeenOperation* write = nullptr;
  const SeenOperation* first_over = nullptr;
  const SeenOperation* last_begun = nullptr;
  Time first_end = Time::max();
  Time last_start;

  bool is_forward() const { return first_end < last_start; }

  void add(const SeenOperation& op) {
    if (op.known && op.returned < first_end) {
      first_end = op.returned;
      first_over = &op;
    }
    if (last_begun == nullptr || op.invoked > last_start) {
      last_start = op.invoked;
      last_begun = &op;
    }
  }
};

std::string value_of(const SeenOperation& op) {
  const std::int64_t value = op.operation == Operation::read ? op.result : op.value;
  return value == 0 ? "nothing" : std::to_string(value);
}

std::string say(const SeenOperation* op) {
  if (op == nullptr) return "the start";
  return (op->operation == Operation::read ? "a read of " : "a write of ") + value_of(*op) + " (" +
         to_text(op->invoked) + " to " + (op->known ? to_text(op->returned) : "unknown") + ")";
}

LinearizabilityResult refuse(const SeenOperation& op, const std::string& why) {
  return {Linearizability::no, "key " + std::to_string(op.key) + ": " + why,
          op.known ? op.returned : op.invoked, op.client};
}

// The value of `held` must be there all the time between two instants, and the other one's not.
LinearizabilityResult clash(const Cluster& held, const Cluster& other) {
  const SeenOperation& last = *held.last_begun;
  return refuse(last,
                say(&last) + " says that the register still held " + value_of(last) +
                    ", as it did by the end of " + say(held.first_over) +
                    "; but in between it must have held " + value_of(*other.last_begun) +
                    ", because of " + say(other.first_over) +
                    (other.last_begun == other.first_over ? "" : " and " + say(other.last_begun)));
}

}  // namespace

std::optional<LinearizabilityResult> check_zones(
    const std::vector<const SeenOperation*>& operations) {
  std::map<std::int64_t, Cluster> clusters;
  Cluster& initial = clusters[0];
  // The register held 0 before anything began.
  initial.first_end = Time{-1};
  initial.last_start = Time{-1};
  for (const SeenOperation* op : operations) {
    if (op->operation == Operation::cas || op->operation == Operation::delete_) return std::nullopt;
    if (op->operation != Operation::write) continue;
    Cluster& cluster = clusters[op->value];
    if (op->value == 0 || cluster.write != nullptr) return std::nullopt;
    cluster.write = op;
    cluster.add(*op);
  }
  for (const SeenOperation* op : operations) {
    if (op->operation != Operation::read || !op->known) continue;
    const auto cluster = clusters.find(op->result);
    if (cluster == clusters.end()) {
      return refuse(*op, say(op) + " returned what nobody wrote");
    }
    const SeenOperation* write = cluster->second.write;
    if (write != nullptr && op->returned < write->invoked) {
      return refuse(*op, say(op) + " was over before " + say(write) + " began");
    }
    cluster->second.add(*op);
  }
  std::vector<const Cluster*> forward;
  std::vector<const Cluster*> backward;
  for (const auto& [value, cluster] : clusters) {
    // The zone of an unknown write that nobody saw is backward without end: it lies in no other.
    (cluster.is_forward() ? forward : backward).push_back(&cluster);
  }
  std::stable_sort(forward.begin(), forward.end(),
                   [](const Cluster* a, const Cluster* b) { return a->first_end < b->first_end; });
  // Forward zones must be disjoint; those that only touch are concurrent there.
  for (std::size_t i = 1; i < forward.size(); ++i) {
    if (forward[i]->first_end < forward[i - 1]->last_start) {
      return clash(*forward[i - 1], *forward[i]);
    }
  }
  // No backward zone may lie within a forward one: the last that begins before it is the only one
  // that could hold it.
  for (const Cluster* cluster : backward) {
    const auto after = std::partition_point(forward.begin(), forward.end(), [&](const Cluster* f) {
      return f->first_end < cluster->last_start;
    });
    if (after == forward.begin()) continue;
    const Cluster& around = **(after - 1);
    if (cluster->first_end < around.last_start) return clash(around, *cluster);
  }
  return LinearizabilityResult{};
}

}  // namespace ballast
