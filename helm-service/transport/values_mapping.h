#pragma once

#include <google/protobuf/repeated_ptr_field.h>
#include <google/protobuf/struct.pb.h>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "common/status/status.h"
#include "helm-service/domain/values.h"

#include "berth/helm/v1/release.pb.h"

namespace berth::helm {

/// A structure as values: numbers without a fraction become integers. Errors: INVALID_ARGUMENT for
/// an integer from 2^53 on, which may have lost digits on its way here.
absl::StatusOr<nlohmann::json> StructToValues(const google::protobuf::Struct& structure);

/// Values, an object, as a structure; numbers become 64-bit floating point, as Helm has them.
google::protobuf::Struct ValuesToStruct(const nlohmann::json& values);

/// Reads, checks and merges the sources of a request. What is wrong is added to `violations` under
/// "values[i]". Errors: INVALID_ARGUMENT (REQUEST_TOO_LARGE).
absl::StatusOr<nlohmann::json> ToValues(
    const google::protobuf::RepeatedPtrField<v1::ValuesSource>& sources, const ValuesLimits& limits,
    FieldViolations& violations);

}  // namespace berth::helm
