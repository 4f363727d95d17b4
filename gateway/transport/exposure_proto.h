#pragma once

#include "absl/status/statusor.h"
#include "common/status/status.h"
#include "gateway/domain/exposure.h"
#include "gateway/domain/exposure_spec.h"

#include "berth/gateway/v1/exposure.pb.h"

namespace berth::gateway {

/// Reads the ports of a request: 1 to 16 of them, a single one may go without a name. Field paths
/// of errors begin at the ports: "ports[2].port".
absl::StatusOr<std::vector<PortWish>> PortsFromProto(
    const google::protobuf::RepeatedPtrField<v1::PortWish>& ports);

/// Errors are INVALID_FIELD with every field at fault.
absl::StatusOr<ExposureSpec> SpecFromProto(const v1::ExposureSpec& spec);

/// The exposure as callers see it, its state computed.
v1::Exposure ToProto(const Exposure& exposure);

}  // namespace berth::gateway
