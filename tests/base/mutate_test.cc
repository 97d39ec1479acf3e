// Corruption of described values: one field changes, and it does change.
#include "sim/base/mutate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/support/print.h"

using namespace ballast;

namespace {

enum class Colour : std::uint8_t { red, green, blue };
constexpr auto enumerators(Colour) {
  return std::array<std::string_view, 3>{"red", "green", "blue"};
}

struct Inner {
  std::int32_t depth = -5;
  std::optional<bool> flag = true;
  static constexpr auto fields = Fields{field("depth", &Inner::depth), field("flag", &Inner::flag)};
};
struct Outer {
  NodeId node{7};
  Colour colour = Colour::green;
  std::vector<Inner> inner{2};
  std::string text = "kept";
  Duration span{9};
  static constexpr auto fields = Fields{
      field("node", &Outer::node), field("colour", &Outer::colour), field("inner", &Outer::inner),
      field("text", &Outer::text), field("span", &Outer::span)};
};
struct Fixed {
  std::string text;
  std::vector<std::uint64_t> none;
  std::optional<NodeId> nobody;
  static constexpr auto fields = Fields{field("text", &Fixed::text), field("none", &Fixed::none),
                                        field("nobody", &Fixed::nobody)};
};

Stream dice(std::uint64_t seed) { return {seed, Purpose::damage, 0}; }

}  // namespace

TEST_CASE("a mutation changes one field, any of them, and never none") {
  std::set<std::string> seen;
  std::set<std::size_t> changed_fields;
  const Outer original;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    std::variant<Fixed, Outer> value = original;
    Stream draws = dice(seed);
    REQUIRE(mutate(value, draws));
    CHECK(draws.count() == 2);
    const Outer& after = std::get<Outer>(value);
    CHECK(digest(after) != digest(original));
    CHECK(after.text == original.text);
    CHECK(after.span == original.span);
    REQUIRE(after.inner.size() == 2);
    const std::vector<bool> differs{after.node != original.node, after.colour != original.colour,
                                    after.inner[0].depth != -5,  after.inner[0].flag != true,
                                    after.inner[1].depth != -5,  after.inner[1].flag != true};
    CHECK(std::count(differs.begin(), differs.end(), true) == 1);
    changed_fields.insert(static_cast<std::size_t>(std::find(differs.begin(), differs.end(), true) -
                                                   differs.begin()));
    seen.insert(to_json(after));
  }
  CHECK(changed_fields.size() == 6);
  CHECK(seen.size() > 15);  // 8 bits of three numbers, 2 colours, 2 flags
}

TEST_CASE("equal draws give equal mutations") {
  Outer a;
  Outer b;
  Stream first = dice(3);
  Stream second = dice(3);
  mutate(a, first);
  mutate(b, second);
  CHECK(digest(a) == digest(b));
}

TEST_CASE("a value with nothing to change stays as it is") {
  Fixed fixed{"text", {}, {}};
  Stream draws = dice(1);
  CHECK(!mutate(fixed, draws));
  CHECK(fixed.text == "text");
}
