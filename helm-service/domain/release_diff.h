#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "helm-service/domain/manifest.h"
#include "helm-service/domain/object_diff.h"
#include "helm-service/domain/release_content.h"
#include "helm-service/domain/secret_policy.h"
#include "helm-service/domain/text_diff.h"

namespace berth::helm {

/// Objects and hooks of a release, in the order in which Helm applies them, hooks last.
/// Errors: RESOURCE_EXHAUSTED beyond the limits.
absl::StatusOr<std::vector<ManifestObject>> RenderedObjects(const ReleaseContent& content,
                                                            const ManifestLimits& limits = {});

/// What becomes of one object between two states of a release.
struct ObjectChange {
  enum class Kind { kAdded, kRemoved, kChanged, kUnchanged };

  Kind kind = Kind::kUnchanged;
  /// Of the later state in which it is.
  ManifestObject object;
  /// Of a changed object.
  std::vector<FieldChange> fields;
  /// Not all of them are in `fields`.
  bool more_fields = false;
  /// The difference of the two states as text, of which comments and the order of keys are no part;
  /// empty for an unchanged object.
  std::string text;
};

/// What to compare, and how.
struct DiffOptions {
  /// Objects that name no namespace are in this one.
  std::string release_namespace;
  DiffLabels labels;
  SecretValues secrets = SecretValues::kMasked;
  /// Per object.
  std::size_t fields = 1'000;
};

/// Compares two states of a release object by object, matched by group, kind, namespace and name:
/// those of the later state in its order, then the removed ones.
std::vector<ObjectChange> CompareRenderings(const std::vector<ManifestObject>& before,
                                            const std::vector<ManifestObject>& after,
                                            const DiffOptions& options);

/// Masks the values of Secrets in the texts of objects. What may be a Secret and cannot be read is
/// replaced by a comment.
void MaskObjects(std::vector<ManifestObject>& objects);

}  // namespace berth::helm
