#include "sim/check/committed_log.h"

#include <algorithm>

namespace ballast {

bool CommittedLog::put(const Mark& mark, const ShadowLog& log_of_node) {
  const bool is_news = mark.index > log_.last_index();
  if (is_news) log_.extend(log_of_node, mark.index);

  // Where the mark belongs: behind those of terms up to its own.
  const auto after =
      std::upper_bound(marks_.begin(), marks_.end(), mark.term,
                       [](Term term, const Mark& other) { return term < other.term; });
  if (after != marks_.begin() && std::prev(after)->index >= mark.index) return is_news;
  // It makes those superfluous that reach no further although their term is not lower.
  const bool same_term = after != marks_.begin() && std::prev(after)->term == mark.term;
  auto first = same_term ? std::prev(after) : after;
  const auto last = std::find_if(after, marks_.end(),
                                 [&](const Mark& later) { return later.index > mark.index; });
  if (first == last) {
    marks_.insert(first, mark);
  } else {
    *first = mark;
    marks_.erase(std::next(first), last);
  }
  return is_news;
}

const CommittedLog::Mark* CommittedLog::before(Term term) const {
  const auto first =
      std::lower_bound(marks_.begin(), marks_.end(), term,
                       [](const Mark& mark, Term below) { return mark.term < below; });
  return first == marks_.begin() ? nullptr : &*std::prev(first);
}

}  // namespace ballast
