#include <algorithm>

#include "sim/history/direct.h"
#include "sim/history/table.h"

namespace ballast::history {
namespace {

// Ranks count from 1 here, so that what there was in the beginning was written at 0.
struct Cluster {
  std::uint32_t write = Operation::never;  // none: it was there in the beginning, or unknown yet
  std::uint32_t written_from = 0;          // when it was called
  bool certain = true;                     // whether it is known to have happened
  std::uint32_t reads = 0;
  std::uint64_t first_return = ~std::uint64_t{0};
  std::uint64_t last_call = 0;
  std::uint64_t first_read_over = ~std::uint64_t{0};

  bool counts() const { return reads > 0 || write != Operation::never; }
  bool is_forward() const { return first_return < last_call; }
};

std::uint64_t end_of(const Operation& op) {
  return op.known() ? std::uint64_t{op.returned} + 1 : ~std::uint64_t{0};
}

// One order of the clusters: where each stands, and which of two at the same place comes first.
struct Place {
  std::uint64_t at = 0;
  bool after = false;
  std::uint32_t cluster = 0;
};

class Zones {
 public:
  Zones(const History& history, const std::vector<std::uint32_t>& operations)
      : history_(history), operations_(operations) {}

  Direct judge() {
    if (!collect()) return {};
    if (!reads_follow_writes() || !place()) return Direct::no();
    return Direct::yes(order());
  }

 private:
  const Operation& op(std::uint32_t index) const { return history_.operations[index]; }

  // False if there is anything but reads, and writes of different values.
  bool collect() {
    cluster_of_.assign(operations_.size(), none);
    clusters_.reserve(operations_.size() / 2 + 1);
    cluster_at(nil);
    clusters_[0].first_return = 0;
    values_.reserve(operations_.size() / 2);
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      look_ahead(history_, operations_, i);
      const Operation& each = op(operations_[i]);
      const bool writes = each.action == Action::write;
      if (!writes && each.action != Action::read) return false;
      if (!writes && !each.known()) continue;
      const Word value = writes ? each.argument : each.result;
      const std::uint32_t number = cluster_at(value);
      Cluster& cluster = clusters_[number];
      if (writes && (value == nil || cluster.write != Operation::never)) return false;
      const std::uint64_t end = end_of(each);
      if (writes) {
        cluster.write = operations_[i];
        cluster.written_from = each.called;
        cluster.certain = each.known();
      } else {
        cluster_of_[i] = number;
        ++cluster.reads;
        cluster.first_read_over = std::min(cluster.first_read_over, end);
      }
      cluster.first_return = std::min(cluster.first_return, end);
      cluster.last_call = std::max(cluster.last_call, std::uint64_t{each.called} + 1);
    }
    // What nobody knows to have been written and nobody has read need not have happened.
    for (Cluster& cluster : clusters_) {
      if (!cluster.certain && cluster.reads == 0) cluster.write = Operation::never;
    }
    return true;
  }

  bool reads_follow_writes() const {
    for (std::size_t i = 1; i < clusters_.size(); ++i) {
      const Cluster& cluster = clusters_[i];
      if (cluster.reads == 0) continue;
      if (cluster.write == Operation::never) return false;
      if (cluster.first_read_over < std::uint64_t{cluster.written_from} + 1) return false;
    }
    return true;
  }

  // Puts the clusters in order; false if their zones contradict each other.
  bool place() {
    std::vector<Place> backward;
    for (std::uint32_t i = 0; i < clusters_.size(); ++i) {
      const Cluster& cluster = clusters_[i];
      if (!cluster.counts()) continue;
      if (cluster.is_forward()) {
        places_.push_back({cluster.first_return, false, i});
      } else {
        backward.push_back({cluster.last_call, false, i});
      }
    }
    sort(places_);
    for (std::size_t i = 0; i + 1 < places_.size(); ++i) {
      if (places_[i + 1].at < clusters_[places_[i].cluster].last_call) return false;
    }
    sort(backward);
    std::size_t begun = 0;  // so many forward zones have
    const std::size_t forward = places_.size();
    for (Place& each : backward) {
      while (begun < forward && places_[begun].at < each.at) ++begun;
      if (begun > 0) {
        const std::uint64_t end = clusters_[places_[begun - 1].cluster].last_call;
        if (each.at < end && clusters_[each.cluster].first_return < end) return false;
        if (each.at < end) each = {end, true, each.cluster};
      }
    }
    std::vector<Place> all(forward + backward.size());
    std::merge(places_.begin(), places_.end(), backward.begin(), backward.end(), all.begin(),
               earlier);
    places_ = std::move(all);
    return true;
  }
  static bool earlier(const Place& a, const Place& b) {
    return a.at != b.at ? a.at < b.at : b.after && !a.after;
  }
  static void sort(std::vector<Place>& places) {
    std::stable_sort(places.begin(), places.end(), earlier);
  }

  // Within a cluster the write comes first, then reads by call.
  std::vector<std::uint32_t> order() const {
    std::vector<std::uint32_t> next(clusters_.size(), 0);  // where the next read of each goes
    std::vector<std::uint32_t> witness;
    witness.reserve(operations_.size());
    for (const Place& place : places_) {
      const Cluster& cluster = clusters_[place.cluster];
      if (cluster.write != Operation::never) witness.push_back(cluster.write);
      next[place.cluster] = static_cast<std::uint32_t>(witness.size());
      witness.resize(witness.size() + cluster.reads);
    }
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (cluster_of_[i] != none) witness[next[cluster_of_[i]]++] = operations_[i];
    }
    return witness;
  }

  std::uint32_t cluster_at(Word value) {
    const std::uint32_t cluster = values_.number(value);
    if (cluster == clusters_.size()) clusters_.emplace_back();
    return cluster;
  }

  static constexpr std::uint32_t none = 0xFFFFFFFF;

  const History& history_;
  const std::vector<std::uint32_t>& operations_;
  WordTable values_;
  std::vector<Cluster> clusters_;          // the first: what was there in the beginning
  std::vector<std::uint32_t> cluster_of_;  // of reads, by place in operations_
  std::vector<Place> places_;
};

}  // namespace

Direct linearize_by_zones(const History& history, const std::vector<std::uint32_t>& operations) {
  return Zones(history, operations).judge();
}

}  // namespace ballast::history
