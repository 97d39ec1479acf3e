// A balancer on the transport layer: it passes each request on to one of its members and never sees
// the answer, which goes straight to the client (the "direct routing" of LVS). It knows neither
// load nor health, and serves whatever its members serve. Before a group of Raft nodes it spreads
// what any of them can answer; what only the leader can, the client is redirected with.
#include <algorithm>
#include <array>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/random.h"
#include "sim/protocol/register.h"

namespace ballast {
namespace relay {

struct Nothing {  // relays say nothing to each other, and write nothing
  static constexpr std::string_view name = "Nothing";
  static constexpr auto fields = Fields{};
};
enum class Timer : std::uint8_t { none };
constexpr auto enumerators(Timer) { return std::array<std::string_view, 1>{"none"}; }

//   turns    each member in its turn
//   chance   each member equally likely
//   client   the same member for all requests of a client, as long as that is all there is to go by
enum class Pick : std::uint8_t { turns, chance, client };
constexpr auto enumerators(Pick) {
  return std::array<std::string_view, 3>{"turns", "chance", "client"};
}

struct Config {
  Pick pick = Pick::turns;
  static constexpr std::string_view name = "relay";
  static constexpr auto fields = Fields{
      field("pick", &Config::pick,
            "Which member is next: in turns, by chance, or always the same for one client.")};
};

struct State {
  std::uint64_t passed_on = 0;  // in this life
  static constexpr std::string_view name = "State";
  static constexpr auto fields = Fields{field("passed_on", &State::passed_on)};
};

}  // namespace relay

class Relay {
 public:
  static constexpr std::string_view name = "relay";
  static constexpr std::string_view summary =
      "Passes each request on to a member, which answers the client itself (LVS, direct routing).";
  static constexpr std::array operations = {
      Operation::read,    Operation::write,   Operation::cas,     Operation::propose,
      Operation::work,    Operation::delete_, Operation::add,     Operation::enqueue,
      Operation::dequeue, Operation::acquire, Operation::release, Operation::administer};
  using Config = relay::Config;
  using Message = std::variant<relay::Nothing>;
  using Record = std::variant<relay::Nothing>;
  using Timer = relay::Timer;
  using State = relay::State;

  explicit Relay(const Config& config) : config_(config) {}

  void on_recover(const Record&) {}
  void on_start(Step<Relay>&) {}
  void on_message(NodeId, const Message&, Step<Relay>&) {
    ensure(false, "nobody sends a relay anything but requests");
  }
  void on_timer(Timer, Step<Relay>&) {}

  void on_request(const Request& request, Step<Relay>& step) {
    std::vector<NodeId> others;
    for (const NodeId node : step.members()) {
      if (node != step.self()) others.push_back(node);
    }
    ensure(!others.empty(), "a relay has somebody to pass requests on to");
    step.forward(others[pick(request, others.size(), step)], request);
    ++passed_on_;
  }

  State state() const { return {passed_on_}; }

 private:
  std::uint64_t pick(const Request& request, std::uint64_t count, Step<Relay>& step) const {
    switch (config_.pick) {
      case relay::Pick::turns:
        return passed_on_ % count;
      case relay::Pick::chance:
        return step.choose(count);
      case relay::Pick::client:
        break;
    }
    return scale(mix(request.id.client.value), count);
  }

  Config config_;
  std::uint64_t passed_on_ = 0;
};

namespace {
const Register<Relay> registered;
}

}  // namespace ballast
