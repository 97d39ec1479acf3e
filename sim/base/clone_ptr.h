// A pointer that owns, and copies what it owns: polymorphic members of a value.
#pragma once

#include <memory>
#include <utility>

namespace ballast {

// REQUIRES T::clone() const, returning std::unique_ptr<T>.
template <class T>
class ClonePtr {
 public:
  ClonePtr() = default;
  ClonePtr(std::unique_ptr<T> held) : held_(std::move(held)) {}
  ClonePtr(ClonePtr&&) noexcept = default;
  ClonePtr& operator=(ClonePtr&&) noexcept = default;
  ClonePtr(const ClonePtr& other) : held_(other.held_ ? other.held_->clone() : nullptr) {}
  ClonePtr& operator=(const ClonePtr& other) {
    if (this != &other) held_ = other.held_ ? other.held_->clone() : nullptr;
    return *this;
  }
  ~ClonePtr() = default;

  T& operator*() const { return *held_; }
  T* operator->() const { return held_.get(); }
  T* get() const { return held_.get(); }
  explicit operator bool() const { return held_ != nullptr; }

 private:
  std::unique_ptr<T> held_;
};

}  // namespace ballast
