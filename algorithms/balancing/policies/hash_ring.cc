#include "algorithms/balancing/policies/hash_ring.h"

#include <algorithm>

#include "algorithms/balancing/hashing.h"
#include "sim/base/wide.h"

namespace ballast::balancing {

HashRing::HashRing(std::vector<RingPoint> points) : points_(std::move(points)) {
  std::stable_sort(points_.begin(), points_.end(),
                   [](const RingPoint& a, const RingPoint& b) { return a.hash < b.hash; });
}

std::size_t HashRing::at_or_after(std::uint64_t hash) const {
  const auto at =
      std::lower_bound(points_.begin(), points_.end(), hash,
                       [](const RingPoint& point, std::uint64_t h) { return point.hash < h; });
  return at == points_.end() ? 0 : static_cast<std::size_t>(at - points_.begin());
}

std::size_t HashRing::nearest(std::uint32_t hash) const {
  const std::size_t after = at_or_after(hash);
  const std::size_t before = (after + points_.size() - 1) % points_.size();
  const auto distance_before = static_cast<std::uint32_t>(hash - points_[before].hash);
  const auto distance_after = static_cast<std::uint32_t>(points_[after].hash - hash);
  return distance_before <= distance_after ? before : after;
}

std::uint64_t ring_hash(RingHash function, std::string_view bytes) {
  switch (function) {
    case RingHash::xx_hash:
      return xx_hash(bytes);
    case RingHash::murmur_hash_2:
      return murmur_hash(bytes);
  }
  return 0;
}

HashRing envoy_ring(std::span<const RingHost> hosts, std::uint64_t min_size, std::uint64_t max_size,
                    RingHash function) {
  std::uint64_t total = 0;
  std::uint64_t least = ~std::uint64_t{0};
  for (const RingHost& host : hosts) {
    total += host.weight;
    least = std::min(least, host.weight);
  }
  if (hosts.empty()) return {};
  // The size of the ring is points * total / least, unless that exceeds max_size: a running sum of
  // weights w is due so many points times w / total.
  const auto points =
      static_cast<std::uint64_t>((static_cast<Wide>(least) * min_size + total - 1) / total);
  const bool capped = static_cast<Wide>(points) * total > static_cast<Wide>(max_size) * least;
  const std::uint64_t factor = capped ? max_size : points;
  const std::uint64_t divisor = capped ? total : least;
  std::vector<RingPoint> laid;
  std::uint64_t sum = 0;
  for (const RingHost& host : hosts) {
    sum += host.weight;
    for (std::uint64_t i = 0;
         static_cast<Wide>(laid.size()) * divisor < static_cast<Wide>(factor) * sum; ++i) {
      laid.push_back({ring_hash(function, host.name + "_" + std::to_string(i)), host.endpoint});
    }
  }
  return HashRing(std::move(laid));
}

HashRing nginx_ring(std::span<const RingHost> hosts) {
  std::vector<RingPoint> laid;
  for (const RingHost& host : hosts) {
    const std::uint32_t base = crc32(host.name + std::string(1, '\0') + "80");
    std::uint32_t previous = 0;
    for (std::uint64_t i = 0; i < host.weight * 160; ++i) {
      char bytes[4];
      for (unsigned b = 0; b < 4; ++b) bytes[b] = static_cast<char>(previous >> (8 * b) & 0xFF);
      previous = crc32({bytes, 4}, base);
      laid.push_back({previous, host.endpoint});
    }
  }
  std::stable_sort(laid.begin(), laid.end(),
                   [](const RingPoint& a, const RingPoint& b) { return a.hash < b.hash; });
  laid.erase(std::unique(laid.begin(), laid.end(),
                         [](const RingPoint& a, const RingPoint& b) { return a.hash == b.hash; }),
             laid.end());
  return HashRing(std::move(laid));
}

HashRing haproxy_ring(std::span<const RingHost> hosts) {
  constexpr std::uint32_t range = 256 * 16;  // the most points a server may have
  std::vector<RingPoint> laid;
  for (const RingHost& host : hosts) {
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(host.weight * 16, range); ++i) {
      const std::uint32_t number = (host.endpoint + 1) * range + static_cast<std::uint32_t>(i);
      laid.push_back({full_avalanche(number), host.endpoint});
    }
  }
  return HashRing(std::move(laid));
}

}  // namespace ballast::balancing
