// The state machines that a replicated log can drive, and the sessions of the clients that use
// them. Deterministic: equal requests in equal order give equal responses and equal machines.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/flat_map.h"
#include "sim/protocol/request.h"

namespace ballast {

//   register  registers: read, write, cas
//   kv        a key-value store: the same, and delete
//   counter   counters: add, read
//   queue     queues: enqueue, dequeue
//   lock      locks: acquire, release
// There is one for each key.
enum class MachineKind : std::uint8_t { register_, kv, counter, queue, lock };
constexpr auto enumerators(MachineKind) {
  return std::array<std::string_view, 5>{"register", "kv", "counter", "queue", "lock"};
}

std::span<const Operation> operations_of(MachineKind kind);
bool serves(MachineKind kind, Operation operation);
// Which choice of the option `machine` serves an operation, for those who asked another one: "with
// "machine": "queue" it would". Empty if none does.
std::string machine_for(Operation operation);
// What all machines serve together.
inline constexpr std::array machine_operations = {
    Operation::read,    Operation::write,   Operation::cas,     Operation::delete_, Operation::add,
    Operation::enqueue, Operation::dequeue, Operation::acquire, Operation::release};

// A client's session; requests of one session follow each other.
struct SessionKey {
  NodeId client;
  std::uint32_t session = 0;
  friend constexpr auto operator<=>(const SessionKey&, const SessionKey&) = default;
  static constexpr std::string_view name = "SessionKey";
  static constexpr auto fields =
      Fields{field("client", &SessionKey::client), field("session", &SessionKey::session)};
};
constexpr SessionKey session_of(const RequestId& id) { return {id.client, id.session}; }

// Raft section 8: "The state machine tracks the latest serial number processed for each client,
// along with the associated response. If it receives a command whose serial number has already been
// executed, it responds immediately without re-executing the request." The sessions are part of the
// machine, so that a copy of it, such as a snapshot, knows repeated requests again.
class Machine {
 public:
  // The latest request of a session that was executed, and what came of it.
  struct Session {
    std::uint64_t sequence = 0;
    Response response;
    friend auto operator<=>(const Session&, const Session&) = default;
    static constexpr std::string_view name = "Session";
    static constexpr auto fields =
        Fields{field("sequence", &Session::sequence), field("response", &Session::response)};
  };

  explicit Machine(MachineKind kind = MachineKind::register_);

  // The session to which a request belongs; null if none of its requests was executed yet.
  const Session* session(const RequestId& id) const { return sessions_.find(session_of(id)); }

  // Executes a request unless that was done before. Returns its response, or nothing for a request
  // that its session has left behind: nobody waits for it any more. An operation that machines of
  // this kind do not serve fails.
  std::optional<Response> apply(const Request& request) {
    Session& session = sessions_[session_of(request.id)];
    if (request.id.sequence < session.sequence) return std::nullopt;
    if (request.id.sequence > session.sequence) {
      session.response = execute(request);
      session.sequence = request.id.sequence;
    }
    return session.response;
  }

  // Forgets which requests were executed: a mistake, planted by those who show what comes of it.
  void forget_sessions() { sessions_ = {}; }

  // What a read would return, without a trace of it.
  std::int64_t look(std::uint64_t key) const;

 private:
  struct Registers {
    FlatMap<std::uint64_t, std::int64_t> values;  // 0: never written, or deleted
    friend auto operator<=>(const Registers&, const Registers&) = default;
    static constexpr std::string_view name = "registers";
    static constexpr auto fields = Fields{field("values", &Registers::values)};
  };
  struct Counters {
    FlatMap<std::uint64_t, std::int64_t> sums;
    friend auto operator<=>(const Counters&, const Counters&) = default;
    static constexpr std::string_view name = "counters";
    static constexpr auto fields = Fields{field("sums", &Counters::sums)};
  };
  struct Queues {
    FlatMap<std::uint64_t, std::vector<std::int64_t>> items;  // the next to be taken out is first
    friend auto operator<=>(const Queues&, const Queues&) = default;
    static constexpr std::string_view name = "queues";
    static constexpr auto fields = Fields{field("items", &Queues::items)};
  };
  struct Lock {
    std::optional<SessionKey> holder;
    std::int64_t token = 0;  // the last one given out; each grant counts up
    friend auto operator<=>(const Lock&, const Lock&) = default;
    static constexpr std::string_view name = "Lock";
    static constexpr auto fields =
        Fields{field("holder", &Lock::holder), field("token", &Lock::token)};
  };
  struct Locks {
    FlatMap<std::uint64_t, Lock> locks;
    friend auto operator<=>(const Locks&, const Locks&) = default;
    static constexpr std::string_view name = "locks";
    static constexpr auto fields = Fields{field("locks", &Locks::locks)};
  };
  using Content = std::variant<Registers, Counters, Queues, Locks>;

  Response execute(const Request& request);
  static std::int64_t execute(Registers& registers, const Request& request);
  static std::int64_t execute(Counters& counters, const Request& request);
  static std::int64_t execute(Queues& queues, const Request& request);
  static std::int64_t execute(Locks& locks, const Request& request);

  MachineKind kind_;
  Content content_;
  FlatMap<SessionKey, Session> sessions_;

 public:
  friend auto operator<=>(const Machine&, const Machine&) = default;
  static constexpr std::string_view name = "Machine";
  static constexpr auto fields =
      Fields{field("kind", &Machine::kind_), field("content", &Machine::content_),
             field("sessions", &Machine::sessions_)};
};

}  // namespace ballast
