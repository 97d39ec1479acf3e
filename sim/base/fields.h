// The members of a struct, as a list of descriptions of which each has a type of its own. A
// std::tuple would do, but asks the compiler so many questions about what may be converted to what
// that they were half of what it took to read a scenario's headers.
#pragma once

#include <cstddef>
#include <utility>

namespace ballast {

template <std::size_t I, class F>
struct FieldAt {
  F value;
};

template <class Places, class... F>
class FieldsAt;
template <std::size_t... I, class... F>
class FieldsAt<std::index_sequence<I...>, F...> : FieldAt<I, F>... {
 public:
  static constexpr std::size_t count = sizeof...(F);

  constexpr explicit FieldsAt(F... f) : FieldAt<I, F>{f}... {}

  // Calls visit(field) for each, in order.
  template <class Visit>
  [[gnu::always_inline]] constexpr void each(Visit&& visit) const {
    (visit(FieldAt<I, F>::value), ...);
  }
  // What use(field...) returns, called with all of them at once.
  template <class Use>
  constexpr auto all(Use&& use) const {
    return use(FieldAt<I, F>::value...);
  }
};

template <class... F>
class Fields : public FieldsAt<std::index_sequence_for<F...>, F...> {
 public:
  using FieldsAt<std::index_sequence_for<F...>, F...>::FieldsAt;

  // REQUIRES that there is one.
  constexpr auto first() const {
    return this->all([](const auto& first, const auto&...) { return first; });
  }
  // Those of a struct that is made of two.
  template <class... G>
  friend constexpr auto operator+(const Fields& a, const Fields<G...>& b) {
    return a.all([&](const auto&... of_a) {
      return b.all([&](const auto&... of_b) { return Fields<F..., G...>(of_a..., of_b...); });
    });
  }
};
template <class... F>
Fields(F...) -> Fields<F...>;

}  // namespace ballast
