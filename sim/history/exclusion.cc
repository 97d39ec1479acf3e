// Mutual exclusion as clients see it. A client holds a lock from the return of its acquire to the
// call of its release, whatever came of the release. One that crashed, or whose release the service
// refused, may have lost the lock at any time after it got it: of that nothing is claimed.
#include <algorithm>

#include "sim/history/reads_from.h"
#include "sim/history/table.h"

namespace ballast::history {
namespace {

struct Holding {
  std::uint32_t acquire = 0;
  std::uint32_t release = Operation::never;
};

// What one lock was used for.
class LockHistory {
 public:
  LockHistory(const History& history, std::uint32_t object) : history_(history), object_(object) {}

  void add(std::uint32_t i) {
    const Operation& op = history_.operations[i];
    const std::uint32_t owner = owners_.number(op.owner);
    if (owner == current_.size()) current_.push_back(Operation::never);
    if (op.action == Action::acquire && op.outcome == Outcome::ok) {
      if (has_token(i) && current_[owner] != Operation::never &&
          operation(holdings_[current_[owner]].acquire).result == op.result) {
        return;  // its holder was given it again
      }
      current_[owner] = static_cast<std::uint32_t>(holdings_.size());
      holdings_.push_back({i, Operation::never});
    } else if (op.action == Action::release && current_[owner] != Operation::never) {
      Holding& holding = holdings_[current_[owner]];
      if (op.outcome != Outcome::refused && op.called > operation(holding.acquire).returned) {
        holding.release = i;
      }
      current_[owner] = Operation::never;
    }
  }

  void judge(ConsistencyVerdict& verdict) {
    std::stable_sort(holdings_.begin(), holdings_.end(),
                     [this](const Holding& a, const Holding& b) {
                       return operation(a.acquire).returned < operation(b.acquire).returned;
                     });
    find_overlaps(verdict);
    find_tokens(verdict);
    find_equal_tokens(verdict);
  }
  std::size_t holdings() const { return holdings_.size(); }
  std::size_t without_end() const {
    return static_cast<std::size_t>(
        std::count_if(holdings_.begin(), holdings_.end(),
                      [](const Holding& each) { return each.release == Operation::never; }));
  }
  std::size_t without_token() const {
    return static_cast<std::size_t>(
        std::count_if(holdings_.begin(), holdings_.end(),
                      [this](const Holding& each) { return !has_token(each.acquire); }));
  }

 private:
  const Operation& operation(std::uint32_t i) const { return history_.operations[i]; }
  std::string who(std::uint32_t i) const {
    return say_process(operation(i).process, history_.values);
  }

  // In the order of their beginnings, each against the one that ends last of those before.
  void find_overlaps(ConsistencyVerdict& verdict) const {
    const Holding* longest = nullptr;
    for (const Holding& each : holdings_) {
      const std::uint32_t from = operation(each.acquire).returned;
      if (longest != nullptr && operation(longest->release).called > from) {
        std::vector<std::uint32_t> operations{longest->acquire, longest->release, each.acquire};
        std::sort(operations.begin(), operations.end());
        add_breach(verdict, {object_, operations,
                             of_key(history_, object_) + who(each.acquire) + " got the lock by " +
                                 say_time(history_, operation(each.acquire).ended) + ", when " +
                                 who(longest->acquire) + " had it from " +
                                 say_time(history_, operation(longest->acquire).ended) +
                                 " and did not begin to release it before " +
                                 say_time(history_, operation(longest->release).invoked)});
      }
      if (each.release == Operation::never) continue;
      if (longest == nullptr ||
          operation(longest->release).called < operation(each.release).called) {
        longest = &each;
      }
    }
  }

  // A token that was given out before another was asked for is less than that one.
  void find_tokens(ConsistencyVerdict& verdict) const {
    std::vector<std::uint32_t> called;
    for (const Holding& each : holdings_) {
      if (has_token(each.acquire)) called.push_back(each.acquire);
    }
    std::sort(called.begin(), called.end());
    std::uint32_t greatest = Operation::never;
    std::size_t next = 0;
    for (const std::uint32_t i : called) {
      for (; next < holdings_.size(); ++next) {
        const std::uint32_t given = holdings_[next].acquire;
        if (operation(given).returned > operation(i).called) break;
        if (!has_token(given)) continue;
        if (greatest == Operation::never || operation(given).result > operation(greatest).result) {
          greatest = given;
        }
      }
      if (greatest == Operation::never || operation(greatest).result < operation(i).result)
        continue;
      add_breach(verdict,
                 {object_,
                  {greatest, i},
                  of_key(history_, object_) + who(i) + " asked at " +
                      say_time(history_, operation(i).invoked) + " and was given the token " +
                      token(i) + ", but " + who(greatest) + " had been given " + token(greatest) +
                      " by " + say_time(history_, operation(greatest).ended)});
    }
  }

  // Nor are two holdings fenced by the same token, even if they were asked for at once.
  void find_equal_tokens(ConsistencyVerdict& verdict) const {
    std::vector<std::uint32_t> given;
    for (const Holding& each : holdings_) {
      if (has_token(each.acquire)) given.push_back(each.acquire);
    }
    std::stable_sort(given.begin(), given.end(), [this](std::uint32_t a, std::uint32_t b) {
      return operation(a).result < operation(b).result;
    });
    for (std::size_t i = 1; i < given.size(); ++i) {
      const std::uint32_t a = std::min(given[i - 1], given[i]);
      const std::uint32_t b = std::max(given[i - 1], given[i]);
      if (operation(a).result != operation(b).result) continue;
      if (operation(a).returned < operation(b).called) continue;  // found before
      add_breach(verdict, {object_,
                           {a, b},
                           of_key(history_, object_) + who(a) + " and " + who(b) +
                               " were both given the token " + token(a)});
    }
  }

  bool has_token(std::uint32_t i) const {
    const Word result = operation(i).result;
    return result != nil && !Values::is_text(result) && !Values::is_list(result);
  }
  std::string token(std::uint32_t i) const { return history_.values.say(operation(i).result); }

  const History& history_;
  std::uint32_t object_;
  WordTable owners_;
  std::vector<std::uint32_t> current_;  // by owner: its holding
  std::vector<Holding> holdings_;
};

}  // namespace

ConsistencyVerdict judge_exclusion(const History& history) {
  std::vector<LockHistory> locks;
  for (std::uint32_t object = 0; object < history.objects.size(); ++object) {
    locks.emplace_back(history, object);
  }
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    locks[history.operations[i].object].add(i);
  }
  ConsistencyVerdict verdict;
  std::size_t open = 0;
  std::size_t bare = 0;
  std::size_t all = 0;
  for (LockHistory& lock : locks) {
    lock.judge(verdict);
    open += lock.without_end();
    bare += lock.without_token();
    all += lock.holdings();
  }
  if (open > 0) {
    verdict.notes.push_back(std::to_string(open) + " of " + std::to_string(all) +
                            " holdings have no release: how long they lasted is not known");
  }
  if (bare > 0) {
    verdict.notes.push_back(std::to_string(bare) + " of " + std::to_string(all) +
                            " holdings have no fencing token");
  }
  conclude(verdict);
  return verdict;
}

}  // namespace ballast::history
