// Raft: what D. Ongaro's dissertation (Stanford 2014) says in its chapter 10 of writing to the
// leader's disk in parallel, as stories of a group. What may not count is with section 3.8.
#include <doctest/doctest.h>

#include "tests/paper/raft_group.h"

using namespace ballast;
using namespace ballast::raft;

TEST_CASE(
    "dissertation 10.2.1: the leader may commit an entry before it has been written to its own "
    "disk, if a majority of followers have written it to theirs") {
  Config config;
  config.parallel_writes = true;
  RaftGroup group(3, config);
  group.lead(n1);
  group.stall(n1);
  group.ask_to_write(n1, 10);
  group.replicate(n1, n2);
  CHECK(group.answers().empty());
  group.replicate(n1, n3);
  CHECK(group.answers().size() == 1);
  group.crash(n1);  // its disk never had it
  group.lead(n2);
  group.ask_to_read(n2);
  group.settle();
  CHECK(group.answer().value == 10);
  CHECK(group.broken() == "");
}
