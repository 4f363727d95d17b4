#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/client.h"

namespace berth::harness {

/// The documents of a YAML file as JSON, by YAML 1.2's core types.
absl::StatusOr<std::vector<kube::Json>> ReadYaml(const std::string& path);

/// Creates custom resource definitions and waits until they are served.
absl::Status ApplyDefinitions(kube::Client& client, const std::vector<kube::Json>& definitions);

/// Creates the custom resource definitions of Berth's chart and waits until they are served.
absl::Status ApplyCustomResources(kube::Client& client);

}  // namespace berth::harness
