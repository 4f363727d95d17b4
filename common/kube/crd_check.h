#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/kube/client.h"
#include "common/kube/resource.h"

namespace berth::kube {

/// Annotation of Berth's custom resource definitions: a number, raised with every change of the
/// schema.
inline constexpr std::string_view kSchemaRevisionAnnotation = "berth.dev/schema-revision";

/// A custom resource that a program reads or writes, and the lowest revision of its schema that has
/// all the fields the program knows. On an older one the API server would drop those fields.
struct NeededSchema {
  Resource resource;
  int revision = 1;
};

/// Checks at start-up that the cluster's definitions are new enough. FAILED_PRECONDITION,
/// CRD_TOO_OLD naming each that is missing, not yet served, or too old; the error of the read if
/// one fails.
absl::Status CheckSchemas(Client& client, const std::vector<NeededSchema>& needed);

}  // namespace berth::kube
