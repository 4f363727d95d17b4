#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "helm-service/domain/sha256.h"

namespace berth::helm {

/// A chart in a registry: "oci://host[:port]/path[:tag][@sha256:digest]". Parsed, so that every
/// part is fit for a URL as it is.
class OciReference {
 public:
  /// A '+' in the tag is read as the '_' that stands for it in registries. Errors:
  /// INVALID_ARGUMENT, saying what would be right.
  static absl::StatusOr<OciReference> Parse(std::string_view text);

  /// "host" or "host:port", lower case.
  const std::string& registry() const { return registry_; }
  /// The path, without slashes at its ends.
  const std::string& repository() const { return repository_; }
  const std::optional<std::string>& tag() const { return tag_; }
  const std::optional<Sha256>& digest() const { return digest_; }

  OciReference WithTag(std::string tag) const;
  std::string ToString() const;

 private:
  OciReference() = default;

  std::string registry_;
  std::string repository_;
  std::optional<std::string> tag_;
  std::optional<Sha256> digest_;
};

}  // namespace berth::helm
