// Rings of points, as three products lay them out. A request goes to the endpoint of the point at
// or after its hash, round the ring.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::balancing {

struct RingHost {
  std::string name;
  std::uint32_t endpoint = 0;
  std::uint64_t weight = 1;
};

struct RingPoint {
  std::uint64_t hash = 0;
  std::uint32_t endpoint = 0;
};

class HashRing {
 public:
  HashRing() = default;
  // Sorted by hash; of equal hashes the one that was laid first comes first.
  explicit HashRing(std::vector<RingPoint> points);

  std::size_t size() const { return points_.size(); }
  const RingPoint& operator[](std::size_t i) const { return points_[i % points_.size()]; }
  // The first point that is not below; the first of all if there is none.
  std::size_t at_or_after(std::uint64_t hash) const;
  // Of the points before and after, the nearer one; the one before if they are equally near.
  std::size_t nearest(std::uint32_t hash) const;

 private:
  std::vector<RingPoint> points_;
};

enum class RingHash : std::uint8_t { xx_hash, murmur_hash_2 };
constexpr auto enumerators(RingHash) {
  return std::array<std::string_view, 2>{"xx_hash", "murmur_hash_2"};
}
std::uint64_t ring_hash(RingHash function, std::string_view bytes);

// Envoy's ring_hash_lb.cc: the lightest host has the fewest points that make the ring as large as
// `min_size`, others in proportion by running sums; `max_size` scales all down. The points of a
// host are the hashes of "name_0", "name_1" and so on.
HashRing envoy_ring(std::span<const RingHost> hosts, std::uint64_t min_size, std::uint64_t max_size,
                    RingHash function);
// nginx's "hash ... consistent": 160 points for each unit of weight, by chained CRC-32; of equal
// points the first stays.
HashRing nginx_ring(std::span<const RingHost> hosts);
// HAProxy's lb_chash.c: 16 points for each unit of weight, by the number of the server.
HashRing haproxy_ring(std::span<const RingHost> hosts);

}  // namespace ballast::balancing
