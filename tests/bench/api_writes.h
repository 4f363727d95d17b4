#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "common/kube/config.h"

namespace berth::bench {

struct WriteCount {
  double all = 0;
  /// Those that lost against another write: 409.
  double conflicts = 0;
};

/// Requests that the API server has counted so far (apiserver_request_total), as far as they were
/// creates, updates, patches or deletes of one resource such as "portclaims", its subresources
/// included.
absl::StatusOr<WriteCount> CountWrites(const kube::Config& config, std::string_view resource);

}  // namespace berth::bench
