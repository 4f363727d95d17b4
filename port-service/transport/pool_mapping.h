#pragma once

#include "absl/status/statusor.h"
#include "port-service/domain/pool_store.h"

#include "berth/port/v1/pool.pb.h"

namespace berth::port {

/// Reads what is configured of a request's field `pool`; what is for answers only is passed over.
/// INVALID_ARGUMENT, INVALID_FIELD with every field at fault, such as "pool.first_port".
absl::StatusOr<PoolSpec> ParsePoolSpec(const v1::PortPool& proto);

}  // namespace berth::port
