#include "sim/check/shadow_log.h"

#include <algorithm>

namespace ballast {

std::size_t ShadowLog::stretch_of(LogIndex index) const {
  const auto after =
      std::upper_bound(stretches_.begin(), stretches_.end(), index,
                       [](LogIndex at, const Stretch& stretch) { return at < stretch.first; });
  return static_cast<std::size_t>(after - stretches_.begin()) - 1;
}

void ShadowLog::put(LogIndex index, Term term) {
  if (index <= last_index_) truncate(index.previous());
  const auto begin_stretch = [this](LogIndex first, Term of) {
    if (last_term() != of || stretches_.empty()) stretches_.push_back({first, of});
  };
  // There may be as many that are missing as a log is long.
  if (index > last_index_.next()) begin_stretch(last_index_.next(), Term{});
  begin_stretch(index, term);
  last_index_ = index;
}

void ShadowLog::truncate(LogIndex last_kept) {
  if (last_kept >= last_index_) return;
  last_index_ = last_kept;
  while (!stretches_.empty() && stretches_.back().first > last_kept) stretches_.pop_back();
}

void ShadowLog::install(LogIndex index, Term term, const ShadowLog& committed) {
  truncate({});
  extend(committed, index);
  if (term_at(index) != term) put(index, term);
}

void ShadowLog::extend(const ShadowLog& other, LogIndex last) {
  last = std::min(last, other.last_index_);
  while (last_index_ < last) {
    const LogIndex first = last_index_.next();
    const std::size_t source = other.stretch_of(first);
    const Term term = other.stretches_[source].term;
    append(first, term);
    const bool is_last = source + 1 == other.stretches_.size();
    last_index_ = is_last ? last : std::min(last, other.stretches_[source + 1].first.previous());
  }
}

LogIndex ShadowLog::first_difference(const ShadowLog& other, LogIndex last) const {
  LogIndex from{1};
  while (from <= last) {
    if (term_at(from) != other.term_at(from)) return from;
    if (from > last_index_ || from > other.last_index_) return {};  // neither has it
    // To the end of the shorter one of the two stretches.
    LogIndex to = std::min({last, last_index_, other.last_index_});
    for (const ShadowLog* log : {this, &other}) {
      const std::size_t next = log->stretch_of(from) + 1;
      if (next < log->stretches_.size()) {
        to = std::min(to, log->stretches_[next].first.previous());
      }
    }
    from = to.next();
  }
  return {};
}

}  // namespace ballast
