#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "common/pool/claim_name.h"
#include "port-service/domain/claim.h"
#include "port-service/domain/labels.h"
#include "port-service/domain/names.h"

namespace berth::port {

/// One entry of a request: a number for one protocol, or the same number for several.
struct PortWish {
  EntryName name;
  /// At least one, each once, in the order of pool::kProtocols.
  std::vector<pool::Protocol> protocols;
  /// None leaves the choice to the allocator.
  std::optional<pool::Port> port;
};

/// A request for ports of one pool, all of them or none.
struct ClaimRequest {
  pool::PoolName pool;
  Owner owner;
  RequestId request_id;
  /// At least one; their names, and what they ask for, differ.
  std::vector<PortWish> wishes;
  /// None means the pool's.
  std::optional<std::chrono::seconds> ttl;
  std::optional<pool::ExposureRef> exposure;
  Labels labels;
};

}  // namespace berth::port
