// An endpoint: a queue, first in first out, and the servers that work it off. It serves balancers,
// and clients that ask it directly.
//
// How long a request takes is a property of the request, a quantile of the service law; a faster
// endpoint takes proportionally less. So the same requests are equally hard under every policy, and
// two runs that differ in the policy only can be compared request by request.
//
// Probes are answered at once, however long the queue. A crash loses the queue and the work in
// progress; nobody is told.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "algorithms/balancing/messages.h"
#include "algorithms/balancing/stopwatch.h"
#include "sim/base/distribution.h"
#include "sim/base/ring.h"
#include "sim/protocol/step.h"

namespace ballast {

namespace balancing {

struct EndpointConfig {
  Distribution service = Distribution::exponential({10'000'000});
  Ratio speed{1, 1};
  std::uint32_t concurrency = 1;
  std::uint64_t queue_limit = 1'000'000;

  std::string problem() const {
    return speed.is_zero() ? "speed must be more than 0, or no request is ever done" : "";
  }

  static constexpr std::string_view name = "endpoint";
  static constexpr auto fields =
      std::tuple{field("service", &EndpointConfig::service,
                       "How long a request takes at speed 1, once its turn has come."),
                 field("speed", &EndpointConfig::speed,
                       "How fast this endpoint works: at 2 every request takes half as long.")
                     .at_most(1'000'000),
                 field("concurrency", &EndpointConfig::concurrency,
                       "How many requests it works on at a time, each at full speed.")
                     .at_least(1)
                     .at_most(1'000'000),
                 field("queue_limit", &EndpointConfig::queue_limit,
                       "How many more may wait; a request that finds the queue full is refused.")};
};

// done: the work that ends first, of all that is in progress, ends now.
enum class EndpointTimer : std::uint8_t { done };
constexpr auto enumerators(EndpointTimer) { return std::array<std::string_view, 1>{"done"}; }

struct EndpointState {
  std::uint64_t waiting = 0;
  std::uint64_t in_progress = 0;
  static constexpr std::string_view name = "endpoint";
  static constexpr auto fields = std::tuple{field("waiting", &EndpointState::waiting),
                                            field("in_progress", &EndpointState::in_progress)};
};

}  // namespace balancing

class Endpoint {
 public:
  using Config = balancing::EndpointConfig;
  using Message = balancing::Message;
  using Record = balancing::Record;
  using Timer = balancing::EndpointTimer;
  using State = balancing::EndpointState;

  static constexpr std::string_view name = "endpoint";
  static constexpr std::string_view summary =
      "A server behind a balancer: one queue, a service-time law, a limit of concurrency.";
  static constexpr std::array operations{Operation::work};

  explicit Endpoint(Config config) : config_(std::move(config)) {}

  void on_recover(const Record&) {}  // there are none
  void on_start(Step<Endpoint>&) {}
  void on_message(NodeId from, const Message& message, Step<Endpoint>& step);
  void on_timer(Timer timer, Step<Endpoint>& step);
  void on_request(const Request& request, Step<Endpoint>& step);

  State state() const { return {waiting_.size(), in_progress_.size()}; }

 private:
  struct Job {
    NodeId balancer;  // none: a client asked directly
    Ticket ticket;
    RequestId request;
    std::uint64_t work = 0;
  };
  struct Task {
    Time end;                  // by the watch
    std::uint64_t number = 0;  // of equal ends, the one that began first is first
    Job job;
    // Heaps have their greatest element on top.
    friend bool operator<(const Task& a, const Task& b) {
      return a.end != b.end ? b.end < a.end : b.number < a.number;
    }
  };

  void take(const Job& job, Step<Endpoint>& step);
  void refuse(const Job& job, Step<Endpoint>& step);
  void begin(const Job& job, Time now);
  void finish(const Job& job, Step<Endpoint>& step);
  void set_timer(Time now, Step<Endpoint>& step);

  Config config_;
  Ring<Job> waiting_;
  std::vector<Task> in_progress_;  // a heap, the first to end on top
  std::uint64_t begun_ = 0;
  Time timer_set_for_ = Time::max();  // the end that the timer is set for; none: the end of time
  balancing::Stopwatch watch_;
};

}  // namespace ballast
