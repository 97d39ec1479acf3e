// One description of each struct: what is hashed, written and walked over.
#include "sim/base/describe.h"

#include <doctest/doctest.h>

#include <set>

using namespace ballast;
using namespace ballast::literals;

namespace {

enum class Colour : std::uint8_t { red, green };
constexpr auto enumerators(Colour) { return std::array<std::string_view, 2>{"red", "green"}; }

struct Point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  static constexpr std::string_view name = "Point";
  static constexpr auto fields = Fields{field("x", &Point::x), field("y", &Point::y)};
};
struct Shape {
  Colour colour = Colour::red;
  std::vector<Point> corners;
  std::optional<Point> centre;
  std::variant<Point, Colour> kind;
  Duration age;
  Ratio share{1, 2};
  std::string label;
  NodeId owner;
  static constexpr auto fields =
      Fields{field("colour", &Shape::colour), field("corners", &Shape::corners),
             field("centre", &Shape::centre), field("age", &Shape::age),
             field("share", &Shape::share),   field("label", &Shape::label),
             field("owner", &Shape::owner)};
};
struct Other {
  std::uint64_t value = 0;
  static constexpr std::string_view name = "Other";
  static constexpr auto fields = Fields{field("value", &Other::value)};
};
using Either = std::variant<Point, Other>;

std::uint64_t words(const auto& v) {
  Fingerprint f;
  fold(f, v);
  return f.words();
}

}  // namespace

TEST_CASE("fields are visited in the order of the description, and may be changed") {
  Point point{3, 4};
  std::string seen;
  for_each_field(point, [&](const auto& f, auto& value) {
    seen += std::string(f.name) + "=" + std::to_string(value) + " ";
    value += 10;
  });
  CHECK(seen == "x=3 y=4 ");
  CHECK(point.x == 13);
}

TEST_CASE("names come from the description") {
  CHECK(name_of(Colour::green) == "green");
  CHECK(name_of(Either{Other{}}) == "Other");
}

TEST_CASE("equal values have equal digests, and a change of any field another one") {
  const Shape base{Colour::red, {{1, 2}}, Point{3, 4}, {}, 5_ms, {1, 3}, "triangle", {7}};
  std::set<std::uint64_t> digests{digest(base)};
  Shape same = base;
  CHECK(digest(same) == digest(base));
  const auto differs = [&](auto change) {
    Shape other = base;
    change(other);
    CHECK(digests.insert(digest(other)).second);
  };
  differs([](Shape& s) { s.colour = Colour::green; });
  differs([](Shape& s) { s.corners.clear(); });
  differs([](Shape& s) { s.corners[0].y = 3; });
  differs([](Shape& s) { s.corners.push_back({3, 4}); });
  differs([](Shape& s) { s.centre.reset(); });
  differs([](Shape& s) { s.centre->x = -3; });
  differs([](Shape& s) { s.age = 6_ms; });
  differs([](Shape& s) { s.share = {1, 4}; });
  differs([](Shape& s) { s.label = "trianglf"; });
  differs([](Shape& s) { s.label = "triangle "; });
  differs([](Shape& s) { s.owner = {8}; });
}

TEST_CASE("no two values fold the same words, wherever containers end") {
  using Lists = std::vector<std::vector<int>>;
  CHECK(digest(Lists{{1}, {2}}) != digest(Lists{{1, 2}}));
  CHECK(digest(Lists{{}, {1}}) != digest(Lists{{1}, {}}));
  CHECK(digest(std::optional<int>{}) != digest(std::optional<int>{0}));
  CHECK(digest(Either{Point{1, 0}}) != digest(Either{Other{1}}));
  CHECK(digest(std::string("ab")) != digest(std::string("ab\0", 3)));
  CHECK(digest(std::string("12345678")) != digest(std::string("1234567")));
}

TEST_CASE("text folds eight bytes to a word, whatever the sign of char") {
  CHECK(words(std::string()) == 1);
  CHECK(words(std::string("12345678")) == 2);
  CHECK(words(std::string("123456789")) == 3);
  Fingerprint by_hand;
  by_hand.fold(2);
  by_hand.fold(0xC3FF);
  CHECK(digest(std::string("\xFF\xC3")) == by_hand.value());
}

TEST_CASE("a value folds as many words as its description has") {
  CHECK(words(Point{}) == 2);
  CHECK(words(Either{Point{}}) == 3);
  CHECK(words(std::vector<Point>(4)) == 9);
  CHECK(words(Ratio{}) == 2);
}

TEST_CASE("negative numbers fold alike in every width") {
  CHECK(digest(std::int8_t{-1}) == digest(std::int64_t{-1}));
  CHECK(digest(std::int32_t{-1}) == digest(~std::uint64_t{0}));
}

TEST_CASE("values are written as they are read") {
  const Shape shape{Colour::green, {{1, 2}}, {}, {}, 150_ms, {1, 50}, "a \"b\"", {7}};
  CHECK(to_json(shape) ==
        R"({"colour":"green","corners":[{"x":1,"y":2}],"centre":null,"age":"150ms",)"
        R"("share":"1/50","label":"a \"b\"","owner":7})");
  CHECK(to_json(Either{Point{1, 2}}) == R"({"Point":{"x":1,"y":2}})");
  CHECK(to_json(DurationRange{1_ms, 2_s}) == R"(["1ms","2s"])");
  CHECK(to_json(Time{1'500'000'000}) == R"("1.5s")");
}

TEST_CASE("bounds at the ends of the range are told from no bounds") {
  constexpr auto plain = field("x", &Point::x);
  constexpr auto lowest = plain.at_least(std::numeric_limits<std::int64_t>::min());
  constexpr auto highest = plain.at_most(std::numeric_limits<std::int64_t>::max());
  CHECK(plain.limits.min == Limits{}.min);
  CHECK(lowest.limits.min == Limits{}.min + 1);
  CHECK(highest.limits.max == Limits{}.max - 1);
  CHECK(plain.at_least(3).limits.min == 3);
  CHECK(!plain.required);
  CHECK(plain.needed().required);
}
