// What is said, written and kept in one instance of Paxos, classic or fast: see paxos.h and
// fast_paxos.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/protocol/fact.h"
#include "sim/protocol/step.h"

namespace ballast::paxos {

// Facts carry the value itself as its digest, so that a report can name it.
inline ValueDigest digest_of(std::int64_t value) { return {static_cast<std::uint64_t>(value)}; }

// To every member, oneself included: whoever plays one role plays them all.
template <class P>
void send_to_all(const typename P::Message& message, Step<P>& step) {
  step.broadcast(message);
  step.send(step.self(), message);
}

// Draws another wait, from `least` to `most` ns and up to four times as long, that is not shorter
// than a round trip.
inline void vary_wait(DurationRange& range, std::uint64_t least, std::uint64_t most, Stream& dice,
                      Duration round_trip) {
  least = std::max(least, static_cast<std::uint64_t>(round_trip.ns));
  most = std::max(most, 2 * least);
  range.min.ns = static_cast<std::int64_t>(log_uniform(dice, least, most));
  const auto min = static_cast<std::uint64_t>(range.min.ns);
  range.max.ns = static_cast<std::int64_t>(log_uniform(dice, min, 4 * min));
}

// A session has one request outstanding: a newer one replaces what the client has given up.
inline void add_waiting(std::vector<RequestId>& waiting, const RequestId& id) {
  std::erase_if(waiting, [&](const RequestId& other) {
    return other.client == id.client && other.session == id.session;
  });
  waiting.push_back(id);
}

// A proposal that an acceptor has accepted: its highest-numbered one.
struct Vote {
  Ballot ballot;
  std::int64_t value = 0;
  friend constexpr auto operator<=>(const Vote&, const Vote&) = default;
  static constexpr std::string_view name = "Vote";
  static constexpr auto fields =
      Fields{field("ballot", &Vote::ballot), field("value", &Vote::value)};
};

// --- Messages ----------------------------------------------------------------------------------

struct Prepare {  // phase 1a, to acceptors: promise to accept nothing below `ballot`
  Ballot ballot;
  friend constexpr auto operator<=>(const Prepare&, const Prepare&) = default;
  static constexpr std::string_view name = "Prepare";
  static constexpr auto fields = Fields{field("ballot", &Prepare::ballot)};
};

struct Promise {  // phase 1b, to the proposer: promised; and this is my vote, if I have cast one
  Ballot ballot;
  std::optional<Vote> vote;
  friend constexpr auto operator<=>(const Promise&, const Promise&) = default;
  static constexpr std::string_view name = "Promise";
  static constexpr auto fields =
      Fields{field("ballot", &Promise::ballot), field("vote", &Promise::vote)};
};

struct Accept {  // phase 2a, to acceptors: accept this proposal
  Ballot ballot;
  std::int64_t value = 0;
  friend constexpr auto operator<=>(const Accept&, const Accept&) = default;
  static constexpr std::string_view name = "Accept";
  static constexpr auto fields =
      Fields{field("ballot", &Accept::ballot), field("value", &Accept::value)};
};

struct Accepted {  // phase 2b, to learners: accepted
  Ballot ballot;
  std::int64_t value = 0;
  friend constexpr auto operator<=>(const Accepted&, const Accepted&) = default;
  static constexpr std::string_view name = "Accepted";
  static constexpr auto fields =
      Fields{field("ballot", &Accepted::ballot), field("value", &Accepted::value)};
};

struct Refused {  // to the proposer of `ballot`: I have promised a higher one
  Ballot ballot;
  Ballot promised;
  friend constexpr auto operator<=>(const Refused&, const Refused&) = default;
  static constexpr std::string_view name = "Refused";
  static constexpr auto fields =
      Fields{field("ballot", &Refused::ballot), field("promised", &Refused::promised)};
};

struct Inquire {  // to everyone: has a value been chosen?
  friend constexpr auto operator<=>(const Inquire&, const Inquire&) = default;
  static constexpr std::string_view name = "Inquire";
  static constexpr auto fields = Fields{};
};

struct Decision {  // to whoever still works on what is settled: this value is chosen
  std::int64_t value = 0;
  friend constexpr auto operator<=>(const Decision&, const Decision&) = default;
  static constexpr std::string_view name = "Decision";
  static constexpr auto fields = Fields{field("value", &Decision::value)};
};

// --- Records -----------------------------------------------------------------------------------

struct RoundUsed {  // the proposer used this round and must not use it again
  std::uint64_t round = 0;
  friend constexpr auto operator<=>(const RoundUsed&, const RoundUsed&) = default;
  static constexpr std::string_view name = "RoundUsed";
  static constexpr auto fields = Fields{field("round", &RoundUsed::round)};
};

struct PromiseGiven {  // the acceptor promised this ballot
  Ballot ballot;
  friend constexpr auto operator<=>(const PromiseGiven&, const PromiseGiven&) = default;
  static constexpr std::string_view name = "PromiseGiven";
  static constexpr auto fields = Fields{field("ballot", &PromiseGiven::ballot)};
};

// --- What a proposer (or coordinator) and a learner are at --------------------------------------

struct Idle {  // nothing to propose, or the decision is known
  static constexpr std::string_view name = "Idle";
  static constexpr auto fields = Fields{};
};

struct PromiseHeard {
  NodeId acceptor;
  std::optional<Vote> vote;
  static constexpr std::string_view name = "PromiseHeard";
  static constexpr auto fields =
      Fields{field("acceptor", &PromiseHeard::acceptor), field("vote", &PromiseHeard::vote)};
};

struct Preparing {  // in phase 1 of `ballot`
  Ballot ballot;
  std::vector<PromiseHeard> promises = {};  // one for each acceptor that has promised
  static constexpr std::string_view name = "Preparing";
  static constexpr auto fields =
      Fields{field("ballot", &Preparing::ballot), field("promises", &Preparing::promises)};
};

struct Asking {  // in phase 2 of `ballot`
  Ballot ballot;
  std::int64_t value = 0;
  static constexpr std::string_view name = "Asking";
  static constexpr auto fields =
      Fields{field("ballot", &Asking::ballot), field("value", &Asking::value)};
};

struct BackingOff {  // refused, and waiting to try a ballot of a round above `refused_by`
  std::uint64_t refused_by = 0;
  static constexpr std::string_view name = "BackingOff";
  static constexpr auto fields = Fields{field("refused_by", &BackingOff::refused_by)};
};

struct VoteHeard {
  NodeId acceptor;
  Vote vote;
  static constexpr std::string_view name = "VoteHeard";
  static constexpr auto fields =
      Fields{field("acceptor", &VoteHeard::acceptor), field("vote", &VoteHeard::vote)};
};

struct Learner {
  std::vector<VoteHeard> votes;         // the highest-numbered of each acceptor
  std::optional<std::int64_t> decided;  // what is chosen, once it is known
  static constexpr std::string_view name = "Learner";
  static constexpr auto fields =
      Fields{field("votes", &Learner::votes), field("decided", &Learner::decided)};
};

}  // namespace ballast::paxos
