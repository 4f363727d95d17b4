#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "helm-service/domain/values.h"

namespace berth::helm {

/// Reads one YAML mapping as Helm reads a values file: YAML 1.1 scalars (a bare `yes` is true,
/// `017` and `0o17` are 15), merge keys, aliases; an empty document is an empty mapping. Bare
/// integers beyond 2^53 are kept as such, for CheckValues to refuse. Memory is bounded by `limits`.
///
/// Errors: INVALID_ARGUMENT with line and column; never with a value.
absl::StatusOr<nlohmann::json> ReadYamlValues(const std::string& yaml, const ValuesLimits& limits);

/// Reads one Kubernetes object: as ReadYamlValues, but of two equal keys in a mapping the later one
/// counts, as charts in use rely on.
absl::StatusOr<nlohmann::json> ReadYamlObject(const std::string& yaml, const ValuesLimits& limits);

}  // namespace berth::helm
