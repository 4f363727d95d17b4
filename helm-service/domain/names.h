#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace berth::helm {

/// Name of a release: lower case letters, digits and '-', 1 to 53 characters. It can be neither a
/// flag nor a path.
class ReleaseName {
 public:
  /// Errors: INVALID_ARGUMENT, saying what would be right.
  static absl::StatusOr<ReleaseName> Parse(std::string_view text);

  const std::string& value() const { return value_; }
  friend auto operator<=>(const ReleaseName&, const ReleaseName&) = default;

 private:
  explicit ReleaseName(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

/// Name of a Kubernetes namespace: as a release's, up to 63 characters.
class NamespaceName {
 public:
  /// Errors: INVALID_ARGUMENT, saying what would be right.
  static absl::StatusOr<NamespaceName> Parse(std::string_view text);

  const std::string& value() const { return value_; }
  friend auto operator<=>(const NamespaceName&, const NamespaceName&) = default;

 private:
  explicit NamespaceName(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

/// Name of a chart repository, as callers use it for an alias: as a namespace's.
class RepositoryName {
 public:
  /// Errors: INVALID_ARGUMENT, saying what would be right.
  static absl::StatusOr<RepositoryName> Parse(std::string_view text);

  const std::string& value() const { return value_; }
  friend auto operator<=>(const RepositoryName&, const RepositoryName&) = default;

 private:
  explicit RepositoryName(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

/// Name of a chart within a repository: letters, digits, '.', '_' and '-', a letter or digit first,
/// 1 to 250 characters. It is one segment of a path and no flag.
class ChartName {
 public:
  /// Errors: INVALID_ARGUMENT, saying what would be right.
  static absl::StatusOr<ChartName> Parse(std::string_view text);

  const std::string& value() const { return value_; }
  friend auto operator<=>(const ChartName&, const ChartName&) = default;

 private:
  explicit ChartName(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

/// Name of a Kubernetes object: lower case letters, digits, '-' and '.', 1 to 253 characters.
class ObjectName {
 public:
  /// Errors: INVALID_ARGUMENT, saying what would be right.
  static absl::StatusOr<ObjectName> Parse(std::string_view text);

  const std::string& value() const { return value_; }
  friend auto operator<=>(const ObjectName&, const ObjectName&) = default;

 private:
  explicit ObjectName(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

/// Which release: releases of one name in two namespaces are strangers.
struct ReleaseKey {
  NamespaceName ns;
  ReleaseName name;

  friend auto operator<=>(const ReleaseKey&, const ReleaseKey&) = default;
};

}  // namespace berth::helm
