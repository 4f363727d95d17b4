#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/operation/spec.h"

namespace berth::operation {

/// INVALID_ARGUMENT, INVALID_FIELD for what a caller got wrong in `run`: request_id, timeout,
/// parent_operation.
absl::Status CheckSpec(const Spec& spec);

/// INVALID_ARGUMENT, INVALID_FIELD unless `name` has the form of an operation's name.
absl::Status CheckOperationName(const std::string& name);

}  // namespace berth::operation
