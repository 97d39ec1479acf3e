// The state machine that a replicated log drives: registers, and the sessions of the clients that
// use them. Deterministic: equal requests in equal order give equal responses.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>

#include "sim/base/flat_map.h"
#include "sim/protocol/request.h"

namespace ballast {

// A client's session; requests of one session follow each other.
struct SessionKey {
  NodeId client;
  std::uint32_t session = 0;
  friend constexpr auto operator<=>(const SessionKey&, const SessionKey&) = default;
  static constexpr std::string_view name = "SessionKey";
  static constexpr auto fields =
      std::tuple{field("client", &SessionKey::client), field("session", &SessionKey::session)};
};
constexpr SessionKey session_of(const RequestId& id) { return {id.client, id.session}; }

// Registers named by number, 0 until first written. Raft section 8: "The state machine tracks the
// latest serial number processed for each client, along with the associated response. If it
// receives a command whose serial number has already been executed, it responds immediately without
// re-executing the request."
class RegisterMachine {
 public:
  // The latest request of a session that was executed, and what came of it.
  struct Session {
    std::uint64_t sequence = 0;
    Response response;
    static constexpr std::string_view name = "Session";
    static constexpr auto fields =
        std::tuple{field("sequence", &Session::sequence), field("response", &Session::response)};
  };

  // The session to which a request belongs; null if none of its requests was executed yet.
  const Session* session(const RequestId& id) const { return sessions_.find(session_of(id)); }

  // As a snapshot would be that has lost them.
  void forget_sessions() { sessions_ = {}; }

  // What a read would return, without a trace of it.
  std::int64_t look(std::uint64_t key) const {
    const std::int64_t* held = registers_.find(key);
    return held == nullptr ? 0 : *held;
  }

  // Executes a request unless that was done before. Returns its response, or nothing for a request
  // that its session has left behind: nobody waits for it any more.
  std::optional<Response> apply(const Request& request) {
    Session& session = sessions_[session_of(request.id)];
    if (request.id.sequence < session.sequence) return std::nullopt;
    if (request.id.sequence > session.sequence) {
      session.response = execute(request.command);
      session.sequence = request.id.sequence;
    }
    return session.response;
  }

 private:
  Response execute(const Command& command) {
    switch (command.operation) {
      case Operation::read:
        return ok(look(command.key));
      case Operation::write:
        registers_[command.key] = command.value;
        return ok(0);
      case Operation::cas: {
        std::int64_t& held = registers_[command.key];
        if (held != command.expected) return ok(0);
        held = command.value;
        return ok(1);
      }
      case Operation::propose:
      case Operation::work:
      case Operation::administer:
        break;
    }
    return {Outcome::failed, 0, {}};  // not an operation on registers
  }
  static Response ok(std::int64_t value) { return {Outcome::ok, value, {}}; }

  FlatMap<SessionKey, Session> sessions_;
  FlatMap<std::uint64_t, std::int64_t> registers_;

 public:
  static constexpr std::string_view name = "RegisterMachine";
  static constexpr auto fields = std::tuple{field("sessions", &RegisterMachine::sessions_),
                                            field("registers", &RegisterMachine::registers_)};
};

}  // namespace ballast
