// Single messages whose fate is not left to chance.
#include "sim/kernel/message_fates.h"

#include <doctest/doctest.h>

namespace ballast {
namespace {

using namespace literals;

constexpr NodeId a{1};
constexpr NodeId b{2};
constexpr Time now{1'000};

MessageFate nth(std::uint64_t number) {
  MessageFate fate;
  fate.from = a;
  fate.to = b;
  fate.message = "Ping";
  fate.nth = number;
  return fate;
}

Passage arriving(Duration after) {
  Passage passage;
  passage.arrivals = 1;
  passage.at[0] = now + after;
  return passage;
}

TEST_CASE("only the nth message of the name on the directed link is lost") {
  MessageFate second = nth(2);
  second.lost = true;
  MessageFates fates({second});
  const auto arrives = [&](NodeId from, NodeId to, std::string_view name) {
    Passage passage = arriving(5_ms);
    fates.change(from, to, name, now, passage);
    return passage.arrivals == 1 && passage.at[0] == now + 5_ms;
  };
  CHECK(arrives(a, b, "Ping"));
  CHECK(arrives(b, a, "Ping"));
  CHECK(arrives(a, b, "Pong"));
  CHECK_FALSE(arrives(a, b, "Ping"));
  CHECK(arrives(a, b, "Ping"));
}

TEST_CASE("a delay and a copy count from the sending, whatever was drawn") {
  MessageFate first = nth(1);
  first.delay = 7_ms;
  first.copy = 3_ms;
  MessageFates fates({first});
  Passage lost_by_luck;
  fates.change(a, b, "Ping", now, lost_by_luck);
  CHECK(lost_by_luck.arrivals == 2);
  CHECK(lost_by_luck.at[0] == now + 7_ms);
  CHECK(lost_by_luck.at[1] == now + 3_ms);
}

TEST_CASE("a cut link and a missing path are not luck") {
  for (const DropReason reason : {DropReason::cut, DropReason::unreachable}) {
    MessageFate first = nth(1);
    first.delay = 7_ms;
    MessageFates fates({first});
    Passage passage{0, reason, {}};
    fates.change(a, b, "Ping", now, passage);
    CHECK(passage.arrivals == 0);
    CHECK(passage.reason == reason);
  }
}

}  // namespace
}  // namespace ballast
