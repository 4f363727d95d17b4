#pragma once

#include <map>
#include <optional>
#include <string>

namespace berth::pool {

/// How many ports of a pool each namespace may hold at once; a number with both protocols is two.
struct Quotas {
  /// For namespaces that `by_namespace` does not name; none means any number.
  std::optional<int> per_namespace;
  std::map<std::string, int> by_namespace;

  /// None means any number.
  std::optional<int> For(const std::string& ns) const {
    const auto found = by_namespace.find(ns);
    return found == by_namespace.end() ? per_namespace : found->second;
  }

  friend bool operator==(const Quotas&, const Quotas&) = default;
};

}  // namespace berth::pool
