// What clients ask and what they are told. The same words for every algorithm, so that one client,
// one history and one checker serve them all.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sim/base/describe.h"

namespace ballast {

// What a request wants done.
//   read, write, cas  on a register that `key` names; a register is 0 until it is first written
//   delete            makes the register what it was before it was first written
//   propose           a value to a single decision (Paxos): the answer is the value decided
//   work              a job of a certain size, for servers behind a balancer
//   add               to the counter that `key` names, which starts at 0; `read` reads it, too
//   enqueue, dequeue  at the ends of a queue, first in, first out
//   acquire, release  a lock, which a session of a client holds
//   administer        the group itself: see Administration
// What a server answers is said at Response.
enum class Operation : std::uint8_t {
  read,
  write,
  cas,
  propose,
  work,
  delete_,
  add,
  enqueue,
  dequeue,
  acquire,
  release,
  administer
};
constexpr auto enumerators(Operation) {
  return std::array<std::string_view, 12>{"read",    "write",   "cas",     "propose",
                                          "work",    "delete",  "add",     "enqueue",
                                          "dequeue", "acquire", "release", "administer"};
}

// What is asked of a group, by Command::key. Command::value is the node that is meant; for
// set_voters, a set of them with a bit for each, n1 the lowest.
//   transfer_leadership  the leader makes the node its successor; 0 is whoever it likes
//   add_learner          the node is sent the log from now on, and has no say
//   add_voter            the node has a say
//   remove               the node is no part of the group any more
//   set_voters           these nodes have a say, and no others
enum class Administration : std::uint8_t {
  transfer_leadership,
  add_learner,
  add_voter,
  remove,
  set_voters
};
constexpr auto enumerators(Administration) {
  return std::array<std::string_view, 5>{"transfer_leadership", "add_learner", "add_voter",
                                         "remove", "set_voters"};
}

// Who asks what for the how-manieth time. A client node holds one or more sessions; a session has
// at most one request outstanding and numbers its requests from 1. A retry repeats the same id,
// which is how a server knows it again (Raft section 8).
struct RequestId {
  NodeId client;
  std::uint32_t session = 0;
  std::uint64_t sequence = 0;
  friend constexpr auto operator<=>(const RequestId&, const RequestId&) = default;
  static constexpr std::string_view name = "RequestId";
  static constexpr auto fields =
      Fields{field("client", &RequestId::client), field("session", &RequestId::session),
             field("sequence", &RequestId::sequence)};
};

struct Command {
  Operation operation = Operation::read;
  std::uint64_t key = 0;      // administer: an Administration
  std::int64_t value = 0;     // what is written, proposed, added or enqueued
  std::int64_t expected = 0;  // cas writes only over this
  std::uint64_t work = 0;     // how much work, as a uniform quantile of the server's service law
  friend constexpr auto operator<=>(const Command&, const Command&) = default;
  static constexpr std::string_view name = "Command";
  static constexpr auto fields =
      Fields{field("operation", &Command::operation), field("key", &Command::key),
             field("value", &Command::value), field("expected", &Command::expected),
             field("work", &Command::work)};
};

struct Request {
  RequestId id;
  Command command;
  friend constexpr auto operator<=>(const Request&, const Request&) = default;
  static constexpr std::string_view name = "Request";
  static constexpr auto fields =
      Fields{field("id", &Request::id), field("command", &Request::command)};
};

// How a request ended, as far as the server says.
//   ok        it took effect; `value` is the result
//   failed    it did not take effect and never will
//   redirect  not here; `leader` is who to ask, if known. It did not take effect.
// A server that does not answer leaves the client in the dark: the outcome is unknown.
enum class Outcome : std::uint8_t { ok, failed, redirect };
constexpr auto enumerators(Outcome) {
  return std::array<std::string_view, 3>{"ok", "failed", "redirect"};
}

struct Response {
  Outcome outcome = Outcome::ok;
  // What came of it, if ok:
  //   read     the value                     dequeue  the value taken out; 0: the queue was empty
  //   write    0                             acquire  a fencing token, greater than all before; 0:
  //   cas      1: it wrote; 0: refused                another session holds the lock
  //   delete   1: there was something to     release  1: it was released; 0: the session did not
  //            delete; 0: there was nothing           hold it
  //   add      the sum                       propose  the decision
  //   enqueue  0
  std::int64_t value = 0;
  NodeId leader;
  friend constexpr auto operator<=>(const Response&, const Response&) = default;
  static constexpr std::string_view name = "Response";
  static constexpr auto fields =
      Fields{field("outcome", &Response::outcome), field("value", &Response::value),
             field("leader", &Response::leader)};
};

// A response on its way back to the client.
struct Answer {
  RequestId request;
  Response response;
  static constexpr std::string_view name = "Response";
  static constexpr auto fields =
      Fields{field("request", &Answer::request), field("response", &Answer::response)};
};

}  // namespace ballast
