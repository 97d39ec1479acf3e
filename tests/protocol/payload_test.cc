// What travels, by itself and as one of the messages of an algorithm.
#include "sim/protocol/payload.h"

#include <doctest/doctest.h>

#include <variant>
#include <vector>

using namespace ballast;

namespace {

struct Ask {
  std::uint64_t round = 0;
  NodeId node;
  static constexpr std::string_view name = "Ask";
  static constexpr auto fields = Fields{field("round", &Ask::round), field("node", &Ask::node)};
};
struct Tell {
  std::vector<std::uint64_t> values;
  static constexpr std::string_view name = "Tell";
  static constexpr auto fields = Fields{field("values", &Tell::values)};
};
struct Stop {
  static constexpr std::string_view name = "Stop";
  static constexpr auto fields = Fields{};
};
using Message = std::variant<Ask, Tell, Stop>;

}  // namespace

TEST_CASE("a message that is put in as what it is counts as one that is put in as a whole") {
  Pool<Message> one;
  Pool<Message> other;
  const Ask ask{5, {3}};
  const Tell tell{{1, 2, 3}};
  // Each place has held the other kinds before.
  for (int i = 0; i < 3; ++i) {
    const std::vector<std::uint32_t> alone = {one.put(ask, 1), one.put(tell, 1),
                                              one.put(Stop{}, 1)};
    const std::vector<std::uint32_t> whole = {
        other.put(Message(ask), 1), other.put(Message(tell), 1), other.put(Message(Stop{}), 1)};
    CHECK(one.bytes() == other.bytes());
    for (std::size_t m = 0; m < alone.size(); ++m) {
      CHECK(one.digest(alone[m]) == other.digest(whole[m]));
      CHECK(one.digest(alone[m]) == digest(other[whole[m]]));
      CHECK(one.bytes_of(alone[m]) == other.bytes_of(whole[m]));
      CHECK(one.message_name(alone[m]) == other.message_name(whole[m]));
      CHECK(one[alone[m]].index() == m);
    }
    CHECK(std::get<Ask>(one[alone[0]]).node == NodeId{3});
    CHECK(std::get<Tell>(one[alone[1]]).values == tell.values);
    for (const std::uint32_t slot : alone) one.release(slot);
    for (const std::uint32_t slot : whole) other.release(slot);
    CHECK(one.in_use() == 0);
    CHECK(one.bytes() == 0);
  }
}
