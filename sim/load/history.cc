#include "sim/load/history.h"

#include <utility>

#include "sim/base/assert.h"

namespace ballast {

History::Session& History::session(const RequestId& request) {
  const std::size_t client = request.client.value;
  if (client >= sessions_.size()) sessions_.resize(client + 1);
  std::vector<Session>& of_client = sessions_[client];
  if (request.session >= of_client.size()) of_client.resize(request.session + 1);
  return of_client[request.session];
}

HistoryLine History::hear(const HeardFact& heard) {
  if (const auto* begun = std::get_if<Invoked>(heard.fact)) {
    Session& s = session(begun->request);
    SIM_ASSERT(!s.open, "a session has one operation open at a time");
    // Jepsen retires a process whose operation ended unknown: that operation may still be under
    // way.
    if (!s.has_process || s.current.outcome == Returning::info) {
      s.current.process = next_process_++;
      s.has_process = true;
    }
    s.open = true;
    s.current.number = invoked_;
    s.current.client = begun->request.client;
    s.current.request = begun->request;
    s.current.operation = begun->operation;
    s.current.key = begun->key;
    s.current.value = begun->value;
    s.current.expected = begun->expected;
    s.current.result = 0;
    s.current.invoked = heard.at;
    s.current.returned = Time::max();
    s.current.outcome = Returning::info;
    ++invoked_;
    ++open_count_;
    if (keep_) kept_.push_back(s.current);
    return {true, &s.current, heard.event};
  }
  const auto& over = std::get<Returned>(*heard.fact);
  Session& s = session(over.request);
  SIM_ASSERT(s.open, "only an open operation returns");
  end(s, over.outcome, over.value, heard.at);
  return {false, &s.current, heard.event};
}

void History::end(Session& s, Returning outcome, std::int64_t value, Time at) {
  s.open = false;
  s.current.outcome = outcome;
  s.current.result = value;
  s.current.returned = at;
  --open_count_;
  ++ended_[static_cast<std::size_t>(outcome)];
  if (outcome == Returning::ok) {
    latencies_.record(at - s.current.invoked);
    last_ok_ = at;
  }
  if (keep_) kept_[s.current.number] = s.current;
}

std::vector<ClientOperation> History::crashed(NodeId client, Time at) {
  std::vector<ClientOperation> cut_short;
  if (client.value >= sessions_.size()) return cut_short;
  for (Session& s : sessions_[client.value]) {
    if (!s.open) continue;
    end(s, Returning::info, 0, at);
    cut_short.push_back(s.current);
  }
  return cut_short;
}

Wide History::open_for(Time now) const {
  Wide sum = 0;
  for (const auto& of_client : sessions_) {
    for (const Session& s : of_client) {
      if (s.open) sum += static_cast<std::uint64_t>((now - s.current.invoked).ns);
    }
  }
  return sum;
}

std::deque<ClientOperation> History::take() {
  keep_ = false;
  return std::exchange(kept_, {});
}

namespace {

// What is not there, in a register that was never written or in an empty queue, is 0 inside and
// null in a history.
void write_what_is_there(JsonWriter& w, std::int64_t value) {
  if (value == 0) {
    w.null();
  } else {
    w.value(value);
  }
}

void write_value(JsonWriter& w, const HistoryLine& line) {
  const ClientOperation& op = *line.operation;
  const bool ok = !line.invocation && op.outcome == Returning::ok;
  switch (op.operation) {
    case Operation::read:
    case Operation::dequeue:
    case Operation::acquire:
      ok ? write_what_is_there(w, op.result) : static_cast<void>(w.null());
      break;
    case Operation::write:
      write_what_is_there(w, op.value);
      break;
    case Operation::enqueue:
    case Operation::add:
      w.value(op.value);
      break;
    case Operation::cas:
      w.begin_array();
      write_what_is_there(w, op.expected);
      write_what_is_there(w, op.value);
      w.end_array();
      break;
    case Operation::propose:
      w.value(ok ? op.result : op.value);
      break;
    case Operation::delete_:
    case Operation::release:
    case Operation::work:
    case Operation::administer:
      w.null();
      break;
  }
}

}  // namespace

void write_json(JsonWriter& w, const HistoryLine& line, std::uint64_t index,
                std::string_view client) {
  const ClientOperation& op = *line.operation;
  w.begin_object();
  w.member("index", index);
  w.member("process", op.process);
  w.member("type", line.invocation ? std::string_view("invoke") : name_of(op.outcome));
  w.member("f", name_of(op.operation));
  w.member("key", op.key);
  w.key("value");
  write_value(w, line);
  // What was refused is an observation: it is ok, and says that it changed nothing.
  const bool ok = !line.invocation && op.outcome == Returning::ok;
  const bool may_be_refused =
      op.operation == Operation::cas || op.operation == Operation::delete_ ||
      op.operation == Operation::acquire || op.operation == Operation::release;
  if (ok && may_be_refused) w.member("applied", op.result != 0);
  if (ok && op.operation == Operation::add) w.member("sum", op.result);
  w.member("time", line.invocation ? op.invoked.ns : op.returned.ns);
  w.member("client", client);
  w.member("session", op.request.session);
  w.member("event", line.event.value);
  w.end_object();
}

}  // namespace ballast
