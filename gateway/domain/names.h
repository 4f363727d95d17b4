#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/status/statusor.h"

namespace berth::gateway {

/// What a kind of name may look like.
struct NameRule {
  /// For error texts: "a namespace".
  std::string_view noun;
  std::size_t max_length;
  /// Whether '.' may part it into several labels.
  bool dots = false;
  /// Whether the first character of a label must be a letter.
  bool letter_first = false;
};

/// OK if `text` follows `rule`: lower case letters, digits and '-' (and '.'), letters or digits at
/// both ends of every label. Otherwise INVALID_FIELD of the field "".
absl::Status CheckName(const NameRule& rule, std::string_view text);

/// A name that follows the rule of its kind. Kinds are told apart by type, so that a namespace
/// never stands where a release is meant.
template <typename Kind>
class Name {
 public:
  static absl::StatusOr<Name> Parse(std::string text) {
    if (absl::Status status = CheckName(Kind::kRule, text); !status.ok()) {
      return status;
    }
    return Name(std::move(text));
  }

  const std::string& str() const { return text_; }

  friend bool operator==(const Name&, const Name&) = default;
  friend bool operator<(const Name& a, const Name& b) { return a.text_ < b.text_; }

 private:
  explicit Name(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

struct NamespaceKind {
  static constexpr NameRule kRule{"a namespace", 63};
};
struct ExposureKind {
  static constexpr NameRule kRule{"an exposure's name", 253, true};
};
struct ReleaseKind {
  static constexpr NameRule kRule{"a release's name", 53};
};
struct ServiceKind {
  static constexpr NameRule kRule{"a Service's name", 63, false, true};
};
struct PortNameKind {
  static constexpr NameRule kRule{"the name of a Service's port", 63};
};
struct EntryKind {
  static constexpr NameRule kRule{"an entry's name", 15};
};

using Namespace = Name<NamespaceKind>;
using ExposureName = Name<ExposureKind>;
using ReleaseName = Name<ReleaseKind>;
using ServiceName = Name<ServiceKind>;
/// Name of a port within a Service.
using PortName = Name<PortNameKind>;
/// Name of one of an exposure's ports.
using EntryName = Name<EntryKind>;

/// Namespace and name of an exposure.
struct ExposureKey {
  Namespace ns;
  ExposureName name;

  /// "shop/web".
  std::string ToString() const { return ns.str() + "/" + name.str(); }

  friend bool operator==(const ExposureKey&, const ExposureKey&) = default;
  friend bool operator<(const ExposureKey& a, const ExposureKey& b) {
    return std::tie(a.ns, a.name) < std::tie(b.ns, b.name);
  }
};

}  // namespace berth::gateway
