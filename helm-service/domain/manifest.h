#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "helm-service/domain/values.h"

namespace berth::helm {

/// Bounds on a manifest, that is, on what a chart renders to.
struct ManifestLimits {
  std::size_t bytes = std::size_t{16} << 20;
  std::size_t objects = 5'000;
  /// Of each document.
  ValuesLimits document = {.bytes = std::size_t{16} << 20, .nodes = 500'000};
};

/// One YAML document of a manifest.
struct ManifestDocument {
  /// The template that it was rendered from, such as "web/templates/service.yaml"; empty if Helm
  /// did not say.
  std::string source;
  /// As rendered, without separators and without Helm's comment. Shows what Secrets hold.
  std::string text;
};

/// Splits what Helm rendered, or stored with a release, into its documents; those without content
/// are left out.
std::vector<ManifestDocument> SplitDocuments(std::string_view manifest);

/// One Kubernetes object of a manifest, or a document that is none: then only `source` and `text`
/// are set.
struct ManifestObject {
  std::string source;
  std::string api_version;
  std::string kind;
  /// Empty where the manifest names none: that of the release, or none for a cluster-wide kind.
  std::string ns;
  std::string name;
  /// When it runs if it is a hook ("pre-install", ...); else empty.
  std::vector<std::string> hook_events;
  /// Its YAML. Shows what Secrets hold.
  std::string text;

  /// The object. Errors: INVALID_ARGUMENT with line and column; never with a value.
  absl::StatusOr<nlohmann::json> Read(const ManifestLimits& limits = {}) const;
};

/// The objects of a manifest, in its order. The items of a List become objects of their own, as
/// they do in Helm. Errors: RESOURCE_EXHAUSTED beyond the limits.
absl::StatusOr<std::vector<ManifestObject>> SplitManifest(std::string_view manifest,
                                                          const ManifestLimits& limits = {});

}  // namespace berth::helm
