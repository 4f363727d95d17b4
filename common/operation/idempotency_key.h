#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/operation/body_digest.h"

namespace berth::operation {

/// Reads the key from Secret `berth-operation-key` of Berth's namespace, and creates that with a
/// random key if there is none; of several creators the first one wins. Blocks.
absl::StatusOr<IdempotencyKey> ReadOrCreateIdempotencyKey(kube::Client& client,
                                                          const std::string& kube_namespace);

}  // namespace berth::operation
