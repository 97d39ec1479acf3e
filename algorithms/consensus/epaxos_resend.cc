// Messages that are lost are sent again.
#include <algorithm>
#include <bit>

#include "algorithms/consensus/epaxos.h"

namespace ballast {

using epaxos::Accepting;
using epaxos::PreAccepting;
using epaxos::Preparing;
using epaxos::Validating;

namespace {

// After 1, 2, 4, 8 and then every 16 ticks: who has too much to do must not get more.
bool is_due(std::uint64_t ticks) {
  constexpr std::uint64_t longest = 16;
  return ticks < longest ? std::has_single_bit(ticks) : ticks % longest == 0;
}

}  // namespace

void Epaxos::resend(Step_& step) {
  std::vector<Instance> late;
  for (auto& [instance, led] : leading_) {
    ++led.ticks;
    if (is_due(led.ticks)) resend(instance, led, step);
    auto* stage = std::get_if<PreAccepting>(&led.stage);
    if (stage == nullptr || led.ticks < 2) continue;
    stage->is_late = true;
    late.push_back(instance);
  }
  for (const Instance& instance : late) count_pre_accepts(instance, step);
}

// A Commit is not acknowledged. Who waits for one longer than usual asks for it, which is sooner
// than the recovery, and disturbs nobody.
void Epaxos::ask_again(Step_& step) {
  std::map<Instance, std::uint64_t> before;
  before.swap(waited_for_);
  for (const auto& [instance, waiting] : waits_) {
    if (cell(instance).entry.status == Status::committed) continue;  // and waits itself
    const auto known = before.find(instance);
    const std::uint64_t ticks = known == before.end() ? 0 : known->second + 1;
    if (is_due(ticks)) step.broadcast(epaxos::Ask{instance});
    waited_for_[instance] = ticks;
  }
}

void Epaxos::receive(NodeId from, const epaxos::Ask& asked, Step_& step) {
  if (cell(asked.instance).entry.status == Status::committed) {
    tell_commit(from, asked.instance, step);
  }
}

// What has not been answered is sent again, in whatever stage.
void Epaxos::resend(const Instance& instance, Leading& led, Step_& step) {
  const Entry& entry = cell(instance).entry;
  const auto to_others = [&](const auto& message, auto has_answered) {
    for (const NodeId other : members_) {
      if (other != self_ && !has_answered(other)) step.send(other, message);
    }
  };
  if (const auto* pre = std::get_if<PreAccepting>(&led.stage)) {
    to_others(epaxos::PreAccept{instance, led.ballot, *entry.request, entry.initial},
              [&](NodeId other) { return pre->answers.has(other); });
  } else if (const auto* accepting = std::get_if<Accepting>(&led.stage)) {
    to_others(epaxos::Accept{instance, led.ballot, entry.no_op ? std::nullopt : entry.request,
                             entry.attributes, entry.initial},
              [&](NodeId other) { return accepting->answers.has(other); });
  } else if (const auto* preparing = std::get_if<Preparing>(&led.stage)) {
    to_others(epaxos::Prepare{instance, led.ballot},
              [&](NodeId other) { return preparing->said.contains(other); });
  } else if (const auto* validating = std::get_if<Validating>(&led.stage)) {
    // Asked until nothing stands in the way: what interferes may have been committed meanwhile.
    to_others(
        epaxos::Validate{instance, led.ballot, *entry.request, entry.initial, validating->support},
        [&](NodeId other) {
          return std::find(validating->quorum.begin(), validating->quorum.end(), other) ==
                 validating->quorum.end();
        });
    to_others(epaxos::Prepare{instance, led.ballot},
              [&](NodeId other) { return validating->said.contains(other); });
  }
}

}  // namespace ballast
