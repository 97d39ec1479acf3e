#include "sim/cli/sweep/grid.h"

#include <doctest/doctest.h>

using namespace ballast;

namespace {

std::vector<std::string> values(std::string_view text) {
  GridAxis axis;
  CHECK(parse_grid(text, axis) == "");
  return axis.values;
}
using List = std::vector<std::string>;

}  // namespace

TEST_CASE("a range is stepped exactly and its end is included") {
  CHECK(values("network.loss=0:0.3:0.05") ==
        List{"0", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3"});
  // Ten times a tenth is one, which it is not in floating point.
  CHECK(values("x=0:1:0.1").size() == 11);
  CHECK(values("x=0:1:0.1").back() == "1");
  CHECK(values("x=3:7:2") == List{"3", "5", "7"});
  CHECK(values("x=3:8:2") == List{"3", "5", "7"});
  CHECK(values("x=0%:1%:0.5%") == List{"0%", "0.5%", "1%"});
  CHECK(values("x=50/s:150/s:50/s") == List{"50/s", "100/s", "150/s"});
  CHECK(values("x=-10:10:10") == List{"-10", "0", "10"});
  CHECK(values("x=5:5:1") == List{"5"});
}

TEST_CASE("durations may change their unit on the way") {
  CHECK(values("x=500us:2ms:500us") == List{"500us", "1ms", "1.5ms", "2ms"});
  CHECK(values("x=100ms:300ms:100ms") == List{"100ms", "200ms", "300ms"});
  CHECK(values("x=-1s:1s:1s") == List{"-1s", "0s", "1s"});
}

TEST_CASE("a list is parted at commas that stand neither in brackets nor in quotes") {
  GridAxis axis;
  CHECK(parse_grid("a.b=3,5,7", axis) == "");
  CHECK(axis.path == "a.b");
  CHECK(axis.values == List{"3", "5", "7"});
  CHECK(values("x=[\"1ms\",\"2ms\"],[\"3ms\",\"4ms\"]") ==
        List{"[\"1ms\",\"2ms\"]", "[\"3ms\",\"4ms\"]"});
  CHECK(values("x={\"a\":1,\"b\":{\"c\":2}}") == List{"{\"a\":1,\"b\":{\"c\":2}}"});
  CHECK(values("x=\"a,b:c:d\",e") == List{"\"a,b:c:d\"", "e"});
  CHECK(values("x=raft") == List{"raft"});
}

TEST_CASE("what is no grid is refused with the reason") {
  struct Wrong {
    std::string text;
    std::string reason;
  };
  for (const Wrong& wrong :
       std::vector<Wrong>{{"", "no grid"},
                          {"network.loss", "no grid"},
                          {"=1,2", "no grid"},
                          {"x=", "empty value"},
                          {"x=1,,2", "empty value"},
                          {"x=1,2,1", "twice"},
                          {"x=1:2:0", "leads nowhere"},
                          {"x=1:2:-1", "leads nowhere"},
                          {"x=2:1:1", "counts down"},
                          {"x=a:b:c", "no range"},
                          {"x=0:30%:5%", "no range"},
                          {"x=1ms:1:1ms", "no range"},
                          {"x=1.:2:1", "no range"},
                          {"x=0:0.0000000000000000001:1", "no range"},
                          {"x=1:99999999999999999:1", "more than 1,000 values"},
                          {"x=0:99999999999999999:0.0000000000000001", "no range"},
                          {"x=1:1001:1", "more than 1,000 values"}}) {
    CAPTURE(wrong.text);
    GridAxis axis;
    CHECK(parse_grid(wrong.text, axis).find(wrong.reason) != std::string::npos);
  }
}
