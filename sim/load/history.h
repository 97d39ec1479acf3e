// What clients saw: each operation from its invocation to its return, in Jepsen's convention.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "sim/check/checker.h"
#include "sim/measure/histogram.h"
#include "sim/protocol/fact.h"

namespace ballast {

// One operation of one client. An operation that has not returned, or whose client crashed, may
// take effect at any later time or never.
struct ClientOperation {
  std::uint64_t number = 0;   // of all clients together, in the order of invocation, from 0
  std::uint64_t process = 0;  // a strand of operations one after the other; retired after an info
  NodeId client;
  RequestId request;
  Operation operation = Operation::read;
  std::uint64_t key = 0;
  std::int64_t value = 0;     // written, proposed, added, enqueued
  std::int64_t expected = 0;  // cas
  std::int64_t result = 0;
  Time invoked;
  Time returned = Time::max();  // when the client was told, or gave up; max() if neither yet
  Returning outcome = Returning::info;
};

// A line of the history.
struct HistoryLine {
  bool invocation = false;
  const ClientOperation* operation = nullptr;
  EventId event;
};

// Hears Invoked and Returned. Keeps counts and latencies in constant memory; keeps the operations
// themselves only if it is asked to.
class History {
 public:
  explicit History(bool keep) : keep_(keep) {}

  static constexpr FactMask interests() { return facts<Invoked, Returned>(); }
  // What the fact adds to the history. The line is valid until the next call.
  HistoryLine hear(const HeardFact& heard);
  // The open operations of a crashed client end as unknown; they are returned.
  std::vector<ClientOperation> crashed(NodeId client, Time at);

  bool keeps() const { return keep_; }
  std::uint64_t invoked() const { return invoked_; }
  std::uint64_t ended(Returning outcome) const { return ended_[static_cast<std::size_t>(outcome)]; }
  std::uint64_t open() const { return open_count_; }
  // Of the operations that returned ok.
  const Histogram& latencies() const { return latencies_; }
  Time last_ok() const { return last_ok_; }
  // How long those that are open have been so by now, all together.
  Wide open_for(Time now) const;

  // What was kept, in the order of invocation; open operations are among them. It is given away,
  // for a long run has no room for two of them: from now on nothing is kept.
  std::deque<ClientOperation> take();

 private:
  struct Session {
    ClientOperation current;
    bool open = false;
    bool has_process = false;
  };
  Session& session(const RequestId& request);
  void end(Session& session, Returning outcome, std::int64_t value, Time at);

  bool keep_;
  std::uint64_t next_process_ = 0;
  std::vector<std::vector<Session>> sessions_;  // by client node, then session
  std::deque<ClientOperation> kept_;            // by number
  Histogram latencies_;
  Time last_ok_;
  std::uint64_t invoked_ = 0;
  std::uint64_t open_count_ = 0;
  std::array<std::uint64_t, 3> ended_{};
};

// One line of history.jsonl, without the newline:
//   {"index":0,"process":3,"type":"invoke","f":"write","key":7,"value":5,"time":1204000000,
//    "client":"c1","session":0,"event":9}
// `client` is what people call the node.
void write_json(JsonWriter& w, const HistoryLine& line, std::uint64_t index,
                std::string_view client);

}  // namespace ballast
