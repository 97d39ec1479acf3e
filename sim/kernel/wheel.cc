#include "sim/kernel/wheel.h"

#include <algorithm>

namespace ballast {
namespace {

// A run of this length or more is worth the fixed cost of taking it out and sorting it.
constexpr std::size_t enough = 128;

// Below this length an insertion sort beats two passes over 256 counters.
constexpr std::size_t short_run = 24;

// The greatest word that agrees with `word` above the digit at `shift` and has that digit.
constexpr std::uint64_t last_with_digit(std::uint64_t word, unsigned shift, unsigned digit) {
  const std::uint64_t unit = std::uint64_t{1} << shift;
  return (word & ~(255 * unit)) | digit * unit | (unit - 1);
}

// One pass of a counting sort, stable, by the digit of one level.
template <std::uint64_t Pending::*word>
void sort_by_digit(const std::vector<Pending>& from, std::vector<Pending>& to, unsigned shift) {
  std::array<std::uint32_t, 256> start{};
  for (const Pending& entry : from) ++start[(entry.*word >> shift) & 255];
  std::uint32_t sum = 0;
  for (std::uint32_t& each : start) {
    const std::uint32_t count = each;
    each = sum;
    sum += count;
  }
  for (const Pending& entry : from) to[start[(entry.*word >> shift) & 255]++] = entry;
}

void sort_by_level(const std::vector<Pending>& from, std::vector<Pending>& to, unsigned level) {
  if (level < 8) {
    sort_by_digit<&Pending::order>(from, to, 8 * level);
  } else {
    sort_by_digit<&Pending::at>(from, to, 8 * (level - 8));
  }
}

// Finishes what is nearly sorted. Where it is not so near, for many entries shared the digits that
// were looked at, the insertions would grow with the square of the length, and std::sort takes
// over.
void insertion_sort(std::vector<Pending>& run) {
  std::size_t moves = 0;
  for (std::size_t i = 1; i < run.size(); ++i) {
    if (run[i - 1] < run[i]) continue;
    const Pending entry = run[i];
    std::size_t hole = i;
    for (; hole > 0 && entry < run[hole - 1]; --hole) run[hole] = run[hole - 1];
    run[hole] = entry;
    moves += i - hole;
    if (moves > 8 * run.size()) {
      std::sort(run.begin(), run.end());  // keys are unique: the order is total
      return;
    }
  }
}

}  // namespace

void Wheel::set_base(const Pending& base) {
  base_ = base;
  if (buckets_.empty()) buckets_.resize(levels * 256);
}

unsigned Wheel::first_digit(unsigned level) const {
  unsigned word = 0;
  while (used_digits_[level][word] == 0) ++word;
  return word * 64 + static_cast<unsigned>(std::countr_zero(used_digits_[level][word]));
}

void Wheel::add_chunk(Bucket& bucket, unsigned level, unsigned digit) {
  const std::uint32_t chunk = spare_ != none ? spare_ : static_cast<std::uint32_t>(chunks_.size());
  if (spare_ != none) {
    spare_ = chunks_[chunk].next;
  } else {
    chunks_.emplace_back();
  }
  chunks_[chunk].next = none;
  if (bucket.size == 1) {
    bucket.first = chunk;
    used_levels_ |= 1u << level;
    used_digits_[level][digit / 64] |= std::uint64_t{1} << digit % 64;
  } else {
    chunks_[bucket.last].next = chunk;
  }
  bucket.last = chunk;
}

template <class Visit>
void Wheel::for_each(const Bucket& bucket, Visit&& visit) const {
  std::uint32_t left = bucket.size;
  for (std::uint32_t chunk = bucket.first; left > 0; chunk = chunks_[chunk].next) {
    // The list is invisible to the hardware's prefetcher, and the next chunk long out of cache.
    const std::uint32_t next = chunks_[chunk].next;
    if (next != none) {
      const char* const line = reinterpret_cast<const char*>(&chunks_[next]);
      for (std::size_t i = 0; i < sizeof(Chunk); i += 64) __builtin_prefetch(line + i);
    }
    const std::uint32_t count = std::min(left, Chunk::capacity);
    // By value, and addressed anew: the visitor may add chunks to the pool.
    for (std::uint32_t i = 0; i < count; ++i) visit(Pending(chunks_[chunk].entries[i]));
    left -= count;
  }
}

template <class Visit>
void Wheel::drain(unsigned level, unsigned digit, Visit&& visit) {
  const Bucket full = bucket(level, digit);
  bucket(level, digit) = Bucket{};
  size_ -= full.size;
  auto& digits = used_digits_[level];
  digits[digit / 64] &= ~(std::uint64_t{1} << digit % 64);
  if ((digits[0] | digits[1] | digits[2] | digits[3]) == 0) used_levels_ &= ~(1u << level);
  for_each(full, visit);
  chunks_[full.last].next = spare_;
  spare_ = full.first;
}

// Distributes a bucket over the levels below. The base moves to its earliest entry rather than to
// its lower end, so that entries that agree in many more digits skip as many levels at once.
void Wheel::spread(unsigned level, unsigned digit) {
  Pending least = Pending::never();
  for_each(bucket(level, digit), [&](const Pending& entry) { least = earlier(least, entry); });
  base_ = least;
  drain(level, digit, [this](const Pending& entry) { put(entry); });
}

Pending Wheel::take(std::vector<Pending>& run, std::size_t most) {
  unsigned level = lowest_level();
  unsigned digit = first_digit(level);
  while (bucket(level, digit).size > most) {
    spread(level, digit);
    level = lowest_level();
    digit = first_digit(level);
  }
  run.clear();
  const auto append = [&](const Pending& entry) { run.push_back(entry); };
  drain(level, digit, append);
  // The buckets that follow at this level extend the run. Those above it do not: the bound could
  // then pass the lower levels, where entries between it and the base belong.
  unsigned sorted_level = level > 0 ? level - 1 : 0;
  while (run.size() < enough && (used_levels_ >> level & 1) != 0) {
    const unsigned next = first_digit(level);
    if (run.size() + bucket(level, next).size > most) break;
    drain(level, next, append);
    digit = next;
    sorted_level = level;
  }
  sort(run, sorted_level);

  Pending bound = base_;
  if (level < 8) {
    bound.order = last_with_digit(base_.order, 8 * level, digit);
  } else {
    bound.at = last_with_digit(base_.at, 8 * (level - 8), digit);
    bound.order = ~std::uint64_t{0};
  }
  return bound;
}

// `level` is the highest at which the entries differ. Two digits nearly always order a run.
void Wheel::sort(std::vector<Pending>& run, unsigned level) {
  if (run.size() > short_run && level > 0) {
    scratch_.resize(run.size());
    sort_by_level(run, scratch_, level - 1);
    sort_by_level(scratch_, run, level);
  }
  insertion_sort(run);
}

void Wheel::take_all(std::vector<Pending>& out) {
  while (size_ > 0) {
    const unsigned level = lowest_level();
    drain(level, first_digit(level), [&](const Pending& entry) { out.push_back(entry); });
  }
}

}  // namespace ballast
