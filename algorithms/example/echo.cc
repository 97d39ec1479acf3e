// The smallest useful algorithm, to be copied: a node that is given work asks another member to
// echo it, and answers the client when the echo is back. It survives lost messages (a timer asks
// the next member) and crashes (the journal knows what was promised). sim/protocol/step.h says what
// a Step can do; algorithms/consensus/ shows what grows from this.
#include <algorithm>
#include <array>
#include <variant>
#include <vector>

#include "sim/protocol/register.h"

namespace ballast {
namespace echo {

// Messages, records and options are plain structs. Each one lists its fields once; traces, hashing,
// the configuration reader and `ballast describe` all work from that list.
struct Ask {
  Request request;
  static constexpr std::string_view name = "Ask";
  static constexpr auto fields = Fields{field("request", &Ask::request)};
};
struct Echo {
  Request request;
  static constexpr std::string_view name = "Echo";
  static constexpr auto fields = Fields{field("request", &Echo::request)};
};

struct Taken {  // this request is in our charge
  Request request;
  static constexpr std::string_view name = "Taken";
  static constexpr auto fields = Fields{field("request", &Taken::request)};
};
struct Answered {  // and now it no longer is
  RequestId request;
  static constexpr std::string_view name = "Answered";
  static constexpr auto fields = Fields{field("request", &Answered::request)};
};

enum class Timer : std::uint8_t { retry };
constexpr auto enumerators(Timer) { return std::array<std::string_view, 1>{"retry"}; }

struct Config {
  DurationRange retry = {{50'000'000}, {100'000'000}};
  static constexpr std::string_view name = "echo";
  static constexpr auto fields =
      Fields{field("retry", &Config::retry,
                   "How long a node waits for an echo before it asks the next member.")
                 .at_least(1'000)};
};

struct State {  // what traces show of a node
  std::vector<Request> open;
  static constexpr std::string_view name = "State";
  static constexpr auto fields = Fields{field("open", &State::open)};
};

}  // namespace echo

// An algorithm is a value: five handlers, and fields that nobody else touches. A handler runs to
// its end at once. It has no clock, no dice and no socket but the Step that it is given.
class EchoNode {
 public:
  static constexpr std::string_view name = "echo";
  static constexpr std::string_view summary = "An example to copy: has work echoed by a member.";
  static constexpr std::array operations = {Operation::work};
  using Config = echo::Config;
  using Message = std::variant<echo::Ask, echo::Echo>;
  using Record = std::variant<echo::Taken, echo::Answered>;
  using Timer = echo::Timer;
  using State = echo::State;

  explicit EchoNode(const Config& config) : config_(config) {}

  // A crash took every field back to its default. The journal is read again, in order; there is no
  // Step here, for nothing may leave the node before it knows what it was.
  void on_recover(const Record& record) {
    if (const auto* taken = std::get_if<echo::Taken>(&record)) open_.push_back(taken->request);
    if (const auto* answered = std::get_if<echo::Answered>(&record)) close(answered->request);
  }

  // Every boot ends here, the first one too. Timers did not survive the crash either.
  void on_start(Step<EchoNode>& step) {
    if (!open_.empty()) ask(step);
  }

  void on_request(const Request& request, Step<EchoNode>& step) {
    // A client that got no answer asks again under the same id: it must not become two.
    const auto same = [&](const Request& open) { return open.id == request.id; };
    if (std::any_of(open_.begin(), open_.end(), same)) return;
    open_.push_back(request);
    // What must outlive a crash is written down. Whatever this step sends or states leaves the node
    // when the record is durable, and never if the node crashes before.
    step.persist(echo::Taken{request});
    // A fact is a claim in public, for checkers, traces and metrics. It must be true.
    step.observe(Proposed{{digest(request.command)}});
    ask(step);
  }

  void on_message(NodeId from, const Message& message, Step<EchoNode>& step) {
    if (const auto* asked = std::get_if<echo::Ask>(&message)) {
      step.send(from, echo::Echo{asked->request});
    } else if (const auto* echoed = std::get_if<echo::Echo>(&message)) {
      // Messages come late, twice or not at all: an echo of what is closed says nothing new.
      if (!close(echoed->request.id)) return;
      step.persist(echo::Answered{echoed->request.id});
      const auto value = static_cast<std::int64_t>(echoed->request.command.work);
      step.reply(echoed->request.id, {Outcome::ok, value, {}});
      if (open_.empty()) step.cancel_timer(Timer::retry);
    }
  }

  void on_timer(Timer timer, Step<EchoNode>& step) {
    switch (timer) {
      case Timer::retry:
        return ask(step);
    }
  }

  State state() const { return {open_}; }

 private:
  // Asks some member, perhaps another one than before, to echo all that is open, and sets the timer
  // that will do it again. The host draws from the range; choose() is the only other chance.
  void ask(Step<EchoNode>& step) {
    const NodeId member = step.members()[step.choose(step.members().size())];
    for (const Request& request : open_) step.send(member, echo::Ask{request});
    step.set_timer(Timer::retry, config_.retry);
  }

  bool close(RequestId id) {
    return std::erase_if(open_, [&](const Request& open) { return open.id == id; }) > 0;
  }

  Config config_;
  std::vector<Request> open_;  // durable: in the journal as Taken and not yet Answered
};

// This one line makes the algorithm known: `ballast list` shows it, scenarios can name it.
namespace {
const Register<EchoNode> registered;
}

}  // namespace ballast
